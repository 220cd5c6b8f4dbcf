"""Rules about the scripts that Keepalived tracks."""
