"""The spec as commands inside the lab use it: the same, with the lab's SSH key and power switch."""

import io
import shlex
import sys
from pathlib import Path

from ruamel.yaml import YAML

from twinkeel.lab.model import LabPaths


def spec_for_lab(spec: str, paths: LabPaths) -> str:
    """The spec's text with `ssh` files, `power` and `link` commands set; comments and order stay.

    Args:
        spec: the text of a valid spec.
    """
    yaml = YAML()
    yaml.width = 132
    data = yaml.load(spec)
    data.setdefault("ssh", {})
    data["ssh"]["identity_file"] = str(paths.identity_file)
    data["ssh"]["known_hosts_file"] = str(paths.known_hosts_file)
    command = f"{shlex.quote(str(twinkeel_program()))} lab %s --name {paths.root.name} {{host}}"
    data["power"] = {"off": command % "power-off", "on": command % "power-on"}
    data["link"] = {"cut": command % "cut", "restore": command % "heal"}
    stream = io.StringIO()
    yaml.dump(data, stream)
    return stream.getvalue()


def twinkeel_program() -> Path:
    """The `twinkeel` command of the environment in which we run."""
    return Path(sys.executable).parent / "twinkeel"
