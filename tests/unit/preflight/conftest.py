"""What two real load balancers and a master said, captured in the lab, as the facts that judges get."""

import json
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import pytest

from twinkeel.preflight.facts import Clock, parse_host, parse_segment
from twinkeel.preflight.model import Survey
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

CAPTURED = Path(__file__).parent / "captured"
SPEC = """\
name: lab-two
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101}
"""
HOSTS = ("lb-1", "lb-2", "master-1")
MakeSurvey = Callable[..., Survey]


def text(state: str, name: str) -> str:
    return (CAPTURED / state / f"{name}.json").read_text()


@pytest.fixture(scope="session")
def two_balancers() -> Topology:
    spec = load(SourceFile("twinkeel.yaml", SPEC)).spec
    assert spec is not None
    return build(spec, Path("/srv/cluster"))


@pytest.fixture(scope="session")
def captured(two_balancers: Topology) -> MakeSurvey:
    """captured(state): the survey of `bare` hosts, or of `applied` ones with strangers on their segment."""

    def survey(state: str) -> Survey:
        return Survey(
            topology=two_balancers,
            hosts=MappingProxyType({name: parse_host(text(state, f"{name}-survey_host"), Clock(0.0, 0.005)) for name in HOSTS}),
            segments={name: parse_segment(text(state, f"{name}-probe_segment"), 1.3) for name in HOSTS[:2]},
            problems={},
            not_listening={},
        )

    return survey


@pytest.fixture(scope="session")
def bare(captured: MakeSurvey) -> Survey:
    return captured("bare")


@pytest.fixture(scope="session")
def applied(captured: MakeSurvey) -> Survey:
    return captured("applied")


@pytest.fixture(scope="session")
def raw() -> Callable[[str, str], dict[str, object]]:
    def read(state: str, name: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(text(state, name))
        return found

    return read
