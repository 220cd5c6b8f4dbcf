"""One load balancer as it is now: one program there reads everything, so that a look is one command."""

import asyncio
import csv
import json
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.hosts.host_program import HAPROXY_SOCKET, PYTHON_HINT, host_program
from twinkeel.render.announce import ANNOUNCE_STATE
from twinkeel.render.second_chance import STATE_PATH
from twinkeel.render.services import serving_units
from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.status.announcer import announced_vips, announcer_of
from twinkeel.status.backends import BACKEND, SERVICE_PREFIX, SOCKET, Backend, parse_servers
from twinkeel.status.lingering import parse_lingering
from twinkeel.status.snapshot import LoadBalancerState, ServiceState
from twinkeel.topology.model import LoadBalancer, Topology

OWN_ADDRESSES = "twinkeel.status.host_programs.own_addresses"
PROGRAM = host_program("twinkeel.status.host_programs.read_balancer", HAPROXY_SOCKET, OWN_ADDRESSES)
READ_TIMEOUT = 8.0
"""Seconds for the connection and the look together."""


def read_command(topology: Topology, period: float | None = None) -> list[str]:
    """What is run on the load balancer; with a period (seconds) it prints a line again and again until its input ends."""
    linger = "" if topology.second_chance is None else STATE_PATH
    again: tuple[str, ...] = () if period is None else (f"{period:g}",)
    if topology.bgp is not None:
        again = (*(again or ("",)), ANNOUNCE_STATE)
    return ["python3", "-c", PROGRAM, SOCKET, DOWN_FILE, STANDBY_FILE, linger, ",".join(serving_units(topology)), *again]


async def read_balancer(reader: Reader, topology: Topology, balancer: LoadBalancer) -> LoadBalancerState:
    """Its state now; UNREACHABLE, with the reason, when it cannot be asked."""
    try:
        async with asyncio.timeout(READ_TIMEOUT):
            result = await reader.run(balancer.machine, read_command(topology))
        return state_of(result.checked(PYTHON_HINT).stdout, balancer)
    except HostError as error:
        return unreachable(balancer, error.what)
    except TimeoutError:
        return unreachable(balancer, f"it did not answer within {READ_TIMEOUT:g} s")


def unreachable(balancer: LoadBalancer, why: str) -> LoadBalancerState:
    """The state of one that cannot be asked."""
    return LoadBalancerState(balancer.machine.name, "UNREACHABLE", "unreachable", (), why)


def state_of(line: str, balancer: LoadBalancer) -> LoadBalancerState:
    """The state that the program's line tells; UNREACHABLE where the host could not look, or says what makes no sense."""
    try:
        report = json.loads(line)
        if "error" in report:
            return unreachable(balancer, str(report["error"]))
        return announcer_of(report, _state(report, balancer)) if "announce" in report else _state(report, balancer)
    except (ValueError, TypeError, KeyError, AttributeError, csv.Error):
        return unreachable(balancer, f"its answer makes no sense: {line.strip()[:60]!r}")


def _state(report: Mapping[str, Any], balancer: LoadBalancer) -> LoadBalancerState:
    haproxy, daemon = (*report["units"], "unknown", "unknown")[:2]
    addresses = {ip_address(address) for address in report["addresses"]}
    known = [*(str(instance.vip.ip) for instance in balancer.instances), *announced_vips(report)]
    vips = tuple(vip for vip in known if ip_address(vip) in addresses)
    state = vrrp_state(
        holds=bool(vips),
        daemon=daemon,
        # A tracked file that is not there counts as down, and no standby file as none.
        down=report["down"] is None or report["down"].strip() != "0",
        standby=report["standby"] is not None and report["standby"].strip() != "0",
    )
    servers = parse_servers(report["servers"])
    lingering = parse_lingering(report["lingering"].encode()) if report["lingering"] else None
    return LoadBalancerState(
        balancer.machine.name,
        state,
        haproxy,
        servers.get(BACKEND, ()),
        vips=vips,
        services=_services(servers),
        lingering=lingering,
        held_for={vip: float(report["ages"][vip]) for vip in vips if vip in report.get("ages", ())},
    )


def _services(servers: Mapping[str, tuple[Backend, ...]]) -> tuple[ServiceState, ...]:
    return tuple(
        ServiceState(name.removeprefix(SERVICE_PREFIX), backends)
        for name, backends in servers.items()
        if name.startswith(SERVICE_PREFIX)
    )


def vrrp_state(*, holds: bool, daemon: str, down: bool, standby: bool = False) -> str:
    """What VRRP must be in: its daemon has no cheap way to be asked, but its inputs and its one output can be seen.

    `daemon` is what systemd says of its unit.
    """
    if holds:
        return "MASTER"
    if daemon != "active":
        return "STOPPED"
    if down:
        return "FAULT"
    return "STANDBY" if standby else "BACKUP"
