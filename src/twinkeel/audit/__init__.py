"""Rules for files that other people wrote, and what their pair will do when something breaks. Pure."""
