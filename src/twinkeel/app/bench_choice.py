"""What a person may choose for a bench: its configurations."""

from twinkeel.bench.configurations import CONFIGURATIONS, Configuration, chosen

__all__ = ["CONFIGURATIONS", "Configuration", "chosen"]
