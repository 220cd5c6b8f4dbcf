"""Every fault that a drill can inject: one small file each, listed in `registry`."""
