"""The whole system, with the real daemons, on one Linux machine."""
