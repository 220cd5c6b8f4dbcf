"""Rules about one keepalived.conf."""
