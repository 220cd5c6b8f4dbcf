"""What Debian gives: its package sources, packages, and programs built from its source packages."""
