"""Programs that run on hosts, with the Python that is there (3.8 or newer)."""
