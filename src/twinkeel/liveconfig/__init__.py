"""Configuration files that somebody else wrote, read with positions: haproxy.cfg and keepalived.conf. Pure."""
