"""What Prometheus and Grafana are given, made from a spec: rules, scrape configuration, a dashboard, and the alerts' runbooks."""
