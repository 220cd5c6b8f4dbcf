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


def test_text_says_how_many_connections_are_affected(tmp_path: Path) -> None:
    servers = "".join(f"    server s{n} 10.0.0.{n}:6443 check\n" for n in range(4))
    (tmp_path / "haproxy.cfg").write_text(f"backend kubernetes\n{servers}")
    shown = audit(str(tmp_path)).stdout
    assert "no outage; 1 in 4 connections affected for 4 s to 6 s" in shown
    # Beside it stands our own, of three servers.
    assert "1 in 3" in shown


def test_no_secret_is_shown_and_what_was_left_out_is(tmp_path: Path) -> None:
    curl = "/usr/bin/curl -u admin:Secret5 -H 'Authorization: Bearer TokenSecret6' https://localhost:6443/"
    (tmp_path / "keepalived.conf").write_text(f'vrrp_script a {{\n    script "{curl}"\n}}\n')
    (tmp_path / "keepalived-old.conf").write_text(BAD)
    for output in FORMATS:
        ended = audit(str(tmp_path), "--format", output, "--severity", "info")
        assert "curl" in ended.stdout
        assert "Secret" not in ended.stdout
        assert ("keepalived-old.conf" in ended.stdout) == (output in ("text", "json"))
    assert "Bearer ************'" in audit(str(tmp_path)).stdout


def test_a_file_that_cannot_be_read_is_no_clean_one(tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").symlink_to("haproxy.cfg")
    ended = audit(str(tmp_path))
    assert ended.returncode == 3
    assert str(tmp_path / "haproxy.cfg") in ended.stderr


def test_severity_hides_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "keepalived.conf").write_text(BAD.replace("Master", "BACKUP"))
    ended = audit(str(tmp_path), "--severity", "error")
    assert ended.returncode == 0
    assert "of lower severity not shown" in ended.stdout


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


def test_settings_of_the_working_folder_and_of_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lb").mkdir()
    Path("lb/keepalived.conf").write_text(BAD)
    # What is judged has no say in how.
    Path("lb/.twinkeel-audit.yaml").write_text("ignore: {unknown-state: I like it}\n")
    assert "unknown-state" in audit("lb").stdout
    Path(".twinkeel-audit.yaml").write_text("profile: breaks\nseverity: error\nignore: {unknown-state: an old example}\n")
    ended = audit("lb")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "1 suppressed" in ended.stdout
    assert "unknown-state" in audit("lb", "--no-config").stdout
    assert "vip-without-prefix" not in audit("lb", "--severity", "info").stdout
    Path("other.yaml").write_text("ignore:\n  unknown-stat: a slip\n")
    ended = audit("lb", "--config", "other.yaml")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "other.yaml:2:3: error[A002]: there is no rule `unknown-stat`" in ended.stderr
    assert "did you mean unknown-state?" in ended.stderr
    assert audit("lb", "--config", "none.yaml").returncode == 2
    assert audit("lb", "--config", "other.yaml", "--no-config").returncode == 2


def test_a_profile_asks_only_for_what_breaks(tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_text("listen api\n    bind *:6443\n    server a 10.0.0.1:6443 check\n")
    everything, breaks = audit(str(tmp_path)).stdout, audit(str(tmp_path), "--profile", "breaks").stdout
    assert "no-hard-stop-after" in everything
    assert "no-hard-stop-after" not in breaks
    assert "missing-timeout" in breaks
    assert "connection-only-check" in breaks
