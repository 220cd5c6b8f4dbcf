"""Two virtual IPs, each load balancer the first choice of one: both serve, and both survive the loss of either."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from labs import Lab, make_lab
from prober import Prober, moments

VIPS = ("192.168.1.110", "192.168.1.100")
SHARED = {VIPS[0]: ["lb-1"], VIPS[1]: ["lb-2"]}
DEADLINE = 300.0
SPEC = f"""\
name: lab-vips
domain: lab-home.com
endpoint: {{name: lb.lab-home.com, vips: [{VIPS[0]}/24, {VIPS[1]}/24]}}
load_balancers: {{lb-1: 192.168.1.111, lb-2: 192.168.1.112}}
control_plane: {{master-1: 192.168.1.101}}
failover: {{failback: 5}}
"""


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A small lab with a real API server, applied."""
    spec = tmp_path_factory.mktemp("vips") / "twinkeel.yaml"
    spec.write_text(SPEC)
    for lab in make_lab("test-vips", spec):
        ended = lab.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stdout + ended.stderr
        yield lab


def status(lab: Lab) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(lab.run("operator", ["twinkeel", "status", "--format", "json"]).stdout)
    return answer


def holder(lab: Lab, vip: str) -> str:
    (name,) = next(each["holders"] for each in status(lab)["vips"] if each["address"] == vip)
    return str(name)


def wait_for(lab: Lab, places: dict[str, list[str]]) -> dict[str, Any]:
    """The status once it is healthy and the virtual IPs are at these places."""
    end = time.monotonic() + DEADLINE
    while True:
        seen = status(lab)
        if seen["healthy"] and {vip["address"]: vip["holders"] for vip in seen["vips"]} == places:
            return seen
        assert time.monotonic() < end, seen
        time.sleep(0.5)


def test_the_name_resolves_to_both_virtual_ips_and_the_load_balancers_share_them(shared: Lab) -> None:
    seen = wait_for(shared, SHARED)
    assert [(each["name"], each["vrrp_state"], each["vips"]) for each in seen["load_balancers"]] == [
        ("lb-1", "MASTER", [VIPS[0]]),
        ("lb-2", "MASTER", [VIPS[1]]),
    ]
    assert all(vip["ready"] for vip in seen["vips"])
    for host in ("client", "master-1"):
        found = {line.split()[0] for line in shared.run(host, ["getent", "ahostsv4", "lb.lab-home.com"]).stdout.splitlines()}
        assert found == set(VIPS), host


def test_a_reboot_moves_one_virtual_ip_and_it_comes_back_to_its_first_choice(shared: Lab, tmp_path: Path) -> None:
    wait_for(shared, SHARED)
    ended = shared.drill(tmp_path, "reboot-holder", "--vip", VIPS[1], "--budget", "5000")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (trial,) = [json.loads(line) for line in ended.stdout.splitlines()]
    assert (trial["verdict"], trial["holder_before"]) == ("pass", "lb-2")
    wait_for(shared, SHARED)


def test_one_load_balancer_serves_both_while_the_other_is_off(shared: Lab) -> None:
    wait_for(shared, SHARED)
    shared.command("power-off", "lb-1")
    try:
        end = time.monotonic() + DEADLINE
        seen = status(shared)
        while not all(vip["ready"] for vip in seen["vips"]):
            assert time.monotonic() < end, seen
            seen = status(shared)
        assert {vip["address"]: vip["holders"] for vip in seen["vips"]} == {VIPS[0]: ["lb-2"], VIPS[1]: ["lb-2"]}
        assert not seen["healthy"]
        assert [each["vrrp_state"] for each in seen["load_balancers"]] == ["UNREACHABLE", "MASTER"]
    finally:
        shared.command("power-on", "lb-1")
    wait_for(shared, SHARED)


def test_a_watch_tells_what_changed_and_ends_well_at_ctrl_c(shared: Lab) -> None:
    wait_for(shared, SHARED)
    # `timeout` sends Ctrl-C's signal, and with --preserve-status ends with the command's own code.
    ended = shared.run("operator", ["timeout", "--preserve-status", "-s", "INT", "15", "twinkeel", "status", "--watch"])
    assert ended.returncode == 0, ended.stderr
    lines = ended.stdout.splitlines()
    assert sum(line.endswith("healthy") for line in lines) == 1, "nothing changed, so it is told once"
    assert any(f"virtual IP  {VIPS[1]}: lb-2" in line for line in lines)


def test_one_is_taken_away_and_added_again_while_the_other_serves(shared: Lab, tmp_path: Path) -> None:
    wait_for(shared, SHARED)
    spec = shared.paths.spec_file
    both = spec.read_text()
    one = both.replace(f"vips: [{VIPS[0]}/24, {VIPS[1]}/24]", f"vip: {VIPS[0]}/24").replace("failover: {failback: 5}\n", "")
    assert one != both
    for text, places in ((one, {VIPS[0]}), (both, set(VIPS))):
        spec.write_text(text)
        with Prober(shared, tmp_path / str(len(places))) as client:
            ended = shared.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stdout + ended.stderr
        # Each planned move resets the requests that are under way: both load balancers were worked on.
        assert moments(client.failed_by_the_system) <= 2
        wait_for(shared, {VIPS[0]: [holder(shared, VIPS[0])]} if len(places) == 1 else SHARED)
        held = [shared.run(name, ["ip", "-4", "-o", "address"]).stdout for name in ("lb-1", "lb-2")]
        assert any(VIPS[1] in each for each in held) == (VIPS[1] in places)
