"""What changed between two snapshots, and the page that shows it."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console

from twinkeel.app.answered import Answered
from twinkeel.cli.many import View
from twinkeel.cli.watch_view import Page
from twinkeel.errors import SpecError
from twinkeel.status.backends import Backend
from twinkeel.status.changes import changes
from twinkeel.status.snapshot import LoadBalancerState, Snapshot

from .test_snapshot import ADDRESS, GOOD, HOLDER, STANDBY

GONE = LoadBalancerState("lb-1", "UNREACHABLE", "unreachable", (), "gone")
VIEW = View[Snapshot](
    "status",
    code=lambda snapshot: int(not snapshot.healthy),
    as_json=str,
    summary=lambda snapshot: "healthy" if snapshot.healthy else "problems",
    details=lambda snapshot: snapshot.problems,
)


def moved() -> Snapshot:
    vip = replace(GOOD.vips[0], holders=("lb-2",))
    return replace(GOOD, vips=(vip,), load_balancers=(GONE, replace(STANDBY, vrrp_state="MASTER", vips=(ADDRESS,))))


def test_a_line_for_each_thing_that_is_not_as_it_was() -> None:
    assert changes(GOOD, GOOD) == ()
    assert changes(GOOD, moved()) == (
        f"{ADDRESS}: lb-1 -> lb-2",
        "lb-1: MASTER -> UNREACHABLE",
        "lb-2: BACKUP -> MASTER",
    ), "what else a host that cannot be asked has is not known to have changed"
    drained = replace(HOLDER, backends=(Backend("master-1", "MAINT"), Backend("master-2", "UP")))
    late = replace(GOOD.control_plane[0], ready=False)
    after = replace(GOOD, load_balancers=(drained, STANDBY), control_plane=(late, GOOD.control_plane[1]))
    assert changes(GOOD, after) == ("lb-1: master-1: UP -> MAINT", "master-1: API server: ready -> not ready")


def drawn(page: Page, *results: Snapshot | SpecError) -> list[str]:
    names = [None if isinstance(each, SpecError) else f"c{n}" for n, each in enumerate(results)]
    answers = [Answered(Path(f"c{n}.yaml"), name, each) for n, (name, each) in enumerate(zip(names, results, strict=True))]
    with page.console.capture() as capture:
        page.console.print(page.drawn(answers))
    return capture.get().rstrip("\n").split("\n")


def page(width: int, height: int, *, alone: bool = True) -> Page:
    return Page(Console(width=width, height=height, highlight=False, color_system=None), VIEW, alone=alone)


def test_the_page_of_one_cluster_has_its_state_and_then_what_changed() -> None:
    one = page(120, 24)
    assert not any("changes" in row for row in drawn(one, GOOD))
    rows = drawn(one, moved())
    assert rows[0].startswith("c0  ")
    assert "Ctrl-C ends" in rows[0]
    assert rows[2] == f"virtual IP  {ADDRESS}: lb-2"
    at = rows.index("changes")
    assert [row.split("  ", 1)[1] for row in rows[at + 1 :]] == [*reversed(changes(GOOD, moved()))]


def test_no_page_is_larger_than_its_terminal() -> None:
    for width in (7, 20, 50, 80, 120):
        for height in (2, 5, 12, 24):
            one = page(width, height)
            drawn(one, GOOD)
            rows = drawn(one, moved())
            assert len(rows) <= height, (width, height)
            assert max(map(len, rows)) <= width


def test_of_many_clusters_what_is_wrong_comes_first() -> None:
    many = page(120, 8, alone=False)
    rows = drawn(many, GOOD, SpecError("bad", where="c1.yaml:1"), GOOD, moved(), *[GOOD] * 40)
    assert rows[0].startswith("44 clusters, 42 healthy")
    assert [row.split()[0] for row in rows[2:5]] == ["cluster", "c1.yaml", "where:"]
    assert rows[-1].startswith("... ")
