"""What the live system says of itself."""
