"""From the spec to the system it describes: every default filled in, every derived number decided. Pure."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import BaseModel

from twinkeel.spec.etcd_members import asks_own_etcd_member
from twinkeel.spec.failover_defaults import shutdown_delay
from twinkeel.spec.fields import IPInterface, IPNetwork
from twinkeel.spec.kubespray_releases import table_support
from twinkeel.spec.model import ClusterSpec, Host
from twinkeel.spec.release_support import ReleaseSupport
from twinkeel.spec.second_chance_rules import resets_because
from twinkeel.spec.software_versions import numbers
from twinkeel.topology.bgp import build_bgp
from twinkeel.topology.model import Endpoint, LoadBalancer, Machine, Role, SshAccess, Topology
from twinkeel.topology.profiles import health_timers
from twinkeel.topology.services import build_services
from twinkeel.topology.settings import (
    Cluster,
    HaproxySettings,
    LinkControl,
    Metrics,
    Monitoring,
    PowerControl,
    SystemSettings,
    VrrpDaemonSettings,
)
from twinkeel.topology.vrrp_instances import build_load_balancers


def build(spec: ClusterSpec, spec_folder: Path, release: ReleaseSupport | None = None) -> Topology:
    """The system that a valid spec describes.

    Args:
        spec: a spec without findings of severity error.
        spec_folder: what relative paths of the spec are relative to. It is not read.
        release: what the spec's Kubespray release supports; None for what our table says of it.
    """
    machines = _machines(spec, spec_folder)
    control_plane = tuple(machines[name] for name in spec.control_plane)
    return Topology(
        name=spec.name,
        domain=spec.domain,
        endpoint=Endpoint(spec.endpoint.name, spec.endpoint.port, tuple(vip.address for _, vip in spec.endpoint.virtual_ips())),
        load_balancers=_load_balancers(spec, [machines[name] for name in spec.load_balancers]),
        control_plane=control_plane,
        etcd=tuple(machines[name] for name in spec.etcd) or control_plane,
        workers=tuple(machines[name] for name in spec.workers),
        services=build_services(spec, machines),
        profile=spec.failover.profile,
        timers=health_timers(spec.failover),
        haproxy=_haproxy(spec),
        vrrp_daemon=VrrpDaemonSettings(numbers(spec.vrrp_daemon.version), _given(spec.vrrp_daemon.extra)),
        system=SystemSettings(spec.system.packages, spec.system.firewall, spec.system.selinux),
        cluster=_cluster(spec, release or table_support(spec.kubernetes.kubespray)),
        power=PowerControl(spec.power.off, spec.power.on) if spec.power else None,
        link=LinkControl(spec.link.cut, spec.link.restore) if spec.link else None,
        budgets=spec.failover.budget,
        second_chance=None if resets_because(spec) else spec.failover.second_chance_window,
        resets_because=resets_because(spec),
        monitoring=_monitoring(spec),
        bgp=build_bgp(spec),
    )


def _load_balancers(spec: ClusterSpec, machines: list[Machine]) -> tuple[LoadBalancer, ...]:
    if spec.endpoint.mode == "bgp":
        return tuple(LoadBalancer(machine, ()) for machine in machines)
    return build_load_balancers(spec, machines)


def _groups(spec: ClusterSpec) -> Mapping[Role, dict[str, Host]]:
    return {
        "load_balancer": spec.load_balancers,
        "control_plane": spec.control_plane,
        "etcd": spec.etcd or spec.control_plane,
        "worker": spec.workers,
    }


def _machines(spec: ClusterSpec, folder: Path) -> dict[str, Machine]:
    roles: dict[str, list[Role]] = {}
    hosts: dict[str, Host] = {}
    for role, group in _groups(spec).items():
        for name, host in group.items():
            roles.setdefault(name, []).append(role)
            hosts.setdefault(name, host)
    return {name: _machine(spec, name, host, tuple(roles[name]), folder) for name, host in hosts.items()}


def _machine(spec: ClusterSpec, name: str, host: Host, roles: tuple[Role, ...], folder: Path) -> Machine:
    return Machine(
        name=name,
        fqdn=f"{name}.{spec.domain}",
        address=host.address,
        address6=host.address6,
        access_address=host.access_address,
        vrrp_address=host.vrrp_address,
        vrrp_interface=host.vrrp_interface,
        short_node_name=spec.kubernetes.node_names == "short",
        interface=host.interface or spec.interface,
        roles=roles,
        ssh=SshAccess(
            user=host.ssh_user or spec.ssh.user,
            port=host.ssh_port or spec.ssh.port,
            identity_file=_absolute(spec.ssh.identity_file, folder),
            known_hosts_file=_absolute(spec.ssh.known_hosts_file, folder),
            address=host.ssh_address,
        ),
    )


def _absolute(path: str | None, folder: Path) -> str | None:
    """An absolute path with a leading ~ opened. Symbolic links stay as they are: nothing on disk is looked at."""
    return None if path is None else str(folder.absolute() / Path(path).expanduser())


def _haproxy(spec: ClusterSpec) -> HaproxySettings:
    metrics = spec.haproxy.metrics
    return HaproxySettings(
        version=numbers(spec.haproxy.version),
        log=spec.haproxy.log,
        max_connections=spec.haproxy.max_connections,
        balance=spec.haproxy.balance,
        metrics=Metrics(metrics.address, metrics.port, metrics.user, _networks(metrics.readers)) if metrics else None,
        extra=_given(spec.haproxy.extra),
    )


def _monitoring(spec: ClusterSpec) -> Monitoring | None:
    asked = spec.monitoring
    if asked is None:
        return None
    return Monitoring(asked.address, asked.port, _networks(asked.readers), asked.textfile)


def _networks(readers: Iterable[IPInterface]) -> tuple[IPNetwork, ...]:
    return tuple(reader.network for reader in readers)


def _given(extra: BaseModel) -> dict[str, str]:
    return extra.model_dump(by_alias=True, exclude_none=True)


def _cluster(spec: ClusterSpec, release: ReleaseSupport) -> Cluster:
    kubernetes = spec.kubernetes
    return Cluster(
        version=kubernetes.version,
        kubespray=kubernetes.kubespray,
        release=release,
        network_plugin=kubernetes.network_plugin,
        pod_network=kubernetes.pod_network,
        service_network=kubernetes.service_network,
        pod_network6=kubernetes.pod_network6,
        service_network6=kubernetes.service_network6,
        api_port=kubernetes.api_port,
        schedule_on_control_plane=kubernetes.schedule_on_control_plane,
        certificate_names=tuple(kubernetes.certificate_names),
        variables=kubernetes.variables,
        dns_mode=spec.dns.mode,
        dns_server=spec.dns.server,
        dns_upstream=tuple(spec.dns.upstream),
        api_status=None if kubernetes.api_check.type == "tcp" else kubernetes.api_check.status,
        api_client_certificate=kubernetes.api_check.client_certificate,
        api_certificate_name=kubernetes.api_check.certificate_name,
        shutdown_delay=shutdown_delay(kubernetes.api_server, spec.failover),
        goaway_chance=kubernetes.api_server.goaway_chance if len(spec.control_plane) > 1 else 0.0,
        own_etcd_member=asks_own_etcd_member(spec),
    )
