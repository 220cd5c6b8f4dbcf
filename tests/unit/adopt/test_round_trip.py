"""What we rendered ourselves comes back: the imported spec's files are byte for byte the same, and no line is left over."""

import difflib
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from specs import specs

from twinkeel.adopt.adopt import adopt
from twinkeel.adopt.notes import Given
from twinkeel.adopt.pair_files import pair_of
from twinkeel.errors import SpecError
from twinkeel.render.haproxy import Trust
from twinkeel.render.render import render
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.build import build

SECRETS = Secrets("vrrp:PW1", "metrics-PW", "0a" * 32)
SPECS = Path(__file__).parents[2] / "golden/specs"
KNOWN = Given(secrets=Secrets(metrics_password="metrics-PW"))  # noqa: S106
# Advertisements to ff02::12 come from link-local addresses: the load balancers' own are nowhere.
OF_BGP = {"bgp", "bgp-keeping"}
"""An import reads Keepalived alone (docs/bgp.md)."""

TRACELESS = {"ipv6-only"}


def files_of(text: str, trust: Trust) -> dict[str, dict[str, str]]:
    loaded = load(SourceFile("twinkeel.yaml", text))
    assert loaded.spec is not None, [item for item in loaded.diagnostics if item.severity == "error"]
    rendered = render(build(loaded.spec, Path("/")), trust, SECRETS)
    return {host: {file.path: file.content for file in files} for host, files in rendered.hosts.items()}


def assert_comes_back(text: str, trust: Trust = "verified") -> None:
    files = files_of(text, trust)
    adopted = adopt(pair_of(files), files, KNOWN)
    back = files_of(adopted.text, trust)
    changed = [
        line
        for host, texts in files.items()
        for path in sorted({*texts, *back.get(host, {})})
        for line in difflib.unified_diff(
            texts.get(path, "").splitlines(), back.get(host, {}).get(path, "").splitlines(), host + path, "back", lineterm="", n=0
        )
    ]
    assert changed == []
    assert list(back) == list(files)
    assert [(str(each.place), each.what) for each in adopted.left] == []
    assert adopted.secrets.vrrp_password in (None, SECRETS.vrrp_password)
    assert adopted.secrets.vrrp_key in (None, SECRETS.vrrp_key)


@pytest.mark.parametrize("trust", ["verified", "bootstrap"])
@pytest.mark.parametrize("name", sorted({path.stem for path in SPECS.glob("*.yaml")} - TRACELESS - OF_BGP))
def test_golden_clusters_come_back(name: str, trust: Trust) -> None:
    assert_comes_back((SPECS / f"{name}.yaml").read_text(), trust)


@settings(max_examples=60)
@given(text=specs())
def test_generated_specs_come_back(text: str) -> None:
    loaded = load(SourceFile("twinkeel.yaml", text))
    assume(loaded.spec is not None)
    try:
        files_of(text, "verified")
    except SpecError:
        assume(False)
    assert_comes_back(text)
