"""Rules about one haproxy.cfg."""
