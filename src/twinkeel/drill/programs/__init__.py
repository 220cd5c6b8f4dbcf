"""Small programs that run on hosts: Python alone, nothing of ours."""
