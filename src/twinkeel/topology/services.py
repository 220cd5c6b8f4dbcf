"""Extra TCP services: which servers their targets stand for."""

from collections.abc import Mapping
from ipaddress import ip_address

from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.model import Service as ServiceSpec
from twinkeel.topology.model import Machine, Service, Target


def build_services(spec: ClusterSpec, machines: Mapping[str, Machine]) -> tuple[Service, ...]:
    """Every extra service in the spec's order; a target that is named twice serves once."""
    return tuple(_service(name, service, spec, machines) for name, service in spec.services.items())


def _service(name: str, service: ServiceSpec, spec: ClusterSpec, machines: Mapping[str, Machine]) -> Service:
    return Service(
        name=name,
        port=service.port,
        targets=tuple(dict.fromkeys(target for word in service.targets for target in _targets(word, spec, machines))),
        target_port=service.target_port or service.port,
        proxy_protocol=service.proxy_protocol,
        check_type=service.check.type,
        check_path=service.check.path,
        check_port=service.check.port,
        check_status=service.check.status,
    )


def _targets(word: str, spec: ClusterSpec, machines: Mapping[str, Machine]) -> list[Target]:
    groups = {
        "workers": [*spec.workers],
        "control_plane": [*spec.control_plane],
        "nodes": [*{**spec.control_plane, **spec.workers}],
    }
    if word in groups or word in machines:
        return [Target(name, machines[name].address) for name in groups.get(word, [word])]
    return [Target(word.replace(":", "-"), ip_address(word))]
