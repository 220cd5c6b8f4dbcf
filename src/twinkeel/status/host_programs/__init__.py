"""Programs that are sent to hosts to see their state: standard library alone, Python 3.8 or newer."""
