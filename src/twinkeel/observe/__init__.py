"""What hosts have: live configuration that somebody else may have written."""
