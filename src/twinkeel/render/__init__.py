"""What goes on disk: every file of the system, from a topology, byte for byte."""
