"""check, explain and render as a user runs them: output, exit codes, files."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from twinkeel.cli.load import load_topology
from twinkeel.cli.main import main
from twinkeel.errors import SpecError

EXAMPLE = Path(__file__).parents[3] / "examples/lab-home.yaml"


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    returncode: int
    stdout: str
    stderr: str


Run = Callable[..., Result]


@pytest.fixture
def twinkeel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The command line as the installed program starts it, in this process."""

    def run(*arguments: str) -> Result:
        monkeypatch.setattr(sys, "argv", ["twinkeel", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        output = capsys.readouterr()
        return Result(int(ended.value.code or 0), output.out, output.err)

    return run


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "twinkeel.yaml"
    path.write_text(EXAMPLE.read_text().replace("192.168.1.105", "192.168.1.115"))
    return path


@pytest.fixture
def lonely(tmp_path: Path) -> Path:
    path = tmp_path / "twinkeel.yaml"
    path.write_text(EXAMPLE.read_text().replace("  lb-2: 192.168.1.112\n", ""))
    return path


def test_check_says_that_a_good_spec_is_good(twinkeel: Run) -> None:
    result = twinkeel("check", "-f", str(EXAMPLE))
    assert (result.returncode, result.stdout) == (0, f"{EXAMPLE}: no problems\n")


def test_check_of_a_bad_spec_answers_no_and_names_both_places(twinkeel: Run, broken: Path) -> None:
    result = twinkeel("check", "-f", str(broken))
    assert result.returncode == 1
    assert f"{broken}:17:13: error[S021]" in result.stdout
    assert f"  {broken}:15:13: `master-3` is here" in result.stdout
    assert result.stdout.endswith(": 1 error\n")
    assert "more about this: twinkeel explain S021\n" in result.stdout
    assert result.stderr == ""


def test_warnings_alone_are_good(twinkeel: Run, lonely: Path) -> None:
    result = twinkeel("check", "-f", str(lonely))
    assert result.returncode == 0
    assert "warning[S033]" in result.stdout
    assert result.stdout.endswith(": 1 warning\n")


def test_check_as_json(twinkeel: Run, broken: Path, lonely: Path) -> None:
    result = twinkeel("check", "-f", str(lonely), "--format", "json")
    answer = json.loads(result.stdout)
    assert (result.returncode, answer["valid"], [item["code"] for item in answer["diagnostics"]]) == (0, True, ["S033"])
    broken.write_text("name: [")
    result = twinkeel("check", "-f", str(broken), "--format", "json")
    answer = json.loads(result.stdout)
    assert (result.returncode, answer["valid"], [item["code"] for item in answer["diagnostics"]]) == (1, False, ["S001"])


def test_a_missing_file_is_a_wrong_usage(twinkeel: Run, tmp_path: Path) -> None:
    result = twinkeel("check", "-f", str(tmp_path / "gone.yaml"))
    assert result.returncode == 2
    assert result.stdout == ""
    assert "no such spec file" in result.stderr


@pytest.mark.parametrize("command", [("explain",), ("render", "-o", "out")])
def test_other_commands_refuse_an_invalid_spec(twinkeel: Run, broken: Path, command: tuple[str, ...]) -> None:
    result = twinkeel(*command, "-f", str(broken))
    assert result.returncode == 2
    assert "error[S021]" in result.stderr
    assert "the spec has 1 error" in result.stderr
    assert result.stdout == ""
    assert not Path("out").exists()


def test_render_writes_and_says_how_much(twinkeel: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first, second = (twinkeel("render", "-f", str(EXAMPLE), "-o", str(out)) for _ in range(2))
    assert (first.returncode, first.stdout) == (0, f"36 files in {out}: 36 written, 0 already right\n")
    assert second.stdout == f"36 files in {out}: 0 written, 36 already right\n"
    assert (out / "hosts/lb-2/etc/keepalived/keepalived.conf").stat().st_mode & 0o777 == 0o640
    assert (out / "hosts/lb-1/usr/local/lib/twinkeel/haproxy-liveness").stat().st_mode & 0o777 == 0o755
    assert (out / "kubespray/group_vars/all/all.yml").is_file()


def test_render_takes_a_trust_and_refuses_another(twinkeel: Run, tmp_path: Path) -> None:
    assert twinkeel("render", "-f", str(EXAMPLE), "-o", str(tmp_path / "a"), "--trust", "bootstrap").returncode == 0
    assert "verify none" in (tmp_path / "a/hosts/lb-1/etc/haproxy/haproxy.cfg").read_text()
    assert twinkeel("render", "-f", str(EXAMPLE), "-o", str(tmp_path / "b"), "--trust", "blind").returncode == 2


def test_render_refuses_a_folder_of_someone_else(twinkeel: Run, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    result = twinkeel("render", "-f", str(EXAMPLE), "-o", str(tmp_path))
    assert result.returncode == 2
    assert "--force" in result.stderr
    assert twinkeel("render", "-f", str(EXAMPLE), "-o", str(tmp_path), "--force").returncode == 0


def test_the_environment_overrides_ssh_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TWINKEEL_SSH_IDENTITY_FILE", "/lab/id")
    monkeypatch.delenv("TWINKEEL_SSH_KNOWN_HOSTS_FILE", raising=False)
    monkeypatch.chdir(tmp_path)
    machines = load_topology(EXAMPLE).machines
    assert {(machine.ssh.identity_file, machine.ssh.known_hosts_file) for machine in machines} == {("/lab/id", None)}
    monkeypatch.setenv("TWINKEEL_SSH_KNOWN_HOSTS_FILE", "known")
    assert {machine.ssh.known_hosts_file for machine in load_topology(EXAMPLE).machines} == {str(tmp_path / "known")}


def test_an_invalid_spec_is_an_error_with_its_count(broken: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken.write_text(broken.read_text().replace("worker-2:", "bastion:"))
    with pytest.raises(SpecError, match="the spec has 2 errors"):
        load_topology(broken)
    assert "S034" in capsys.readouterr().err
