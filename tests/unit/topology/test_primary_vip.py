"""Another virtual IP in the first place, and nothing else changed."""

from collections.abc import Callable

import pytest

from twinkeel.errors import UsageError
from twinkeel.topology.model import Topology
from twinkeel.topology.primary_vip import with_primary_vip


def test_the_chosen_virtual_ip_is_first_everywhere_and_every_instance_stays_as_it_was(
    build_edited: Callable[..., Topology],
) -> None:
    vips = "vips: [192.168.1.110/24, 192.168.1.100/24, 192.168.1.99/24]"
    topology = build_edited(("vip: 192.168.1.110/24", vips))
    chosen = with_primary_vip(topology, "192.168.1.100")
    assert [str(vip.ip) for vip in chosen.endpoint.vips] == ["192.168.1.100", "192.168.1.110", "192.168.1.99"]
    for before, after in zip(topology.load_balancers, chosen.load_balancers, strict=True):
        assert [instance.vip for instance in after.instances] == list(chosen.endpoint.vips)
        assert set(after.instances) == set(before.instances)
    assert with_primary_vip(topology, "192.168.1.110") == topology


def test_an_unknown_virtual_ip_is_a_wrong_usage(lab_home_topology: Topology) -> None:
    with pytest.raises(UsageError, match="no virtual IP") as refused:
        with_primary_vip(lab_home_topology, "192.168.1.111")
    assert "192.168.1.110" in str(refused.value)
