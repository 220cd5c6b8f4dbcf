"""The rollout as an Ansible project of its own."""
