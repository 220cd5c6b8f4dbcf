"""Kubernetes in the lab: where its programs come from, its certificates, its units on each host, and whether it answers."""
