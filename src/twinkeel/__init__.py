"""A Kubernetes API that survives the loss of any one machine, with a measured proof."""

__version__ = "0.1.0"
