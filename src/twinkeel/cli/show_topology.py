"""A topology as a person reads it. A pure function to text; `show_settings` has the second half, the values in force."""

from twinkeel.app.explain import predicted_faults
from twinkeel.cli.show_mermaid import in_line
from twinkeel.cli.show_predictions import predictions_text
from twinkeel.cli.show_settings import Rows, settings_sections
from twinkeel.cli.text_layout import rows
from twinkeel.topology.model import Machine, Role, Service, Topology

ROLE_NAMES: dict[Role, str] = {
    "load_balancer": "load balancer",
    "control_plane": "control plane",
    "etcd": "etcd",
    "worker": "worker",
}


def as_text(topology: Topology, width: int) -> str:
    """The whole explanation, in sections, folded at `width` columns; ends in a newline."""
    sections = {
        f"Cluster {topology.name}": _endpoint_rows(topology),
        **_vip_section(topology),
        **_machine_sections(topology),
        **({"Extra services through the virtual IPs": _service_rows(topology)} if topology.services else {}),
        **settings_sections(topology),
    }
    blocks = [f"{title}\n{rows(table, width)}" for title, table in sections.items()]
    blocks.append(predictions_text(predicted_faults(topology), width))
    return "\n".join(blocks)


def _endpoint_rows(topology: Topology) -> Rows:
    endpoint = topology.endpoint
    addresses = " and ".join(str(vip.ip) for vip in endpoint.vips)
    rows: Rows = [("endpoint", f"https://{endpoint.name}:{endpoint.port}")]
    if endpoint.name in {str(vip.ip) for vip in endpoint.vips}:
        return rows
    return [*rows, ("name", f"{endpoint.name} must resolve to {addresses} wherever the API is used")]


def _vip_section(topology: Topology) -> dict[str, Rows]:
    if topology.bgp is None:
        return {"Virtual IPs, and who takes them, in order (priority)": _vip_rows(topology)}
    names = ", ".join(balancer.machine.name for balancer in topology.load_balancers)
    return {"Virtual IPs, and who announces them while it serves": [(str(vip.ip), names) for vip in topology.endpoint.vips]}


def _vip_rows(topology: Topology) -> Rows:
    table: Rows = []
    for place, vip in enumerate(topology.endpoint.vips):
        order = in_line(topology.load_balancers, place)
        shown = ", ".join(f"{balancer.machine.name} ({instance.priority})" for balancer, instance in order)
        table.append((str(vip), f"VRID {order[0][1].vrid}", shown))
        hop = order[0][1].next_hop
        if hop is not None:
            table.append(("", "next hop", f"{hop.ip} moves with it: routers need a static route to {vip} via {hop.ip}"))
    return table


def _machine_sections(topology: Topology) -> dict[str, Rows]:
    """One section for each group; etcd only where it is not the control plane."""
    balancers = tuple(balancer.machine for balancer in topology.load_balancers)
    groups: dict[Role, tuple[Machine, ...]] = {"load_balancer": balancers, "control_plane": topology.control_plane}
    if topology.etcd != topology.control_plane:
        groups["etcd"] = topology.etcd
    groups["worker"] = topology.workers
    titles = {"load_balancer": "Load balancers", "control_plane": "Control plane", "etcd": "etcd", "worker": "Workers"}
    return {titles[role]: [_machine_row(one, role) for one in machines] or [("none", "")] for role, machines in groups.items()}


def _machine_row(machine: Machine, group: Role) -> tuple[str, ...]:
    addresses = " ".join(str(address) for address in (machine.address, machine.address6) if address is not None)
    others = ", ".join(ROLE_NAMES[role] for role in machine.roles if role != group)
    return machine.name, machine.fqdn, addresses, machine.interface, f"also {others}" if others else ""


def _service_rows(topology: Topology) -> Rows:
    return [row for service in topology.services for row in _rows_of_service(service)]


def _rows_of_service(service: Service) -> Rows:
    targets = ", ".join(f"{target.name} {target.address}" for target in service.targets)
    proxy = "" if service.proxy_protocol == "none" else f", PROXY protocol {service.proxy_protocol}"
    return [
        (service.name, f"port {service.port} to port {service.target_port}{proxy}; {_check(service)}"),
        ("", f"targets: {targets}"),
    ]


def _check(service: Service) -> str:
    port = service.check_port or service.target_port
    if service.check_type == "tcp":
        return f"checked by connecting to port {port}"
    verified = " (certificate not verified)" if service.check_type == "https" else ""
    return (
        f"checked by {service.check_type.upper()} GET {service.check_path} on port {port}, status {service.check_status}{verified}"
    )
