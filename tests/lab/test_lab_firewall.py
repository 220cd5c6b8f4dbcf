"""Our nftables rules on real load balancers: VRRP between them goes through, a stranger's does not, and clients are served.

The counters of the rules say that they were in the way: a test that passed without them would prove nothing.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import Lab, make_lab

BALANCERS = ("lb-1", "lb-2")
BUDGET = "5000"
SPEC = """\
name: lab-wall
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101}
system: {firewall: nftables}
kubernetes: {network_plugin: calico}
"""


@pytest.fixture(scope="module")
def walled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two load balancers with our rules in force, one API server."""
    path = tmp_path_factory.mktemp("wall-spec") / "twinkeel.yaml"
    path.write_text(SPEC)
    for lab in make_lab("test-wall", path):
        ended = lab.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stderr
        yield lab


def dropped(lab: Lab, host: str) -> int:
    """How many VRRP packets the rules of a load balancer have dropped."""
    shown = lab.run(host, ["nft", "list", "table", "inet", "twinkeel"])
    assert shown.returncode == 0, shown.stderr
    (line,) = [line for line in shown.stdout.splitlines() if line.strip().endswith("drop")]
    counted = re.search(r"packets (\d+)", line)
    assert counted, line
    return int(counted[1])


def holder(lab: Lab) -> str:
    """Of the virtual IP, in a system that is whole: had the rules stopped the peers' own VRRP, both would hold it."""
    state = json.loads(lab.run("operator", ["twinkeel", "status", "--format", "json"]).stdout)
    assert state["healthy"], state["problems"]
    (name,) = state["vips"][0]["holders"]
    return str(name)


def drill(lab: Lab, fault: str, folder: Path) -> dict[str, object]:
    ended = lab.drill(folder, fault, "--budget", BUDGET)
    assert ended.stdout, ended.stderr
    trial: dict[str, object] = json.loads(ended.stdout)
    assert trial["verdict"] == "pass", trial["reasons"]
    return trial


def test_the_load_balancers_hear_each_other_through_the_rules(walled: Lab) -> None:
    assert holder(walled) in BALANCERS
    assert {host: dropped(walled, host) for host in BALANCERS} == dict.fromkeys(BALANCERS, 0)


@pytest.mark.parametrize("fault", ["planned-switchover", "power-loss"])
def test_the_virtual_ip_moves_through_the_rules(walled: Lab, tmp_path: Path, fault: str) -> None:
    before = holder(walled)
    trial = drill(walled, fault, tmp_path / "run")
    assert (trial["holder_before"], trial["watch_missed"]) == (before, 0)
    assert trial["holder_after"] == holder(walled) != before


def test_a_stranger_with_the_highest_priority_never_takes_it(walled: Lab, tmp_path: Path) -> None:
    before, heard = holder(walled), {host: dropped(walled, host) for host in BALANCERS}
    trial = drill(walled, "vrrp-stranger", tmp_path / "run")
    assert (trial["holder_before"], trial["holder_after"]) == (before, before)
    assert trial["no_holder_ms"] == 0, "not for a moment"
    for host in BALANCERS:
        assert dropped(walled, host) >= heard[host] + 10, f"the stranger's packets reached {host}, and its rules"
    assert holder(walled) == before
