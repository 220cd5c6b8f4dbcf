"""A mirror of everything that a Kubespray release downloads, for nodes without the internet."""
