"""Look at every host at once: what a survey is made of."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeVar

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.hosts.host_program import PYTHON_HINT, host_program
from twinkeel.hosts.understand import understand
from twinkeel.observe.host_state import MARKER, PACKAGE_VERSIONS
from twinkeel.preflight.facts import Clock, HostFacts, SegmentFacts, parse_host, parse_segment
from twinkeel.preflight.model import Survey
from twinkeel.preflight.versions import parse_version
from twinkeel.render.firewall import SELINUX_BOOLEANS
from twinkeel.render.frr import CONFIG_PATH
from twinkeel.render.services import daemon_packages
from twinkeel.topology.model import LoadBalancer, Machine, Topology
from twinkeel.vip.daemon import Version
from twinkeel.vip.daemons import VRRP_DAEMON

SURVEY_HOST = host_program("twinkeel.preflight.host_programs.survey_host", PACKAGE_VERSIONS)
PROBE_SEGMENT = host_program("twinkeel.preflight.host_programs.probe_segment")
FOLDERS = ("/etc", "/var/lib", "/run")
# A stranger with VRRP's classic second between advertisements is heard; so are slower systems of our own kind.
LISTEN_AT_LEAST = 1.3
MARK_BYTES = 12
Facts = TypeVar("Facts")


async def survey_hosts(reader: Reader, topology: Topology, *, probe: bool = True, seconds: float | None = None) -> Survey:
    """Ask every host. Hosts that cannot be asked are part of the answer.

    Args:
        probe: whether load balancers send their harmless packets and listen; without it `segments` is empty.
        seconds: how long they listen; as long as VRRP needs unless told.
    """
    machines = topology.machines
    clocks = await asyncio.gather(*(_greet(reader, machine) for machine in machines))
    # Connections stand: from here on all hosts work at the same time, and the load balancers hear each other.
    reached = {machine: clock for machine, clock in zip(machines, clocks, strict=True) if isinstance(clock, Clock)}
    talking = [balancer for balancer in topology.load_balancers if balancer.machine in reached] if probe else []
    mark = secrets.token_hex(MARK_BYTES)
    surveyed, probed = await asyncio.gather(
        asyncio.gather(*(_survey(reader, topology, machine, clock) for machine, clock in reached.items())),
        asyncio.gather(*(_probe(reader, balancer, mark, seconds or listen_seconds(balancer)) for balancer in talking)),
    )
    problems = {machine.name: clock for machine, clock in zip(machines, clocks, strict=True) if isinstance(clock, HostError)}
    hosts: dict[str, HostFacts] = {}
    for machine, found in zip(reached, surveyed, strict=True):
        if isinstance(found, HostError):
            problems[machine.name] = found
        else:
            hosts[machine.name] = found
    segments: dict[str, SegmentFacts] = {}
    not_listening: dict[str, str] = {}
    for balancer, heard in zip(talking, probed, strict=True):
        if isinstance(heard, HostError):
            not_listening[balancer.machine.name] = heard.what
        else:
            segments[balancer.machine.name] = heard
    return Survey(topology, hosts, segments, problems, not_listening, ansible_version())


def ansible_version() -> Version:
    """Of the ansible-core that an apply uses; () where there is none."""
    try:
        return parse_version(version("ansible-core"))
    except PackageNotFoundError:
        return ()


async def _greet(reader: Reader, machine: Machine) -> Clock | HostError:
    """Connect, become root, and read the clock twice: the first time is the connection's, not the clock's."""
    try:
        (await reader.run(machine, ["true"])).checked()
        sent = time.monotonic_ns()
        result = (await reader.run(machine, ["date", "+%s%N"])).checked()
        took = (time.monotonic_ns() - sent) / 1e9
    except HostError as error:
        return error
    # The clock of this machine on purpose: it is what the hosts' clocks are compared with.
    here = time.time_ns() / 1e9 - took / 2
    told = _understood(int, result.stdout, machine)
    return told if isinstance(told, HostError) else Clock(told / 1e9 - here, took / 2)


async def _survey(reader: Reader, topology: Topology, machine: Machine, clock: Clock) -> HostFacts | HostError:
    balancer = "load_balancer" in machine.roles
    announces = balancer and topology.bgp is not None
    asked = {
        "names": [topology.endpoint.name],
        "packages": daemon_packages(topology) if balancer else [],
        "tls": api_servers(topology) if balancer else [],
        "folders": FOLDERS,
        "frr": [CONFIG_PATH, MARKER] if announces else None,
        "connect": [(str(vip.ip), topology.endpoint.port) for vip in topology.endpoint.vips] if announces else [],
        "reach": other_announcers(topology, machine) if announces else [],
        "vrrp_daemon": VRRP_DAEMON.unit,
        "booleans": SELINUX_BOOLEANS,
    }
    answer = await _run(reader, machine, SURVEY_HOST, asked)
    return _understood(lambda text: parse_host(text, clock), answer, machine)


def api_servers(topology: Topology) -> list[tuple[str, int]]:
    """Address and port of every API server."""
    return [(str(machine.address), topology.cluster.api_port) for machine in topology.control_plane]


def other_announcers(topology: Topology, machine: Machine) -> list[tuple[str, int]]:
    """Where a load balancer asks the others, of each IP version that virtual IPs have, whether they serve."""
    others = [balancer.machine for balancer in topology.load_balancers if balancer.machine != machine]
    found = [other.address_of(version) for other in others for version in topology.endpoint.ip_versions]
    return [(str(address), topology.endpoint.port) for address in found if address is not None]


async def _probe(reader: Reader, balancer: LoadBalancer, mark: str, seconds: float) -> SegmentFacts | HostError:
    answer = await _run(reader, balancer.machine, PROBE_SEGMENT, probe_arguments(balancer, mark, seconds))
    return _understood(lambda text: parse_segment(text, seconds), answer, balancer.machine)


def _understood(parse: Callable[[str], Facts], answer: str | HostError, machine: Machine) -> Facts | HostError:
    if isinstance(answer, HostError):
        return answer
    try:
        return understand(parse, answer, machine.name)
    except HostError as error:
        return error


def listen_seconds(balancer: LoadBalancer) -> float:
    """How long to listen: three advertisements of ours, and never less than one of a stranger's."""
    return max([LISTEN_AT_LEAST, *(3 * instance.advert_interval + 0.2 for instance in balancer.instances)])


def probe_arguments(balancer: LoadBalancer, mark: str, seconds: float) -> dict[str, Any]:
    """What PROBE_SEGMENT is told."""
    machine = balancer.machine
    pairs = dict.fromkeys((str(instance.source), str(peer)) for instance in balancer.instances for peer in instance.peers)
    address6 = machine.address_of(6)
    return {
        "interface": machine.interface,
        "address6": str(address6) if address6 is not None else "",
        # On another interface of the host nobody is asked: the program knows of one.
        "vips": [str(address) for each in balancer.instances if each.carrier == machine.interface for address in each.shared],
        "seconds": seconds,
        "mark": mark,
        "pairs": list(pairs),
    }


async def _run(reader: Reader, machine: Machine, program: str, asked: dict[str, Any]) -> str | HostError:
    try:
        result = await reader.run(machine, ["python3", "-c", program, json.dumps(asked)])
    except HostError as error:
        return error
    if result.exit_code == 0:
        return result.stdout
    message = (result.stderr.strip() or "nothing").splitlines()[-1]
    return HostError(f"the host cannot be observed: python3 reported: {message}", where=machine.name, hint=PYTHON_HINT)
