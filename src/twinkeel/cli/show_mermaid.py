"""A topology as a Mermaid flow chart (https://mermaid.js.org/syntax/flowchart.html). Pure."""

from collections.abc import Iterator, Sequence

from twinkeel.topology.model import LoadBalancer, Machine, Service, Topology, VrrpInstance


def as_mermaid(topology: Topology) -> str:
    """Clients, the virtual IPs with their load balancers in order, the API servers, extra services; ends in a newline.

    A virtual IP's first choice has a full arrow, the others dotted ones with their place in line; with BGP all have full ones.
    A machine with several roles is
    one node. Ids are made by counting (`m0`, `v0`): a host called `end` would not be a valid one.
    """
    return "\n".join(_lines(topology)) + "\n"


def _lines(topology: Topology) -> Iterator[str]:
    ids = {machine.name: f"m{place}" for place, machine in enumerate(topology.machines)}
    yield "flowchart LR"
    yield '  clients(["kubectl, nodes"])'
    yield from _virtual_ips(topology, ids)
    yield from _load_balancers(topology, ids)
    yield from _control_plane(topology, ids)
    yield from _etcd(topology, ids)
    for place, service in enumerate(topology.services):
        yield from _service(topology, service, f"s{place}", ids)


def _virtual_ips(topology: Topology, ids: dict[str, str]) -> Iterator[str]:
    endpoint = topology.endpoint
    for place, vip in enumerate(endpoint.vips):
        yield f'  v{place}{{{{"{_text(endpoint.name, f"virtual IP {vip.ip}", f"port {endpoint.port}")}"}}}}'
        yield f"  clients --> v{place}"
        if topology.bgp is not None:
            yield from (f"  v{place} --> {ids[balancer.machine.name]}" for balancer in topology.load_balancers)
            continue
        for number, (balancer, _) in enumerate(in_line(topology.load_balancers, place)):
            arrow = f'-. "{number + 1}" .->' if number else "-->"
            yield f"  v{place} {arrow} {ids[balancer.machine.name]}"


def _load_balancers(topology: Topology, ids: dict[str, str]) -> Iterator[str]:
    control_plane = {machine.name for machine in topology.control_plane}
    yield '  subgraph load_balancers["load balancers"]'
    for balancer in topology.load_balancers:
        both = ("and API server",) if balancer.machine.name in control_plane else ()
        yield f"    {_node(balancer.machine, ids, *both)}"
    yield "  end"


def _control_plane(topology: Topology, ids: dict[str, str]) -> Iterator[str]:
    balancers = {balancer.machine.name for balancer in topology.load_balancers}
    others = [machine for machine in topology.control_plane if machine.name not in balancers]
    if others:
        yield '  subgraph control_plane["control plane"]'
        for machine in others:
            yield f"    {_node(machine, ids, f'port {topology.cluster.api_port}')}"
        yield "  end"
    for balancer in topology.load_balancers:
        for machine in topology.control_plane:
            yield f"  {ids[balancer.machine.name]} --> {ids[machine.name]}"


def _etcd(topology: Topology, ids: dict[str, str]) -> Iterator[str]:
    control_plane = {machine.name for machine in topology.control_plane}
    separate = [machine for machine in topology.etcd if machine.name not in control_plane]
    if separate:
        yield '  subgraph etcd["etcd"]'
        for machine in separate:
            yield f"    {_node(machine, ids)}"
        yield "  end"
        yield from (f"  {ids[server.name]} --> {ids[member.name]}" for server in topology.control_plane for member in separate)


def _service(topology: Topology, service: Service, node: str, ids: dict[str, str]) -> Iterator[str]:
    targets = [target.name for target in service.targets]
    shown = ", ".join(targets[:3]) + (f" and {len(targets) - 3} more" if len(targets) > 3 else "")
    yield f'  {node}[/"{_text(f"service {service.name}, port {service.port}", f"{shown} port {service.target_port}")}"/]'
    yield from (f"  {ids[balancer.machine.name]} --> {node}" for balancer in topology.load_balancers)


def in_line(balancers: Sequence[LoadBalancer], vip: int) -> list[tuple[LoadBalancer, VrrpInstance]]:
    """The load balancers in the order in which they take the virtual IP of that place in the spec, with their instances for it."""
    pairs = [(balancer, balancer.instances[vip]) for balancer in balancers]
    return sorted(pairs, key=lambda pair: -pair[1].priority)


def _node(machine: Machine, ids: dict[str, str], *more: str) -> str:
    addresses = [str(machine.address), *([str(machine.address6)] if machine.address6 else [])]
    return f'{ids[machine.name]}["{_text(machine.name, *addresses, *more)}"]'


def _text(*lines: str) -> str:
    """A label in quotes may hold anything but a quote; nothing of ours has one."""
    return "<br/>".join(line.replace('"', "#quot;") for line in lines)
