"""Keep what the load balancers have, before the first is changed; where the candidates are refused it is dropped again.

It is done over our own connections, at once on all. The role `generation` does the same where Twinkeel does not run the project,
and where packages are installed first: their own files are then part of what was there.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from twinkeel.hosts.executor import Writer
from twinkeel.hosts.host_program import PYTHON_HINT, host_program
from twinkeel.observe.host_state import GENERATIONS, LIVE, NOTES
from twinkeel.plan.model import Desired
from twinkeel.plan.plan import units_of
from twinkeel.render.services import reader_of
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip.daemons import VRRP_DAEMON

PARTS_OF_KEEP_NOW = ("twinkeel.rollout.host_programs.candidate_files", "twinkeel.rollout.host_programs.keep_generation")
KEEP_NOW = host_program("twinkeel.rollout.host_programs.keep_now", *PARTS_OF_KEEP_NOW)
KEPT = 5
"""How many generations a load balancer keeps."""

# $1 the folder, $2 how many stay. Numbers have four digits or more, so that their order is that of the names for a long time.
PRUNE = 'cd "$1" && ls -d [0-9]* | sort -n | head -n "-$2" | xargs -r rm -rf --'


@asynccontextmanager
async def generation_kept(
    writer: Writer, topology: Topology, wanted: Desired, number: int, about: Mapping[str, str]
) -> AsyncIterator[None]:
    """Keep generation `number` on every load balancer; dropped when the body fails, as nothing was replaced then.

    Raises:
        HostError: a host cannot be asked, or has no room.
    """
    machines = [balancer.machine for balancer in topology.load_balancers]
    try:
        await asyncio.gather(*(_keep(writer, machine, wanted, number, about) for machine in machines))
        yield
        # Only now: a run whose candidates are refused costs no older generation.
        await asyncio.gather(*(_prune(writer, machine) for machine in machines))
    except BaseException:
        gone = (_drop(writer, machine, number) for machine in machines)
        await asyncio.shield(asyncio.gather(*gone, return_exceptions=True))
        raise


async def _keep(writer: Writer, machine: Machine, wanted: Desired, number: int, about: Mapping[str, str]) -> None:
    files = wanted.files_of(machine.name)
    readers = ((file.path, *reader_of(file.path)) for file in files)
    options = {
        "files": [{"path": path, "unit": unit, "on_change": on_change} for path, unit, on_change in readers],
        "units": units_of(files),
        "vrrp_daemon": {"unit": VRRP_DAEMON.unit, "config_path": VRRP_DAEMON.config_path},
        "number": number,
        "about": about,
        "keep": number,
        "folder": GENERATIONS,
        "notes": NOTES,
        "live": LIVE,
    }
    (await writer.change(machine, ("python3", "-c", KEEP_NOW, json.dumps(options)))).checked(PYTHON_HINT)


async def _prune(writer: Writer, machine: Machine) -> None:
    (await writer.change(machine, ("sh", "-c", PRUNE, "sh", GENERATIONS, str(KEPT)))).checked()


async def _drop(writer: Writer, machine: Machine, number: int) -> None:
    await writer.change(machine, ("rm", "-rf", f"{GENERATIONS}/{number:04d}"))
