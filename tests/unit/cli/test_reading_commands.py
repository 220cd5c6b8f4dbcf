"""What Kubespray would refuse to install does not lock an owner out of a running cluster."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from twinkeel.cli import status
from twinkeel.cli.load import load_topology
from twinkeel.errors import SpecError
from twinkeel.hosts import ssh
from twinkeel.spec.rules import ABOUT_KUBESPRAY, RULES
from twinkeel.status import probe
from twinkeel.status.snapshot import Snapshot

SPEC = (Path(__file__).parents[3] / "examples/lab-home.yaml").read_text()
TIGHT = ("network_plugin: calico", "network_plugin: flannel, pod_network: 10.233.64.0/22")


def written(folder: Path, *edits: tuple[str, str]) -> Path:
    text = SPEC
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    path = folder / "twinkeel.yaml"
    path.write_text(text)
    return path


def test_a_command_that_looks_goes_on_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, TIGHT)
    assert load_topology(path, reading=True).name == "lab-home"
    said = capsys.readouterr().err
    assert "error[S030]" in said
    assert "only looks, and goes on" in said
    with pytest.raises(SpecError):
        load_topology(path)


def test_a_spec_whose_hosts_are_wrong_is_still_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError):
        load_topology(written(tmp_path, TIGHT, ("192.168.1.105", "192.168.1.115")), reading=True)


def test_the_codes_are_rules() -> None:
    assert {rule.code for rule in RULES if rule.severity == "error"} >= ABOUT_KUBESPRAY


def test_a_watch_reads_the_authority_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read, given = list[str](), list[str | None]()

    class Hosts:
        async def __aenter__(self) -> "Hosts":
            return self

        async def __aexit__(self, *_: object) -> None:
            return None

    async def find_ca(*_: object) -> str | None:
        read.append("read")
        # The first look is before the cluster exists.
        return "authority" if len(read) > 1 else None

    async def take_snapshot(_: object, __: object, ca: str | None = None) -> Snapshot:
        given.append(ca)
        if len(given) == 5:
            raise KeyboardInterrupt
        return Snapshot((), (), ())

    monkeypatch.setattr(probe, "find_ca", find_ca)
    monkeypatch.setattr(probe, "take_snapshot", take_snapshot)
    monkeypatch.setattr(ssh, "SshHosts", Hosts)
    monkeypatch.setattr(status, "WATCH_PERIOD", 0.0)
    ended = CliRunner().invoke(status.app, ["-f", str(written(tmp_path)), "--watch"])
    assert ended.exit_code == 0, ended.output
    assert given == [None, *["authority"] * 4]
    assert len(read) == 2
