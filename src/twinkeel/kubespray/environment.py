"""The Python environment of one release: made from its requirements.txt, and checked against the range that its playbooks allow."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from twinkeel.errors import ToolError
from twinkeel.kubespray.read_support import ansible_version_file, read_ansible
from twinkeel.spec.release_support import AnsibleRange

# Up to 2.9 Ansible was one package.
_VERSION = """
import importlib.metadata as m
names = {d.metadata["Name"].lower() for d in m.distributions()}
print(m.version("ansible-core" if "ansible-core" in names else "ansible"))
"""


def read_range(checkout: Path) -> AnsibleRange:
    """The range of ansible-core that the playbooks accept. Raises ToolError when the release does not say it."""
    allowed = read_ansible(checkout)
    if allowed is None:
        what = "the release does not say which Ansible it accepts"
        raise ToolError(what, where=str(ansible_version_file(checkout)), hint="is it a checkout of Kubespray v2.26 or later?")
    return allowed


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
        last = next((line for line in lines if line.startswith("ERROR")), lines[-1] if lines else f"exit code {result.returncode}")
        if any("No space left" in line for line in lines):
            hint = "make room on this machine's disk (a release takes about 800 MB)"
        raise ToolError(f"{what}: {last}", where=argv[0], hint=hint)
    return result.stdout
