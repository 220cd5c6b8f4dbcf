"""The lab's routers: FRR that learns the virtual IPs by BGP and spreads connections among all who announce them.

Where there are several they share the gateway's address of each segment by VRRP, as a network's own routers do. The daemons
come from the image's own repository; nothing of this touches a load balancer.
"""

import subprocess
from collections.abc import Iterator

from twinkeel.errors import LabError
from twinkeel.lab import power
from twinkeel.lab.host import SYSTEM_PATH
from twinkeel.lab.layout import OUTSIDE_INTERFACE
from twinkeel.lab.model import HostExtras, HostFile, LabHost, LabLayout, LabPaths
from twinkeel.lab.segments import RouterPair, lab_routers
from twinkeel.topology.model import Bgp, BgpRouter, Topology
from twinkeel.vip.daemons import VRRP_DAEMON

INSTALL_DEADLINE = 120.0
GROUP = "balancers"
# Of the lab's own gateway; a load balancer of the same lab speaks no VRRP.
VIRTUAL_ROUTER = 250

_DAEMONS = """\
bgpd=yes
bfdd=yes
vtysh_enable=yes
zebra_options="  -A 127.0.0.1 -s 90000000"
bgpd_options="   -A 127.0.0.1"
bfdd_options="   -A 127.0.0.1"
staticd_options="-A 127.0.0.1"
# On a busy machine a detection of 30 ms needs its turn in time, as a router's hardware has it; where the kernel allows that.
all_wrap="/bin/sh -c 'chrt --fifo --pid 20 \\$\\$ 2> /dev/null; exec \\"\\$0\\" \\"\\$@\\"'"
"""

# Each connection stays on one way: the hash has its ports (policy 1). A router that told a host on its own segment of a shorter
# way (a redirect) would pin it to one load balancer: it would stay there when that one is gone.
_SYSCTLS = """\
net.ipv4.ip_forward=1
net.ipv6.conf.all.forwarding=1
net.ipv4.fib_multipath_hash_policy=1
net.ipv6.fib_multipath_hash_policy=1
net.ipv4.conf.*.send_redirects=0
net.ipv4.conf.*.rp_filter=0
"""

_INSTALL = """
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get install --yes --quiet --no-install-recommends -o Dpkg::Options::=--force-confold "$@" > /root/install.log 2>&1
"""


def router_extras(topology: Topology, layout: LabLayout) -> dict[str, HostExtras]:
    """What each router gets before it boots; empty without routers."""
    bgp = topology.bgp
    if bgp is None:
        return {}
    return {pair.name: HostExtras(files=_files(topology, bgp, layout, pair)) for pair in lab_routers(topology)}


def install_routers(paths: LabPaths, layout: LabLayout) -> None:
    """Install and start the routers' daemons, on all of them side by side.

    Raises:
        LabError: it failed, or took too long.
    """
    routers = layout.with_role("router")
    packages = ("frr", VRRP_DAEMON.unit) if len(routers) > 1 else ("frr",)
    running = [(router, _begin(paths, layout, router, packages)) for router in routers]
    for router, child in running:
        try:
            code = child.wait(INSTALL_DEADLINE)
        except subprocess.TimeoutExpired:
            child.kill()
            code = child.wait()
        if code != 0:
            hint = "try again; the lab is removed"
            raise LabError(
                f"{' and '.join(packages)} could not be installed{_last_line(paths, router)}", where=router.name, hint=hint
            )


def frr_conf(topology: Topology, bgp: Bgp, pair: RouterPair) -> str:
    """A router's frr.conf: sessions with every load balancer, multipath, and no route of its own to them."""
    lines = ["frr defaults traditional", f"hostname {pair.name}", "log syslog informational"]
    # Without it each changed route waits 10 ms for others.
    lines += ["zebra work-queue 0", "!"]
    lines += [*_bfd(bgp), "ip prefix-list nothing deny any", "ipv6 prefix-list nothing6 deny any", "!"]
    lines += [f"router bgp {pair.peers[0].asn}", f" bgp router-id {_router_id(pair)}"]
    lines += [" no bgp ebgp-requires-policy", " no bgp default ipv4-unicast", " bgp bestpath as-path multipath-relax"]
    for peer in pair.peers:
        lines += _group(bgp, peer)
        lines += [f" neighbor {address} peer-group {GROUP}{peer.address.version}" for address in _balancers(topology, peer)]
    for peer in pair.peers:
        lines += _family(peer)
    return "\n".join([*lines, "exit", ""])


def _files(topology: Topology, bgp: Bgp, layout: LabLayout, pair: RouterPair) -> tuple[HostFile, ...]:
    files = [
        HostFile("/etc/frr/daemons", _DAEMONS.encode()),
        HostFile("/etc/frr/frr.conf", frr_conf(topology, bgp, pair).encode()),
        HostFile("/etc/sysctl.d/90-lab-router.conf", _SYSCTLS.encode()),
    ]
    if len(layout.with_role("router")) > 1:
        files.append(HostFile(VRRP_DAEMON.config_path, gateways_conf(layout, layout.host(pair.name)).encode()))
    return tuple(files)


def gateways_conf(layout: LabLayout, router: LabHost) -> str:
    """The gateways' addresses, all of them on one router: who comes back leaves them where they are."""
    priority = 200 - layout.names.index(router.name)
    blocks, names = [], []
    for gateway in router.gateways:
        inside = any(gateway in network.network for network in router.outside)
        interface, segment = (OUTSIDE_INTERFACE, "outside") if inside else (router.interface, "hosts")
        name = f"{segment}{gateway.version}"
        names.append(name)
        link_local = [f"    fe80::{VIRTUAL_ROUTER:x}/64"] if gateway.version == 6 else []
        blocks += [f"vrrp_instance {name} {{", "  state BACKUP", f"  interface {interface}", "  nopreempt", "  advert_int 0.1"]
        blocks += [f"  virtual_router_id {VIRTUAL_ROUTER}", f"  priority {priority}", "  virtual_ipaddress {", *link_local]
        blocks += [f"    {gateway}/{router.prefix if gateway.version == 4 else router.prefix6}", "  }", "}"]
    group = ["vrrp_sync_group gateways {", "  group {", *(f"    {name}" for name in names), "  }", "}"]
    return "\n".join(["global_defs {", "  vrrp_version 3", "}", *group, *blocks, ""])


def _bfd(bgp: Bgp) -> Iterator[str]:
    if bgp.bfd is None:
        return
    interval = round(bgp.bfd.interval * 1000)
    yield from ("bfd", f" profile {GROUP}", f"  detect-multiplier {bgp.bfd.multiplier}")
    yield from (f"  receive-interval {interval}", f"  transmit-interval {interval}", " exit", "exit", "!")


def _group(bgp: Bgp, peer: BgpRouter) -> Iterator[str]:
    group = f" neighbor {GROUP}{peer.address.version}"
    yield from (
        f"{group} peer-group",
        f"{group} remote-as {bgp.asn}",
        f"{group} timers {max(1, bgp.hold_time // 3)} {bgp.hold_time}",
    )
    yield f"{group} timers connect 1"
    if bgp.bfd is not None:
        yield f"{group} bfd profile {GROUP}"


def _family(peer: BgpRouter) -> Iterator[str]:
    group, ip = f"  neighbor {GROUP}{peer.address.version}", "ipv4" if peer.address.version == 4 else "ipv6"
    nothing = "nothing" if peer.address.version == 4 else "nothing6"
    yield from (f" address-family {ip} unicast", f"{group} activate", f"{group} prefix-list {nothing} out")
    yield from ("  maximum-paths 16", "  maximum-paths ibgp 16", " exit-address-family")


def _router_id(pair: RouterPair) -> str:
    four = [str(peer.address) for peer in pair.peers if peer.address.version == 4]
    return four[0] if four else f"192.0.2.{pair.name.rsplit('-', 1)[1]}"


def _balancers(topology: Topology, peer: BgpRouter) -> Iterator[str]:
    for balancer in topology.load_balancers:
        address = balancer.machine.address_of(peer.address.version)
        if address is not None:
            yield str(address)


def _last_line(paths: LabPaths, router: LabHost) -> str:
    """What apt said last."""
    log = paths.host(router.name) / "upper/root/install.log"
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return f": {lines[-1]}" if lines else ""


def _begin(paths: LabPaths, layout: LabLayout, router: LabHost, packages: tuple[str, ...]) -> subprocess.Popen[bytes]:
    leader = power.leader(paths, layout, router)
    if leader is None:
        raise LabError(f"{router.name} is off", hint="this is a defect in the lab")
    argv = ["nsenter", "--target", str(leader), "--all", "sh", "-c", _INSTALL, "sh", *packages]
    return subprocess.Popen(argv, stdin=subprocess.DEVNULL, env={"PATH": SYSTEM_PATH, "LC_ALL": "C"})
