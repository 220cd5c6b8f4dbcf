"""What FRR's own file says, as planning and rollback see it."""

from twinkeel.render.render import render
from twinkeel.topology.model import Topology
from twinkeel.vip.bgp.backend import BgpBackend

# As Debian 12's package brings it, shortened.
STOCK = "# default to using syslog.\n#\nlog syslog informational\n"
FOREIGN = "frr version 8.4.4\nhostname edge\nip route 10.9.0.0/16 10.0.0.9\nrouter ospf\n network 10.0.0.0/24 area 0\nexit\nend\n"


def test_the_packages_own_file_is_nobodys(lab_home_topology: Topology) -> None:
    assert BgpBackend().is_ours(STOCK)
    assert list(BgpBackend().foreign(STOCK, "", lab_home_topology, lab_home_topology.load_balancers[0])) == []


def test_what_somebody_else_wrote_ends_and_is_told(lab_home_topology: Topology) -> None:
    assert not BgpBackend().is_ours(FOREIGN)
    told = BgpBackend().foreign(FOREIGN, "", lab_home_topology, lab_home_topology.load_balancers[0])
    assert [(each.place, each.what.partition(",")[0]) for each in told] == [
        ("/etc/frr/frr.conf:3", "ip route 10.9.0.0/16 10.0.0.9"),
        ("/etc/frr/frr.conf:4", "router ospf"),
    ]


def test_a_spec_of_vrrp_renders_no_file_of_frr(lab_home_topology: Topology) -> None:
    paths = {file.path for files in render(lab_home_topology).hosts.values() for file in files}
    assert not any("frr" in path or "announce" in path for path in paths)
