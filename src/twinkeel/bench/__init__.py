"""The same faults, the same client, another configuration on the load balancers: what each one is worth, side by side."""
