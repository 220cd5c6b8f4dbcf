"""Our own files, audited as anybody's: no error and no warning; what remains is said here."""

from pathlib import Path

import pytest

from twinkeel.audit.audit import audit
from twinkeel.audit.given_files.pair import read_pair
from twinkeel.audit.predict import predict
from twinkeel.audit.registry import KUBESPRAY
from twinkeel.audit.rules.keepalived.nopreempt_with_weight import RESIGNING
from twinkeel.render.systemd import HANG_FILE

CLUSTERS = sorted(path.parent.name for path in Path(__file__).parent.glob("*/hosts"))
# close-spread-time is written for the day when HAProxy honours it; multicast is what that spec asks for.
KNOWN = {"idle-spread-time", "multicast"}
SPECIAL = {"vrrp2-password": {"clear-password", "low-priority"}, "extra-lines": {"uneven-balance"}}


@pytest.mark.parametrize("name", CLUSTERS)
def test_nothing_is_found(name: str) -> None:
    found = audit(read_pair([str(Path(__file__).parent / name / "hosts")])).found
    assert [(each.rule.name, str(each.finding.place)) for each in found if each.rule.severity != "info"] == []
    assert {each.rule.name for each in found} <= KNOWN | SPECIAL.get(name, set())


@pytest.mark.parametrize("name", CLUSTERS)
def test_nothing_is_found_in_the_inventory_beside_the_pair(name: str) -> None:
    pair = read_pair([str(Path(__file__).parent / name)])
    assert len(pair.inventories) == 1
    assert pair.hosts
    assert pair.inventories[0].remarks == []
    assert [(each.rule.name, str(each.finding.place)) for each in audit(pair, KUBESPRAY).found] == []


@pytest.mark.parametrize("name", CLUSTERS)
def test_nothing_is_without_an_end(name: str) -> None:
    outcomes = predict(read_pair([str(Path(__file__).parent / name / "hosts")]))
    assert outcomes
    assert [each.fault for each in outcomes if each.end == "never"] == []


def test_the_file_that_is_excused_from_nopreempt_with_weight_is_the_rendered_one() -> None:
    assert RESIGNING == HANG_FILE
