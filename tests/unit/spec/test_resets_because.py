"""Where planned moves keep connections without being asked to, and why elsewhere they do not."""

from collections.abc import Callable
from pathlib import Path

import pytest

from twinkeel.spec.document import read_source
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

EXAMPLES = Path(__file__).parents[3] / "examples"
Build = Callable[..., Topology]
ALONE = ("  lb-2: 192.168.1.112\n", "")
ELSEWHERE = ("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, interface: ens4}")
WANTED = ("profile: fast", "profile: fast, second_chance: true")
UNWANTED = ("profile: fast", "profile: fast, second_chance: false")


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ((), ""),
        ((WANTED,), ""),
        ((UNWANTED,), "failover.second_chance is false"),
        ((ALONE,), "there is only one load balancer"),
        ((ELSEWHERE,), "on `lb-1` 192.168.1.110 is on ens4 and the address of the host on eth0: the others cannot pass on"),
    ],
    ids=["default", "wanted", "unwanted", "alone", "elsewhere"],
)
def test_why_connections_are_reset(build_edited: Build, edits: tuple[tuple[str, str], ...], said: str) -> None:
    topology = build_edited(*edits)
    assert topology.resets_because.startswith(said)
    assert (topology.second_chance is None, topology.resets_because != "") == ((True, True) if said else (False, False))


def test_with_bgp_it_must_be_asked_for() -> None:
    """After a loss of power its connections would be reset up to 2 s later."""
    spec = load(read_source(EXAMPLES / "lab-bgp.yaml")).spec
    assert spec is not None
    topology = build(spec, EXAMPLES)
    assert (topology.second_chance, topology.resets_because) == (None, "with BGP only failover.second_chance: true keeps them")
