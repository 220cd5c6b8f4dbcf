"""Interfaces, addresses and ports of the load balancers."""

from collections.abc import Iterator
from ipaddress import ip_address

from twinkeel.preflight.facts import HostFacts, Link, Listener
from twinkeel.preflight.model import Finding, Survey, balancers, every_host, on_each
from twinkeel.render.monitoring import METRICS_UNIT
from twinkeel.spec.fields import IPAddress, IPInterface
from twinkeel.spec.model import MONITOR_PORT
from twinkeel.topology.model import Machine, Topology

LOOPBACK = ip_address("127.0.0.1")


def _interface(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    """Load balancers need the very interface; on other hosts only the address counts."""
    carrier = facts.carrier(machine.address)
    link = facts.link(machine.interface)
    if "load_balancer" not in machine.roles:
        if carrier is None:
            yield Finding("failure", machine.name, f"no interface has {machine.address}", "correct its address in the spec")
        else:
            yield Finding("ok", machine.name, f"{carrier.name} has {machine.address}")
        return
    elsewhere = f"{machine.address} is on {carrier.name}" if carrier is not None else f"no interface has {machine.address}"
    advice = f"set interface: {carrier.name} for {machine.name}" if carrier is not None else "correct its address in the spec"
    if link is None:
        names = ", ".join(each.name for each in facts.links if each.name != "lo")
        yield Finding("failure", machine.name, f"there is no {machine.interface} (there are: {names}); {elsewhere}", advice)
    elif not link.up:
        yield Finding("failure", machine.name, f"{link.name} is down", f"ip link set {link.name} up, and see why it was down")
    else:
        yield from _carries(machine, link, elsewhere, advice)


def _carries(machine: Machine, link: Link, elsewhere: str, advice: str) -> Iterator[Finding]:
    carried = {each.ip for each in link.addresses}
    wanted = [address for address in (machine.address, machine.address6) if address is not None]
    missing = [address for address in wanted if address not in carried]
    if missing:
        yield Finding("failure", machine.name, f"{link.name} does not have {missing[0]}; {elsewhere}", advice)
    else:
        yield Finding("ok", machine.name, f"{link.name} is up and has {', '.join(map(str, wanted))}")


def _subnet(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    balancer = next(each for each in survey.topology.load_balancers if each.machine.name == machine.name)
    for instance in balancer.instances:
        yield _evaluate_subnet(machine, facts, instance.vip, instance.carrier)
        if instance.next_hop is not None:
            yield _evaluate_subnet(machine, facts, instance.next_hop, instance.carrier)


def _evaluate_subnet(machine: Machine, facts: HostFacts, vip: IPInterface, carrier: str) -> Finding:
    link = facts.link(carrier)
    if link is None and carrier != machine.interface:
        names = ", ".join(each.name for each in facts.links if each.name != "lo")
        advice = "correct the `interface` of the virtual IP"
        return Finding("failure", machine.name, f"there is no {carrier} for {vip.ip} (there are: {names})", advice)
    found = _address_beside(link, vip, machine.address_of(vip.version) if carrier == machine.interface else None)
    holder = facts.carrier(vip.ip)
    if holder is not None and holder.name != carrier:
        advice = f"remove it there: ip address del {vip} dev {holder.name}; it must be on {carrier}"
        return Finding("failure", machine.name, f"{vip.ip} is on {holder.name}", advice)
    if vip.network.num_addresses == 1:
        return Finding("ok", machine.name, f"{vip.ip} is routed to the load balancers, and in no subnet of theirs")
    if found is None:
        return Finding("skipped", machine.name, f"{carrier} has no address of the kind of {vip.ip} to compare with")
    if found.network.prefixlen != vip.network.prefixlen:
        saw = f"{vip} has another prefix length than {found} on {carrier}"
        return Finding("failure", machine.name, saw, f"write it as {vip.ip}/{found.network.prefixlen}")
    if vip.ip not in found.network:
        return Finding("failure", machine.name, f"{vip.ip} is not in {found.network} of {carrier}", WRONG_SUBNET)
    return Finding("ok", machine.name, f"{vip} is in the subnet of {carrier}")


def _address_beside(link: Link | None, vip: IPInterface, own: IPAddress | None) -> IPInterface | None:
    """The host's address that a virtual IP is compared with: its own where that is known, else the one in the same network."""
    addresses = [each for each in link.addresses if each.version == vip.version and each.ip != vip.ip] if link is not None else []
    if own is not None:
        return next((each for each in addresses if each.ip == own), None)
    return next((each for each in addresses if vip.ip in each.network), addresses[0] if addresses else None)


WRONG_SUBNET = "take a free address of the load balancers' own subnet"


def ports_of(topology: Topology, machine: Machine) -> list[tuple[str, IPAddress | None, int]]:
    """What HAProxy will listen on: for what, at which address (None: all of them), and the port."""
    ports: list[tuple[str, IPAddress | None, int]] = [("the endpoint", None, topology.endpoint.port)]
    ports += [(f"service {service.name}", None, service.port) for service in topology.services]
    if topology.haproxy.metrics is not None:
        ports.append(("the metrics", topology.haproxy.metrics.address or machine.address, topology.haproxy.metrics.port))
    if topology.monitoring is not None:
        ports.append(("the monitoring", topology.monitoring.address or machine.address, topology.monitoring.port))
    return [*ports, ("HAProxy's own monitor", LOOPBACK, MONITOR_PORT)]


def is_ours(listener: Listener) -> bool:
    """Whether it is what apply installed, HAProxy or our metrics; where the unit cannot be told, HAProxy's name counts."""
    if listener.unit == METRICS_UNIT:
        return True
    return listener.process == "haproxy" and listener.unit in ("haproxy.service", None)


def collides(listener: Listener, address: IPAddress | None, port: int) -> bool:
    """Whether binding this address and port would fail because of the listener."""
    if listener.port != port:
        return False
    return address is None or listener.address.is_unspecified or listener.address == address


def _ports(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    wanted = ports_of(survey.topology, machine)
    free = True
    for what, address, port in wanted:
        for listener in facts.listeners:
            if collides(listener, address, port) and not is_ours(listener):
                free = False
                who = listener.process or "an unknown process"
                unit = f" of {listener.unit}" if listener.unit else ""
                saw = f"port {port} ({what}) is taken by {who}{unit} at {listener.address}"
                yield Finding("failure", machine.name, saw, "stop it, or choose another port in the spec")
                break
    if free:
        held = any(is_ours(listener) for listener in facts.listeners)
        how = "free, or held by our HAProxy" if held else "free"
        yield Finding("ok", machine.name, f"{', '.join(str(port) for _, _, port in wanted)}: {how}")


interface = on_each(every_host, _interface)
subnet = on_each(balancers, _subnet)
ports = on_each(balancers, _ports)
