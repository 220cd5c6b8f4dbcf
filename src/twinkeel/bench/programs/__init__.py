"""Programs that run on load balancers."""
