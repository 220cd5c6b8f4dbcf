"""Kubespray: fetching a release, running its playbooks, and telling what they do."""
