"""Shares of real time: what is wanted, and what a machine's control groups leave."""

from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.cli.load import load_topology
from twinkeel.lab import cgroups
from twinkeel.lab.cgroups import REAL_TIME, allow_real_time
from twinkeel.lab.layout import build_layout
from twinkeel.lab.real_time import BFD_SESSION, VRRP_DAEMON, real_time_wanted

EXAMPLES = Path(__file__).parents[3] / "examples"
BGP = load_topology(EXAMPLES / "lab-bgp.yaml")


def test_a_router_has_an_end_of_every_session() -> None:
    one = {"lb-1": BFD_SESSION, "lb-2": BFD_SESSION, "lb-3": BFD_SESSION}
    assert real_time_wanted(BGP) == {**one, "router-1": 3 * BFD_SESSION}
    assert BGP.bgp is not None
    second = replace(BGP.bgp.routers[0], address=BGP.workers[0].address + 1)
    two = replace(BGP, bgp=replace(BGP.bgp, routers=(*BGP.bgp.routers, second)))
    wanted = real_time_wanted(two)
    assert wanted["lb-1"] == 2 * BFD_SESSION
    assert wanted["router-1"] == wanted["router-2"] == 3 * BFD_SESSION


def test_without_routers_there_is_keepalived_alone() -> None:
    assert real_time_wanted(replace(BGP, bgp=None)) == dict.fromkeys(("lb-1", "lb-2", "lb-3"), VRRP_DAEMON)


@pytest.mark.parametrize(
    ("others", "given"),
    [(0, {"lb-1": 200_000, "router-1": 600_000}), (550_000, {"lb-1": 100_000, "router-1": 300_000}), (950_000, None)],
)
def test_what_other_groups_leave_is_shared_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: int, given: dict[str, int] | None
) -> None:
    layout, ours = build_layout(BGP, "small"), tmp_path / "ours"
    monkeypatch.setattr(cgroups, "lab_groups", lambda _: (ours, tmp_path / "no-processors"))
    for name, runtime in {".": 950_000, "other": others, "ours": 0, "ours/lb-1": 0, "ours/router-1": 0}.items():
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / REAL_TIME).write_text(str(runtime))
    allow_real_time(layout, {"lb-1": 200_000, "router-1": 600_000})
    shares = {name: int((ours / name / REAL_TIME).read_text()) for name in ("lb-1", "router-1")}
    assert shares == (given or {"lb-1": 0, "router-1": 0})
    assert int((ours / REAL_TIME).read_text()) == sum(shares.values())
