"""Use case: an Ansible project that does the same without Twinkeel."""

from pathlib import Path

from twinkeel.app.context import Context
from twinkeel.export.export import SECRETS_FILE, Exported, export_project

__all__ = ["SECRETS_FILE", "Exported", "export_ansible"]


def export_ansible(context: Context, folder: Path) -> Exported:
    """What was written to `folder`. Raises SpecError when a password is missing, UsageError for a folder of somebody else."""
    return export_project(context.topology, context.secrets, folder)
