"""What a run of drills was made on: written once beside its histories, so that a report says it long afterwards."""

import asyncio
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from twinkeel.drill.shareable_spec import shareable_spec
from twinkeel.errors import HostError
from twinkeel.hosts.executor import Reader
from twinkeel.topology.model import Machine, Topology

FACTS_FILE = "run.json"
UNKNOWN = "unknown"


@dataclass(frozen=True)
class RunFacts:
    """The cluster, the wall-clock time for people, our version, name and value pairs, and the spec's text."""

    cluster: str
    started: str
    twinkeel: str
    details: dict[str, str]
    spec: str


async def collect(reader: Reader, topology: Topology, version: str, spec: str) -> RunFacts:
    """Ask the first load balancer and control-plane host for their versions; what cannot be asked is `unknown`."""
    balancer, master = topology.load_balancers[0].machine, topology.control_plane[0]
    haproxy, daemon, kernel, kubernetes = await asyncio.gather(
        _first_line(reader, balancer, ("haproxy", "-v")),
        _first_line(reader, balancer, ("vtysh", "--version") if topology.bgp else ("sh", "-c", "keepalived --version 2>&1")),
        _first_line(reader, balancer, ("uname", "-sr")),
        _first_line(reader, master, ("kubelet", "--version")),
    )
    details = {
        "load balancers": ", ".join(item.machine.name for item in topology.load_balancers),
        "control plane": ", ".join(machine.name for machine in topology.control_plane),
        "profile": _profile(topology),
        "HAProxy": haproxy,
        "FRR" if topology.bgp else "Keepalived": daemon,
        "kernel there": kernel,
        "Kubernetes": kubernetes,
        "measured from": f"{platform.system()} {platform.release()}, {os.cpu_count()} processors",
    }
    started = f"{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}"
    return RunFacts(topology.name, started, version, details, shareable_spec(spec))


def _profile(topology: Topology) -> str:
    if topology.bgp is None:
        return f"{topology.profile}, advertisements every {topology.load_balancers[0].instances[0].advert_interval:g} s"
    bfd = topology.bgp.bfd
    return f"{topology.profile}, BGP, " + (f"BFD {bfd.multiplier} x {bfd.interval * 1000:g} ms" if bfd else "no BFD")


async def _first_line(reader: Reader, machine: Machine, argv: Sequence[str]) -> str:
    try:
        lines = (await reader.run(machine, argv)).stdout.strip().splitlines()
    except HostError:
        return UNKNOWN
    return lines[0] if lines else UNKNOWN


def write_facts(folder: Path, facts: RunFacts) -> None:
    """Keep them beside the histories."""
    (folder / FACTS_FILE).write_text(json.dumps(asdict(facts), indent=2) + "\n", encoding="utf-8")


def read_facts(folder: Path) -> RunFacts:
    """The facts of a run; a folder without them, or with ones that make no sense, gets a name and nothing more."""
    try:
        return RunFacts(**json.loads((folder / FACTS_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return RunFacts(folder.name, "at an unknown time", UNKNOWN, {}, "")
