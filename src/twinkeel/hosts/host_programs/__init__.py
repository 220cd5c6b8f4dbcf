"""Parts of what is sent to hosts: standard library alone, Python 3.8 or newer."""
