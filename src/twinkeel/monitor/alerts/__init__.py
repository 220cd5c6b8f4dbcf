"""Every alert, by what it is about. `registry` has them in the order of docs/alerts.md."""
