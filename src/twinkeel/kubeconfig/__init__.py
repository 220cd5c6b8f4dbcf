"""Fetching, rewriting and proving the user's kubeconfig."""
