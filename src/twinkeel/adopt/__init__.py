"""A live pair becomes a spec: what its files say, as twinkeel.yaml says it, and a list of all that a spec cannot say."""
