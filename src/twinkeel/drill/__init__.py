"""Breaking things on purpose and measuring what a client saw."""
