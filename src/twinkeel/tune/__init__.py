"""Which timers these machines and this network bear: measured between the load balancers, judged by a pure function."""
