"""Bringing the rendered files onto live hosts."""
