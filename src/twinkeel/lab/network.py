"""The lab's network: a namespace for the switch with a bridge in it, one for each host, a veth pair between them.

Where there are routers, a second bridge is the segment behind them, and a second veth pair leads each router there.
No interface and no route of the machine itself is touched: a packet for a lab address cannot leave these namespaces.
"""

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from twinkeel.lab.layout import Cable, cables
from twinkeel.lab.model import LabHost, LabLayout, Segment
from twinkeel.lab.namespaces import create_network, in_network, remove_network
from twinkeel.spec.fields import IPAddress

if TYPE_CHECKING:
    from pyroute2 import IPRoute

BRIDGES: dict[Segment, str] = {"hosts": "switch", "outside": "outside"}
SCOPE_LINK = 253
IFA_F_NODAD = 0x02
NAMESPACES = Path("/run/netns")


def switch_namespace(layout: LabLayout) -> str:
    """The name of the switch's namespace, as `ip netns` shows it."""
    return f"tk-{layout.lab_id}"


def host_namespace(layout: LabLayout, host: LabHost) -> str:
    """The name of a host's network namespace, as `ip netns` shows it."""
    return f"tk-{layout.lab_id}-{host.name}"


def namespace_path(name: str) -> Path:
    """Where `ip netns` keeps a namespace of that name."""
    return NAMESPACES / name


def create_switch(layout: LabLayout) -> None:
    """Make the switch: a bridge a segment, without spanning tree, which would hold a port back for seconds."""
    create_network(namespace_path(switch_namespace(layout)))
    with _inside(switch_namespace(layout)) as switch:
        for segment in dict.fromkeys(cable.segment for host in layout.hosts for cable in cables(layout, host)):
            name = BRIDGES[segment]
            switch.link("add", ifname=name, kind="bridge", br_stp_state=0, br_forward_delay=0, br_mcast_snooping=0)
            switch.link("set", index=_index(switch, name), state="up")


def plug_in(layout: LabLayout, host: LabHost, *, link: bool = True) -> None:
    """Make a host's namespace with its interfaces, addresses and default route, and connect it to the switch."""
    name = host_namespace(layout, host)
    create_network(namespace_path(name))
    for cable in cables(layout, host):
        _connect(layout, name, cable, link=link)
    with _inside(name) as network:
        network.link("set", index=_index(network, "lo"), state="up")
        for cable in cables(layout, host):
            _give_addresses(network, _index(network, cable.interface), cable.addresses)
        _add_default_routes(network, _index(network, host.interface), host)


def _connect(layout: LabLayout, name: str, cable: Cable, *, link: bool) -> None:
    with _inside(switch_namespace(layout)) as switch:
        descriptor = os.open(namespace_path(name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            peer = {"ifname": cable.interface, "net_ns_fd": descriptor, "address": cable.mac}
            switch.link("add", ifname=cable.port, kind="veth", peer=peer)
        finally:
            os.close(descriptor)
        bridge = _index(switch, BRIDGES[cable.segment])
        switch.link("set", index=_index(switch, cable.port), master=bridge, state="up" if link else "down")


def _give_addresses(network: "IPRoute", index: int, addresses: Iterable[tuple[IPAddress, int]]) -> None:
    network.link("set", index=index, state="up")
    for address, prefix in addresses:
        # Without duplicate address detection: nobody can bind to an address for a second or two while it goes on.
        flags = {"flags": IFA_F_NODAD} if address.version == 6 else {}
        network.addr("add", index=index, address=str(address), prefixlen=prefix, **flags)


def _add_default_routes(network: "IPRoute", index: int, host: LabHost) -> None:
    """To the routers; without any, programs look for a default route all the same, to learn which address is theirs."""
    if "router" in host.roles:
        return
    for address, _ in host.addresses:
        gateway = host.gateway(address.version)
        if gateway is not None:
            dst, family = ("0.0.0.0/0", socket.AF_INET) if gateway.version == 4 else ("::/0", socket.AF_INET6)
            network.route("add", dst=dst, gateway=str(gateway), oif=index, family=family)
        elif address.version == 4:
            network.route("add", dst="0.0.0.0/0", oif=index, scope=SCOPE_LINK, family=socket.AF_INET)
        else:
            network.route("add", dst="::/0", oif=index, family=socket.AF_INET6)


def unplug(layout: LabLayout, host: LabHost) -> None:
    """Remove a host's namespace and its port. Its addresses, a virtual IP among them, go with it."""
    if namespace_path(switch_namespace(layout)).exists():
        with _inside(switch_namespace(layout)) as switch:
            for cable in cables(layout, host):
                for index in switch.link_lookup(ifname=cable.port):
                    switch.link("del", index=index)
    remove_namespace(host_namespace(layout, host))


def remove_namespace(name: str) -> None:
    """Remove a named network namespace if it is there, even if `ip netns add` was stopped halfway."""
    remove_network(namespace_path(name))


def renew(layout: LabLayout, host: LabHost, *, link: bool = True) -> None:
    """What a power cycle does to a host's network: everything that was set at run time is gone."""
    unplug(layout, host)
    plug_in(layout, host, link=link)


def set_link(layout: LabLayout, host: LabHost, *, up: bool) -> None:
    """Plug the host's cables into the switch, or pull them; the host sees its carrier come and go."""
    with _inside(switch_namespace(layout)) as switch:
        for cable in cables(layout, host):
            for index in switch.link_lookup(ifname=cable.port):
                switch.link("set", index=index, state="up" if up else "down")


def links(layout: LabLayout) -> dict[str, bool]:
    """Host name -> whether its cables are plugged in. Empty when the switch is gone."""
    if not namespace_path(switch_namespace(layout)).exists():
        return {}
    with _inside(switch_namespace(layout)) as switch:
        state = {link.get_attr("IFLA_IFNAME"): link["state"] == "up" for link in switch.get_links()}
    return {host.name: all(state.get(cable.port) for cable in cables(layout, host)) for host in layout.hosts}


@contextmanager
def _inside(name: str) -> Iterator["IPRoute"]:
    """Netlink of one namespace."""
    # It takes 0.15 s, and `lab exec` needs no netlink.
    from pyroute2 import IPRoute  # noqa: PLC0415

    with in_network(namespace_path(name)), IPRoute() as network:
        yield network


def _index(network: "IPRoute", name: str) -> int:
    found = network.link_lookup(ifname=name)
    if not found:
        from pyroute2.netlink.exceptions import NetlinkError  # noqa: PLC0415

        raise NetlinkError(19, f"no interface {name}")
    return int(found[0])
