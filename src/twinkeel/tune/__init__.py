"""Which timers these machines and this network bear: measured between the load balancers, evaluated by a pure function."""
