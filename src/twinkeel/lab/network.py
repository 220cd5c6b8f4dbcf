"""The lab's network: a namespace for the switch with a bridge in it, one for each host, a veth pair between them.

No interface and no route of the machine itself is touched: a packet for a lab address cannot leave these namespaces.
"""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from twinkeel.lab.layout import mac_address, port_name
from twinkeel.lab.model import LabHost, LabLayout
from twinkeel.lab.namespaces import create_network, in_network, remove_network

if TYPE_CHECKING:
    from pyroute2 import IPRoute

BRIDGE = "switch"
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
    """Make the switch: a bridge without spanning tree, which would hold a port back for seconds."""
    create_network(namespace_path(switch_namespace(layout)))
    with _inside(switch_namespace(layout)) as switch:
        switch.link("add", ifname=BRIDGE, kind="bridge", br_stp_state=0, br_forward_delay=0, br_mcast_snooping=0)
        switch.link("set", index=_index(switch, BRIDGE), state="up")


def plug_in(layout: LabLayout, host: LabHost, *, link: bool = True) -> None:
    """Make a host's namespace with its interface, address and default route, and connect it to the switch."""
    name = host_namespace(layout, host)
    create_network(namespace_path(name))
    port = port_name(layout, host)
    with _inside(switch_namespace(layout)) as switch:
        descriptor = os.open(namespace_path(name), os.O_RDONLY | os.O_CLOEXEC)
        try:
            peer = {"ifname": host.interface, "net_ns_fd": descriptor, "address": mac_address(layout, host)}
            switch.link("add", ifname=port, kind="veth", peer=peer)
        finally:
            os.close(descriptor)
        switch.link("set", index=_index(switch, port), master=_index(switch, BRIDGE), state="up" if link else "down")
    _give_address(name, host)


def _give_address(name: str, host: LabHost) -> None:
    with _inside(name) as network:
        index = _index(network, host.interface)
        network.link("set", index=_index(network, "lo"), state="up")
        network.link("set", index=index, state="up")
        for address, prefix in host.addresses:
            # Nothing forwards, but programs look for a default route to learn which address is theirs.
            if address.version == 4:
                network.addr("add", index=index, address=str(address), prefixlen=prefix)
                network.route("add", dst="0.0.0.0/0", oif=index, scope=SCOPE_LINK, family=socket.AF_INET)
            else:
                # Without duplicate address detection: nobody can bind to an address for a second or two while it goes on.
                network.addr("add", index=index, address=str(address), prefixlen=prefix, flags=IFA_F_NODAD)
                network.route("add", dst="::/0", oif=index, family=socket.AF_INET6)


def unplug(layout: LabLayout, host: LabHost) -> None:
    """Remove a host's namespace and its port. Its addresses, a virtual IP among them, go with it."""
    if namespace_path(switch_namespace(layout)).exists():
        with _inside(switch_namespace(layout)) as switch:
            for index in switch.link_lookup(ifname=port_name(layout, host)):
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
    """Plug the host's cable into the switch, or pull it; the host sees its carrier come and go."""
    with _inside(switch_namespace(layout)) as switch:
        for index in switch.link_lookup(ifname=port_name(layout, host)):
            switch.link("set", index=index, state="up" if up else "down")


def links(layout: LabLayout) -> dict[str, bool]:
    """Host name -> whether its cable is plugged in. Empty when the switch is gone."""
    if not namespace_path(switch_namespace(layout)).exists():
        return {}
    with _inside(switch_namespace(layout)) as switch:
        state = {link.get_attr("IFLA_IFNAME"): link["state"] == "up" for link in switch.get_links()}
    return {host.name: bool(state.get(port_name(layout, host))) for host in layout.hosts}


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
