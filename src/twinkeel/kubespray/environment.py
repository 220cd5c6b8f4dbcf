"""The Python environment of one release: made from its requirements.txt, and checked against the range that its playbooks allow."""

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from twinkeel.errors import ToolError

# Up to 2.9 Ansible was one package.
_VERSION = """
import importlib.metadata as m
names = {d.metadata["Name"].lower() for d in m.distributions()}
print(m.version("ansible-core" if "ansible-core" in names else "ansible"))
"""


@dataclass(frozen=True)
class AnsibleRange:
    """The versions of ansible-core that the playbooks accept: from `least` up to, and without, `below`."""

    least: str
    below: str

    def allows(self, version: str) -> bool:
        """Whether a version lies in the range."""
        return _numbers(self.least) <= _numbers(version) < _numbers(self.below)

    def __str__(self) -> str:
        return f">={self.least},<{self.below}"


def read_range(checkout: Path) -> AnsibleRange:
    """The range in playbooks/ansible_version.yml (at the top in old releases). Raises ToolError when there is none."""
    path = checkout / "playbooks" / "ansible_version.yml"
    if not path.exists() and (checkout / "ansible_version.yml").exists():
        path = checkout / "ansible_version.yml"
    try:
        variables = YAML(typ="safe").load(path.read_text(encoding="utf-8"))[0]["vars"]
        return AnsibleRange(str(variables["minimal_ansible_version"]), str(variables["maximal_ansible_version"]))
    except (OSError, YAMLError, LookupError, TypeError) as error:
        what = "the release does not say which Ansible it accepts"
        raise ToolError(what, where=str(path), hint="is it a checkout of Kubespray v2.26 or later?") from error


def make_environment(checkout: Path, target: Path, python: str, wheelhouse: Path | None) -> str:
    """Make the environment anew; the version of ansible-core that it has.

    Args:
        python: the program that the environment is made with.
        wheelhouse: a folder of wheels, for a machine without the internet.

    Raises:
        ToolError: Python or pip failed, or the version is not in the allowed range.
    """
    allowed = read_range(checkout)
    shutil.rmtree(target, ignore_errors=True)
    hint = "on Debian and Ubuntu: apt-get install python3-venv; or name another one with --python"
    _run([python, "-m", "venv", str(target)], "Python cannot make an environment", hint)
    offline = ["--no-index", "--find-links", str(wheelhouse)] if wheelhouse else []
    pip = [str(target / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *offline]
    _run(
        [*pip, "-r", str(checkout / "requirements.txt")],
        "pip cannot install what the release requires",
        _pip_hint(checkout, wheelhouse),
    )
    version = _run([str(target / "bin" / "python"), "-c", _VERSION], "the environment has no ansible-core", "fetch again").strip()
    if not allowed.allows(version):
        what = f"the environment has ansible-core {version}, and the playbooks accept {allowed}"
        raise ToolError(what, where=str(checkout / "requirements.txt"), hint="is the checkout changed? Fetch again with --force")
    return version


def _pip_hint(checkout: Path, wheelhouse: Path | None) -> str:
    requirements = checkout / "requirements.txt"
    if wheelhouse is not None:
        return f"fill it where there is internet, with the same Python: pip download -d {wheelhouse} -r {requirements}"
    return f"without the internet: pip download -d DIR -r {requirements} elsewhere, and --wheelhouse DIR; or another --python"


def _run(argv: Sequence[str], what: str, hint: str) -> str:
    try:
        result = subprocess.run(argv, capture_output=True, text=True, errors="replace", check=False)
    except OSError as error:
        raise ToolError(f"{what}: {error.strerror}", where=argv[0], hint=hint) from error
    if result.returncode != 0:
        lines = (result.stderr.strip() or result.stdout.strip()).splitlines()
        said = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else f"exit code {result.returncode}")
        if any("No space left" in line for line in lines):
            hint = "make room on this machine's disk (a release takes about 800 MB)"
        raise ToolError(f"{what}: {said}", where=argv[0], hint=hint)
    return result.stdout


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int("".join(digit for digit in part if digit.isdigit()) or 0) for part in version.split(".")[:3])
