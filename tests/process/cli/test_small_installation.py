"""What a command loads: libraries of extras only where they are needed, and little for a command that only reads a file."""

import subprocess
import sys
from pathlib import Path

import pytest

import made_up_release

ROOT = Path(__file__).parents[3]
SPEC = str(ROOT / "examples" / "lab-home.yaml")
# Each costs milliseconds of processor time, or is an extra: nothing that reads and judges a file needs it. Of the standard library:
# what pydantic, platformdirs and Typer load. Of ours: what only some specs, or only other commands, need.
LIBRARIES = (
    "ansible ansible_runner asyncio asyncssh cryptography httpx2 jinja2 platformdirs plotly prometheus_client pyroute2 rich"
    " starlette typer uvicorn"
)
STANDARD = "email hmac importlib.metadata _hashlib json shutil socket ssl subprocess tempfile traceback"
OWN = (
    "twinkeel.app.context twinkeel.cli.options twinkeel.hosts twinkeel.kubespray.read_support twinkeel.render.render"
    " twinkeel.spec.model_errors twinkeel.spec.secrets twinkeel.topology"
)
HEAVY = {*LIBRARIES.split(), *STANDARD.split(), *OWN.split()}
# What a release that was fetched on this machine is read with.
FETCHED = {"json", "twinkeel.kubespray.read_support"}


def main(*argv: str, before: str = "", after: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import sys\n{before}\nsys.argv = {['twinkeel', *argv]!r}\nfrom twinkeel.cli.main import main\n"
    code += f"try:\n    main()\nfinally:\n    {after or 'pass'}\n"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("fetched", [False, True])
def test_check_loads_nothing_heavy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetched: bool) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = tmp_path / "twinkeel/kubespray/v2.31.0"
    if fetched:
        made_up_release.write(folder, {f"checkout/{name}": text for name, text in made_up_release.newest_release().items()})
        (folder / "complete.json").write_text("{}")
    ended = main("check", "-f", SPEC, after="print(*sys.modules, file=sys.stderr)")
    assert ended.returncode == 0, ended.stderr
    assert (folder / "supports.json").exists() == fetched
    loaded = set(ended.stderr.split())
    assert "pydantic" in loaded
    assert loaded & HEAVY == (FETCHED if fetched else set())


def test_an_audit_loads_no_spec_and_no_ssh(tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text("frontend api\n    bind *:6443\n")
    ended = main("audit", str(tmp_path), after="print(*sys.modules, file=sys.stderr)")
    loaded = set(ended.stderr.split())
    assert "twinkeel.audit.predict" in loaded
    assert loaded & {"pydantic", "twinkeel.spec.model", "twinkeel.topology.model", "asyncssh", "rich", "jinja2", "httpx2"} == set()


@pytest.mark.parametrize(
    ("argv", "module", "extra"),
    [
        (["lab", "up", "-f", SPEC, "--name", "none"], "pyroute2", "lab"),
        (["serve", "-f", SPEC], "uvicorn", "serve"),
        (["serve", "-f", SPEC], "prometheus_client", "serve"),
    ],
    ids=["lab up", "serve", "its numbers"],
)
def test_a_command_without_its_library_says_which_extra_brings_it(argv: list[str], module: str, extra: str) -> None:
    ended = main(*argv, before=f"sys.modules[{module!r}] = None")
    assert ended.returncode == 3
    hint = f"in the clone that you installed from: pipx install --force '.[{extra}]' (uv tool install --force, pip install)"
    assert ended.stderr == f"twinkeel: this needs {module}, which is not installed\n  hint: {hint}\n"


def test_modules_of_commands_without_a_page_and_a_lab_need_no_extra() -> None:
    modules = "twinkeel.report.write, twinkeel.rollout.apply, twinkeel.drill.run"
    without = f"sys.modules['plotly'] = sys.modules['pyroute2'] = None\nimport {modules}"
    ended = main("check", "-f", SPEC, before=without)
    assert ended.returncode == 0, ended.stderr
