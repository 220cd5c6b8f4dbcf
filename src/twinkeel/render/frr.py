"""frr.conf and the list of FRR's daemons, where load balancers announce the virtual IPs by BGP."""

from zlib import crc32

from twinkeel.render.files import RenderedFile
from twinkeel.render.template import fill
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Bgp, BgpRouter, LoadBalancer, Machine, Topology
from twinkeel.vip.daemons import BGP_DAEMON

CONFIG_PATH = BGP_DAEMON.config_path
DAEMONS_PATH = "/etc/frr/daemons"
UNIT = BGP_DAEMON.unit
# The package makes the user; its daemons read their files as it.
OWNER = "frr"


def render_frr(topology: Topology, bgp: Bgp, balancer: LoadBalancer, secrets: Secrets) -> tuple[RenderedFile, ...]:
    """Both files for one load balancer, for FRR 8.4 and newer. FRR and root alone can read them: one may hold a password."""
    machine = balancer.machine
    values = {"cluster": topology.name, "bfd": bgp.bfd}
    config = fill(
        "frr.conf.j2",
        **values,
        machine=machine,
        bgp=bgp,
        vips=topology.endpoint.vips,
        versions=topology.endpoint.ip_versions,
        routers=[_session(router, machine) for router in bgp.routers],
        multihop=any(router.hops > 1 for router in bgp.routers),
        communities=[each for each in bgp.communities if each.count(":") < 2],
        large_communities=[each for each in bgp.communities if each.count(":") == 2],
        password=secrets.bgp_password if bgp.authentication == "md5" else None,
        router_id=router_id(machine),
    )
    return (
        RenderedFile(CONFIG_PATH, config, mode=0o640, owner=OWNER, group=OWNER),
        RenderedFile(DAEMONS_PATH, fill("frr-daemons.j2", **values), mode=0o640, owner=OWNER, group=OWNER),
    )


def _session(router: BgpRouter, machine: Machine) -> dict[str, object]:
    return vars(router) | {"source": machine.address_of(router.address.version)}


def router_id(machine: Machine) -> str:
    """What tells load balancers apart in BGP: the IPv4 address; without one, 32 bits made from the IPv6 address."""
    if machine.address.version == 4:
        return str(machine.address)
    number = crc32(machine.address.packed) or 1
    return ".".join(str(number >> shift & 0xFF) for shift in (24, 16, 8, 0))
