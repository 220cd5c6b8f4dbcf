"""What Kubespray would refuse to install does not lock an owner out of a running cluster."""

from pathlib import Path

import pytest

from twinkeel.cli.load import load_topology
from twinkeel.errors import SpecError
from twinkeel.spec.rules import ABOUT_KUBESPRAY, RULES

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
