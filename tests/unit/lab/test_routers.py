"""What the lab's routers are told."""

from dataclasses import replace
from pathlib import Path

from twinkeel.cli.load import load_topology
from twinkeel.lab.layout import build_layout
from twinkeel.lab.routers import frr_conf, gateways_conf, router_extras
from twinkeel.lab.segments import lab_routers
from twinkeel.topology.model import Bfd, Topology

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-bgp.yaml"


def conf(topology: Topology) -> list[str]:
    assert topology.bgp is not None
    return [line.strip() for line in frr_conf(topology, topology.bgp, lab_routers(topology)[0]).splitlines()]


def test_a_router_has_a_session_with_every_load_balancer_and_multipath() -> None:
    lines = conf(load_topology(EXAMPLE))
    assert "router bgp 64500" in lines
    members = [line for line in lines if line.endswith("peer-group balancers4")]
    assert members == [f"neighbor 192.168.1.{last} peer-group balancers4" for last in (111, 112, 113)]
    assert {"neighbor balancers4 remote-as 64512", "maximum-paths 16", "neighbor balancers4 bfd profile balancers"} <= set(lines)


def test_a_routers_bfd_is_that_of_the_spec() -> None:
    topology = load_topology(EXAMPLE)
    assert topology.bgp is not None
    assert {"detect-multiplier 4", "transmit-interval 20"} <= set(
        conf(replace(topology, bgp=replace(topology.bgp, bfd=Bfd(0.02, 4))))
    )
    assert not any("bfd" in line for line in conf(replace(topology, bgp=replace(topology.bgp, bfd=None))))


def test_one_router_needs_no_shared_gateway_and_two_do() -> None:
    topology = load_topology(EXAMPLE)
    assert topology.bgp is not None
    alone = router_extras(topology, build_layout(topology, "small"))
    assert not any("keepalived" in file.path for file in alone["router-1"].files)
    second = replace(topology.bgp.routers[0], address=topology.workers[0].address + 1)
    pair = replace(topology, bgp=replace(topology.bgp, routers=(*topology.bgp.routers, second)))
    layout = build_layout(pair, "small")
    assert {name for name, extras in router_extras(pair, layout).items() if any("keepalived" in f.path for f in extras.files)} == {
        "router-1",
        "router-2",
    }
    text = gateways_conf(layout, layout.host("router-2"))
    assert text.count("vrrp_instance") == 2
    assert all(str(gateway) in text for gateway in layout.host("router-2").gateways)
