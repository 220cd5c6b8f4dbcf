"""What Ansible's modules bring along to hosts: standard library alone, Python 3.8 or newer."""
