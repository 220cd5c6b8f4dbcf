"""Bare hosts on which Kubespray itself installs Kubernetes, and what such hosts need that real machines do not."""
