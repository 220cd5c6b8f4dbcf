"""Verdicts as tables and files that people read."""
