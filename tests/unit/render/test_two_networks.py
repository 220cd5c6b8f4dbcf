"""A virtual IP on another interface than the host's, and advertisements over a link of their own."""

from collections.abc import Callable

from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.render.render import render
from twinkeel.render.validate import validate_file
from twinkeel.topology.model import Topology

Edited = Callable[..., Topology]
LEGS = ("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, {address: 10.9.0.5/24, interface: ens3, interfaces: {lb-2: ens7}}]")
LINK = [
    ("lb-1: 192.168.1.111", "lb-1: {address: 192.168.1.111, vrrp_address: 10.255.0.1, vrrp_interface: ens9}"),
    ("lb-2: 192.168.1.112", "lb-2: {address: 192.168.1.112, vrrp_address: 10.255.0.2, vrrp_interface: ens9}"),
]


def instances(topology: Topology, host: str) -> list[str]:
    text = next(file.content for file in render(topology).hosts[host] if file.path == CONFIG_PATH)
    assert validate_file(CONFIG_PATH, text) == ()
    return text.split("vrrp_instance ")[1:]


def test_each_virtual_ip_is_on_its_interface_which_is_watched(build_edited: Edited) -> None:
    topology = build_edited(LEGS)
    for host, interface in (("lb-1", "ens3"), ("lb-2", "ens7")):
        first, second = instances(topology, host)
        assert "192.168.1.110/24 dev eth0" in first
        assert "track_interface" not in first
        assert f"10.9.0.5/24 dev {interface}" in second
        assert f"track_interface {{\n        {interface}\n" in second
        assert "interface eth0" in second


def test_advertisements_go_over_their_own_link(build_edited: Edited) -> None:
    (instance,) = instances(build_edited(*LINK), "lb-1")
    assert "    interface ens9\n" in instance
    assert "unicast_src_ip 10.255.0.1" in instance
    assert "10.255.0.2 min_ttl" in instance
    assert "192.168.1.110/24 dev eth0" in instance
    assert "track_interface {\n        eth0\n" in instance
    topology = build_edited(*LINK, ("ssh: {user: root}", "ssh: {user: root}\nsystem: {firewall: nftables}"))
    rules = next(file.content for file in render(topology).hosts["lb-1"] if file.path.endswith(".nft"))
    assert "ip saddr 10.255.0.2" in rules
