"""`twinkeel audit` as a program: exit codes, formats, standard input, and what other commands do not load."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = Path(__file__).parents[2] / "golden/lab-home/hosts"
BAD = "vrrp_instance api {\n    state Master\n    virtual_router_id 71\n    priority 200\n}\n"
FORMATS = ("text", "json", "sarif", "github")


def audit(*argv: str, stdin: str = "", encoding: str = "utf-8") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from twinkeel.cli.main import main; main()", "audit", *argv]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, env=environment, check=False)


@pytest.mark.parametrize("output", FORMATS)
def test_good_files(output: str) -> None:
    ended = audit(str(GOOD), "--format", output)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("output", FORMATS)
def test_bad_files(output: str, tmp_path: Path) -> None:
    (tmp_path / "keepalived.conf").write_text(BAD)
    ended = audit(str(tmp_path), "--format", output, encoding="ascii")
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "unknown-state" in ended.stdout
    if output in ("json", "sarif"):
        json.loads(ended.stdout)


def test_text_underlines_the_place() -> None:
    ended = audit("-", stdin=BAD)
    assert ended.returncode == 1
    lines = ended.stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("<stdin>:2:11: error[unknown-state]"))
    assert lines[place + 1 : place + 3] == ["  2 |     state Master", "    |           ^^^^^^"]
    assert "Only one host's files are here" in ended.stdout


def test_severity_hides_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "keepalived.conf").write_text(BAD.replace("Master", "BACKUP"))
    ended = audit(str(tmp_path), "--severity", "error")
    assert ended.returncode == 0
    assert "less severe not shown" in ended.stdout


def test_a_rule_explains_itself() -> None:
    ended = audit("--explain", "unknown-state")
    assert ended.returncode == 0
    assert ended.stdout.startswith("# unknown-state\n")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ((), "no files were named"),
        (("/nowhere",), "no such file"),
        (("--explain", "unknown-stat"), "did you mean unknown-state?"),
        (("--format", "xml", "."), "Invalid value"),
    ],
)
def test_wrong_usage(argv: tuple[str, ...], said: str) -> None:
    ended = audit(*argv)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_other_commands_do_not_load_it() -> None:
    program = "import sys\nfrom twinkeel.cli.main import main\ntry:\n    main()\nfinally:\n    print(*sys.modules)"
    spec = Path(__file__).parents[3] / "examples/lab-home.yaml"
    command = [sys.executable, "-c", program, "check", "-f", str(spec)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    loaded = ended.stdout.split()
    assert "twinkeel.app.check" in loaded
    assert [name for name in loaded if name.startswith(("twinkeel.audit", "twinkeel.liveconfig", "twinkeel.app.audit"))] == []
