"""Who holds a virtual IP: planned moves, switchover, and proof through it."""
