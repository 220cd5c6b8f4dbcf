"""What `preflight` and `plan` do without hosts: lists, wrong ids, invalid specs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

TWINKEEL = str(Path(sys.executable).parent / "twinkeel")


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([TWINKEEL, *argv], capture_output=True, text=True, timeout=300, check=False)


def test_the_list_needs_no_spec() -> None:
    listed = json.loads(run("preflight", "--list", "--format", "json").stdout)
    assert {"id", "title", "why", "advice", "sends", "essential"} == set(listed[0])
    assert [each["id"] for each in listed][:2] == ["P001", "P002"]
    text = run("preflight", "--list", "--only", "P022").stdout
    assert text.startswith("P022  nobody but our load balancers answers")
    assert "sends: Three ARP probes" in text


def test_an_unknown_check_is_wrong_usage() -> None:
    ended = run("preflight", "--only", "P999")
    assert ended.returncode == 2
    assert "there is no check P999" in ended.stderr


@pytest.mark.parametrize("command", ["preflight", "plan"])
def test_an_invalid_spec_is_exit_code_2(command: str, tmp_path: Path) -> None:
    spec = tmp_path / "twinkeel.yaml"
    spec.write_text("name: 1\n")
    assert run(command, "-f", str(spec)).returncode == 2
