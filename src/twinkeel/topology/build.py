"""From the spec to the system it describes: every default filled in, every derived number decided. Pure."""

import hashlib
from ipaddress import IPv4Interface
from pathlib import Path

from twinkeel.spec.model import ClusterSpec, Host
from twinkeel.topology.model import (
    Cluster,
    Endpoint,
    HealthTimers,
    LoadBalancer,
    Machine,
    PowerControl,
    Role,
    SshAccess,
    Topology,
    VrrpInstance,
)

# Priorities close to the top on *every* load balancer: the skew, and with it each planned move of the virtual IP, is
# (256 - priority) * advert_interval / 256 s (RFC 9568, section 6.1). 255 is kept for an address owner (section 5.2.4).
TOP_PRIORITY = 254

# 1 and 51 are what other people's examples use (0 is not valid), so a router of theirs may sit on the same segment.
USABLE_VRIDS = tuple(vrid for vrid in range(2, 256) if vrid != 51)

# Advertisement interval in seconds, by profile. VRRPv3 counts in hundredths of a second; 0.1 s has been measured to hold
# on a busy two-core machine. One second is what most networks of routers run with.
ADVERT_INTERVALS = {"fast": 0.1, "steady": 1.0}

# A check's connection and TLS handshake together may take the smaller of `timeout connect` and `inter`: 0.75 s. With 0.5 s, real
# checks failed on a control plane that was only busy, and taking a slow server away makes the others slower. Two failures in a
# row find a silent server within 2.75 s; a refused connection goes to another server at once, whatever these say.
HEALTH_TIMERS = {
    "fast": HealthTimers(
        check_interval=1.0,
        check_fast_interval=0.25,
        check_timeout=2.0,
        check_fall=2,
        check_rise=3,
        watchdog_interval=0.25,
        watchdog_deadline=1.0,
    ),
    "steady": HealthTimers(
        check_interval=2.0,
        check_fast_interval=1.0,
        check_timeout=3.0,
        check_fall=3,
        check_rise=2,
        watchdog_interval=1.0,
        watchdog_deadline=4.0,
    ),
}


def build(spec: ClusterSpec, spec_folder: Path) -> Topology:
    """The system that a valid spec describes.

    Args:
        spec: a spec without findings of severity error.
        spec_folder: what relative paths of the spec are relative to. It is not read.
    """
    return Topology(
        name=spec.name,
        domain=spec.domain,
        endpoint=Endpoint(spec.endpoint.name, spec.endpoint.port, spec.endpoint.vip),
        load_balancers=_load_balancers(spec, spec_folder),
        control_plane=_machines(spec, spec.control_plane, "control_plane", spec_folder),
        workers=_machines(spec, spec.workers, "worker", spec_folder),
        timers=HEALTH_TIMERS[spec.failover.profile],
        cluster=_cluster(spec),
        power=PowerControl(spec.power.off, spec.power.on) if spec.power else None,
    )


def virtual_router_id(cluster: str, vip: IPv4Interface) -> int:
    """A VRID (2..255, never 51) that is always the same for one cluster and virtual IP, and likely to be free on the segment."""
    digest = hashlib.sha256(f"{cluster} {vip.ip}".encode()).digest()
    return USABLE_VRIDS[int.from_bytes(digest[:8], "big") % len(USABLE_VRIDS)]


def _load_balancers(spec: ClusterSpec, folder: Path) -> tuple[LoadBalancer, ...]:
    machines = _machines(spec, spec.load_balancers, "load_balancer", folder)
    return tuple(
        LoadBalancer(machine, (_instance(spec, machine, TOP_PRIORITY - place, machines),)) for place, machine in enumerate(machines)
    )


def _instance(spec: ClusterSpec, machine: Machine, priority: int, all_balancers: tuple[Machine, ...]) -> VrrpInstance:
    return VrrpInstance(
        name="api",
        vrid=virtual_router_id(spec.name, spec.endpoint.vip),
        priority=priority,
        advert_interval=ADVERT_INTERVALS[spec.failover.profile],
        vip=spec.endpoint.vip,
        interface=machine.interface,
        source=machine.address,
        peers=tuple(other.address for other in all_balancers if other is not machine),
    )


def _machines(spec: ClusterSpec, hosts: dict[str, Host], role: Role, folder: Path) -> tuple[Machine, ...]:
    return tuple(
        Machine(
            name=name,
            fqdn=f"{name}.{spec.domain}",
            address=host.address,
            interface=host.interface or spec.interface,
            role=role,
            ssh=_ssh_access(spec, host, folder),
        )
        for name, host in hosts.items()
    )


def _ssh_access(spec: ClusterSpec, host: Host, folder: Path) -> SshAccess:
    return SshAccess(
        user=host.ssh_user or spec.ssh.user,
        port=host.ssh_port or spec.ssh.port,
        identity_file=_absolute(spec.ssh.identity_file, folder),
        known_hosts_file=_absolute(spec.ssh.known_hosts_file, folder),
    )


def _absolute(path: str | None, folder: Path) -> str | None:
    """An absolute path with a leading ~ opened. Symbolic links stay as they are: nothing on disk is looked at."""
    return None if path is None else str(folder.absolute() / Path(path).expanduser())


def _cluster(spec: ClusterSpec) -> Cluster:
    return Cluster(
        version=spec.kubernetes.version,
        kubespray=spec.kubernetes.kubespray,
        network_plugin=spec.kubernetes.network_plugin,
        pod_network=spec.kubernetes.pod_network,
        service_network=spec.kubernetes.service_network,
        api_port=spec.kubernetes.api_port,
        dns_mode=spec.dns.mode,
        dns_server=spec.dns.server,
    )
