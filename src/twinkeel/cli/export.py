"""`twinkeel export`."""

from pathlib import Path
from typing import Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, SpecFile

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def export() -> None:
    """Write the system for another tool."""


@app.command()
def ansible(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new or empty folder, or one that this command wrote.")],
    file: SpecFile = DEFAULT_SPEC,
) -> None:
    """Write a self-contained Ansible project that brings the load balancers to the same files without Twinkeel.

    The same spec gives the same bytes. Lines with passwords are in a file of their own, mode 0600, ready for ansible-vault.
    """
    from twinkeel.app.export import SECRETS_FILE, export_ansible
    from twinkeel.cli.load import open_context

    exported = export_ansible(open_context(file, renders=True), folder)
    written = exported.written
    print(f"{written.total} files in {folder}: {written.changed} changed, {written.removed} removed")
    for path in written.kept:
        print(f"{folder / path} is encrypted and was left as it is")
    if exported.secrets and SECRETS_FILE not in written.kept:
        print(f"passwords are in {folder / SECRETS_FILE} (0600): ansible-vault encrypt {folder / SECRETS_FILE}")
    print(f"run it: cd {folder} && ansible-playbook site.yml")
