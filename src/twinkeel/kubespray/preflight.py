"""Before a playbook: the endpoint answers and its name resolves on every node, and the cluster's networks are free there."""

import asyncio
import json
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.topology.model import Machine, Topology

CONNECT = 'exec 3<>"/dev/tcp/$0/$1"'
CONNECT_SECONDS = 5
# Links that the cluster's own network plugin makes: they are inside the pod network, and rightly so.
OWN_LINKS = ("cali", "tunl", "vxlan.", "flannel", "cni", "cilium", "lxc", "kube-", "nodelocaldns", "ovn")


async def preflight(topology: Topology, reader: Reader, nodes: Sequence[Machine]) -> tuple[str, ...]:
    """What is wrong, a line each; empty when a playbook may start. Every node is asked, and nothing is changed."""
    answers = await asyncio.gather(*(_node(topology, reader, machine) for machine in nodes))
    return tuple(f"{machine.name}: {problem}" for machine, problems in zip(nodes, answers, strict=True) for problem in problems)


def require(problems: Sequence[str]) -> None:
    """Raises HostError that lists them."""
    if problems:
        hint = "`twinkeel apply` brings the load balancers up; --skip-preflight goes on in spite of all this"
        count = "1 thing stands" if len(problems) == 1 else f"{len(problems)} things stand"
        raise HostError(f"{count} in the way:\n    " + "\n    ".join(problems), hint=hint)


async def _node(topology: Topology, reader: Reader, machine: Machine) -> list[str]:
    problems: list[str] = []
    for check in (_answers, _resolves, _free):
        try:
            problems += await check(topology, reader, machine)
        except HostError as error:
            return [*problems, error.what]
    return problems


async def _answers(topology: Topology, reader: Reader, machine: Machine) -> list[str]:
    problems = []
    for vip in topology.endpoint.vips:
        if machine.address_of(vip.version) is None:
            continue
        argv = ["timeout", str(CONNECT_SECONDS), "bash", "-c", CONNECT, str(vip.ip), str(topology.endpoint.port)]
        if (await reader.run(machine, argv)).exit_code != 0:
            problems.append(f"the load balancers do not answer at {vip.ip} port {topology.endpoint.port}")
    return problems


async def _resolves(topology: Topology, reader: Reader, machine: Machine) -> list[str]:
    name, vips = topology.endpoint.name, {vip.ip for vip in topology.endpoint.vips}
    result = await reader.run(machine, ["getent", "ahosts", name])
    found = {ip_address(line.split()[0].partition("%")[0]) for line in result.stdout.splitlines() if line.strip()}
    if not found:
        return [f"{name} does not resolve: add it to DNS or /etc/hosts"]
    wrong = found - vips
    return [f"{name} resolves to {', '.join(map(str, sorted(wrong, key=str)))}, which is no virtual IP"] if wrong else []


async def _free(topology: Topology, reader: Reader, machine: Machine) -> list[str]:
    cluster = topology.cluster
    # Network plugins without a tunnel, and static routes, send a node's pods to that node: such a route is the cluster's own.
    nodes = {str(address) for node in topology.nodes for address in (node.address, node.address6) if address is not None}
    networks = [cluster.pod_network, cluster.service_network, cluster.pod_network6, cluster.service_network6]
    problems = []
    for network in (network for network in networks if network is not None):
        result = await reader.run(machine, ["ip", "-j", f"-{network.version}", "route", "show", "table", "main"])
        for route in json.loads(result.checked("iproute2 must be installed there").stdout or "[]"):
            link = str(route.get("dev", ""))
            own = link.startswith(OWN_LINKS) or route.get("type") == "blackhole" or route.get("gateway") in nodes
            if route["dst"] == "default" or own:
                continue
            used = ip_network(route["dst"], strict=False)
            if used.version == network.version and used.overlaps(network):
                problems.append(f"{network} of the cluster overlaps its route to {used}" + (f" ({link})" if link else ""))
    return problems
