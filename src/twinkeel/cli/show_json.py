"""A topology and its predictions as plain values, for `explain --format json`. Times are in seconds."""

from typing import Any

from twinkeel.app.explain import predicted_faults
from twinkeel.cli.show_mermaid import in_line
from twinkeel.faults.prediction import Prediction
from twinkeel.topology.model import Bgp, Machine, Service, Topology, VrrpInstance
from twinkeel.topology.settings import HaproxySettings, VrrpDaemonSettings
from twinkeel.vip.daemons import VRRP_DAEMON
from twinkeel.vrrp import Range


def as_json(topology: Topology) -> dict[str, Any]:
    """Everything that is in force. A range is [best, worst]; a downtime of null has no end. Extra lines are counted, not shown."""
    return {
        "name": topology.name,
        "domain": topology.domain,
        "endpoint": _endpoint(topology),
        "load_balancers": [
            {
                **_machine(balancer.machine),
                "priority": next((instance.priority for instance in balancer.instances), None),
                "instances": [_instance(instance) for instance in balancer.instances],
            }
            for balancer in topology.load_balancers
        ],
        "control_plane": [_machine(machine) for machine in topology.control_plane],
        "etcd": [_machine(machine) for machine in topology.etcd],
        "workers": [_machine(machine) for machine in topology.workers],
        "services": [_service(service) for service in topology.services],
        "profile": topology.profile,
        "mode": "vrrp" if topology.bgp is None else "bgp",
        "vrrp": _vrrp(topology.load_balancers[0].instances[0]) if topology.bgp is None else None,
        "bgp": _bgp(topology.bgp) if topology.bgp else None,
        "timers": vars(topology.timers),
        "haproxy": _haproxy(topology.haproxy),
        VRRP_DAEMON.section: _vrrp_daemon(topology.vrrp_daemon),
        "system": vars(topology.system),
        "kubernetes": _plain(vars(topology.cluster)),
        "power": vars(topology.power) if topology.power else None,
        "link": vars(topology.link) if topology.link else None,
        "budgets": dict(topology.budgets),
        "second_chance": topology.second_chance,
        "resets_because": topology.resets_because or None,
        "monitoring": _plain(vars(topology.monitoring)) if topology.monitoring else None,
        "predictions": [_prediction(*each) for each in predicted_faults(topology)],
    }


def _vrrp_daemon(settings: VrrpDaemonSettings) -> dict[str, Any]:
    return {"version": _version(settings.version), "extra_lines": _counts(settings.extra)}


def _vrrp(first: VrrpInstance) -> dict[str, Any]:
    return {
        "version": first.version,
        "vrid": first.vrid,
        "advert_interval": first.advert_interval,
        "transport": "multicast" if first.multicast or not first.peers else "unicast",
        "authenticated": first.authentication != "none",
        "authentication": first.authentication,
    }


def _bgp(bgp: Bgp) -> dict[str, Any]:
    routers = [_plain(vars(router)) for router in bgp.routers]
    bfd = None if bgp.bfd is None else vars(bgp.bfd)
    return {**vars(bgp), "routers": routers, "bfd": bfd, "version": _version(bgp.version)}


def _endpoint(topology: Topology) -> dict[str, Any]:
    endpoint = topology.endpoint
    return {
        "name": endpoint.name,
        "port": endpoint.port,
        "vip": str(endpoint.vip),
        "vips": [
            {"address": str(vip), "load_balancers": _names_in_line(topology, place)} for place, vip in enumerate(endpoint.vips)
        ],
    }


def _names_in_line(topology: Topology, place: int) -> list[str]:
    if topology.bgp is not None:
        return [balancer.machine.name for balancer in topology.load_balancers]
    return [balancer.machine.name for balancer, _ in in_line(topology.load_balancers, place)]


def _machine(machine: Machine) -> dict[str, Any]:
    return {
        "name": machine.name,
        "fqdn": machine.fqdn,
        "address": str(machine.address),
        "address6": None if machine.address6 is None else str(machine.address6),
        "interface": machine.interface,
        "roles": list(machine.roles),
        "ssh": vars(machine.ssh),
    }


def _instance(instance: VrrpInstance) -> dict[str, Any]:
    return {
        "vip": str(instance.vip),
        "next_hop": None if instance.next_hop is None else str(instance.next_hop),
        "vrid": instance.vrid,
        "priority": instance.priority,
        "failback": instance.failback,
        "source": str(instance.source),
        "peers": [str(peer) for peer in instance.peers],
    }


def _service(service: Service) -> dict[str, Any]:
    targets = [{"name": target.name, "address": str(target.address)} for target in service.targets]
    return {**vars(service), "targets": targets}


def _haproxy(haproxy: HaproxySettings) -> dict[str, Any]:
    metrics = None if haproxy.metrics is None else _plain(vars(haproxy.metrics))
    return {
        "version": _version(haproxy.version),
        "log": haproxy.log,
        "max_connections": haproxy.max_connections,
        "metrics": metrics,
        "extra_lines": _counts(haproxy.extra),
    }


def _prediction(prediction: Prediction, drills: tuple[str, ...]) -> dict[str, Any]:
    return {
        "fault": prediction.fault,
        "title": prediction.title,
        "drills": list(drills),
        "downtime": _range(prediction.downtime),
        "detection": _range(prediction.degraded),
        "effect": prediction.effect,
        "formula": prediction.formula,
        "source": prediction.source,
    }


def _counts(extra: Any) -> dict[str, int]:
    return {place: len(text.strip().splitlines()) for place, text in extra.items()}


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Addresses and networks as text; what JSON knows stays as it is."""
    return {name: _value(value) for name, value in values.items()}


def _value(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str | dict | list) else str(value)


def _version(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


def _range(time: Range | None) -> list[float] | None:
    return None if time is None else [round(time.low, 6), round(time.high, 6)]
