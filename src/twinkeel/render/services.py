"""The services of a load balancer, and which of them reads which rendered file."""

from twinkeel.render.announce import ANNOUNCE_PROGRAM, ANNOUNCE_UNIT, FRR_DROP_IN
from twinkeel.render.firewall import FIREWALL_UNIT, NFTABLES_PATH, UFW_PATH
from twinkeel.render.monitoring import CONFIG_PATH as METRICS_CONFIG
from twinkeel.render.monitoring import METRICS_PROGRAM, METRICS_UNIT
from twinkeel.render.second_chance import RULES_PATH, RULES_UNIT, SHUTDOWN_UNIT
from twinkeel.render.systemd import CONNECTIONS_UNIT, LINGER_PROGRAM, preserves
from twinkeel.topology.model import Topology
from twinkeel.vip.daemons import BGP_DAEMON, VRRP_DAEMON

PACKAGES = ("haproxy", VRRP_DAEMON.unit)
BGP_PACKAGES = ("haproxy", BGP_DAEMON.unit)

# Where a file lies -> the service that reads it, and what makes the service take a change in. The first match counts.
READERS: tuple[tuple[str, str | None, str], ...] = (
    ("/etc/haproxy/", "haproxy", "reload"),
    ("/etc/systemd/system/haproxy.service.d/", "haproxy", "restart"),
    ("/etc/keepalived/", "keepalived", "reload"),
    ("/etc/systemd/system/keepalived.service.d/", "keepalived", "restart"),
    # A new configuration is taken in while this load balancer announces nothing: a restart is what surely works.
    ("/etc/frr/", "frr", "restart"),
    (FRR_DROP_IN, "frr", "restart"),
    (f"/etc/systemd/system/{ANNOUNCE_UNIT}", "twinkeel-announce", "restart"),
    (ANNOUNCE_PROGRAM, "twinkeel-announce", "restart"),
    ("/etc/systemd/system/twinkeel-liveness.service", "twinkeel-liveness", "restart"),
    # Part of the watchdog's: see its unit.
    (CONNECTIONS_UNIT, "twinkeel-liveness", "restart"),
    # nft -f replaces our table in one step; ufw's script and both units need a new start.
    (NFTABLES_PATH, "twinkeel-firewall", "reload"),
    (UFW_PATH, "twinkeel-firewall", "restart"),
    (f"/etc/systemd/system/{FIREWALL_UNIT}", "twinkeel-firewall", "restart"),
    ("/etc/firewalld/", "firewalld", "reload"),
    (RULES_PATH, RULES_UNIT.removesuffix(".service"), "reload"),
    (f"/etc/systemd/system/{RULES_UNIT}", RULES_UNIT.removesuffix(".service"), "restart"),
    (f"/etc/systemd/system/{SHUTDOWN_UNIT}", SHUTDOWN_UNIT.removesuffix(".service"), "restart"),
    (METRICS_CONFIG, METRICS_UNIT.removesuffix(".service"), "restart"),
    (METRICS_PROGRAM, METRICS_UNIT.removesuffix(".service"), "restart"),
    (f"/etc/systemd/system/{METRICS_UNIT}", METRICS_UNIT.removesuffix(".service"), "restart"),
    # It starts anew with each move.
    (LINGER_PROGRAM, None, "reload"),
    ("/usr/local/lib/twinkeel/", "twinkeel-liveness", "restart"),
)
WATCHDOG = "twinkeel-liveness"
UNITS = ("haproxy", WATCHDOG, VRRP_DAEMON.unit)
BGP_UNITS = ("haproxy", WATCHDOG, BGP_DAEMON.unit, "twinkeel-announce")
"""In the order in which they start; the last one may bring virtual IPs to this host."""


def units(topology: Topology) -> tuple[str, ...]:
    """The services that every load balancer runs."""
    return UNITS if topology.bgp is None else BGP_UNITS


def serving_units(topology: Topology) -> tuple[str, ...]:
    """Those that clients depend on, HAProxy first: the watchdog alone may be down without anybody's harm."""
    return tuple(unit for unit in units(topology) if unit != WATCHDOG)


def daemon_packages(topology: Topology) -> tuple[str, ...]:
    """HAProxy's, and that of what shares the virtual IPs out."""
    return PACKAGES if topology.bgp is None else BGP_PACKAGES


def packages_of(topology: Topology) -> tuple[str, ...]:
    """The packages that a load balancer needs.

    ufw and firewalld are not installed by us: they begin with rules of their own, which could lock the owner out.
    """
    return (*daemon_packages(topology), *(("nftables",) if topology.system.firewall == "nftables" or preserves(topology) else ()))


def reader_of(path: str) -> tuple[str | None, str]:
    """The unit that reads a file, and what makes it take a change in."""
    return next(((unit, on_change) for prefix, unit, on_change in READERS if path.startswith(prefix)), (None, "reload"))
