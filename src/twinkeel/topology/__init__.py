"""What the spec means: load balancers, VRRP instances, peers and backends."""
