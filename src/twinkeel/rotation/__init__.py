"""API servers out of rotation, and back into it."""
