"""What the user wrote: the YAML file, its model, and its problems with positions."""
