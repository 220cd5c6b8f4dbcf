"""What keeps connections, for one move of a load balancer that has nothing yet to linger with.

It is another's pair that is taken over, or our own before `failover.second_chance`. The files lie under /run, where no generation
keeps them, and a reboot takes them away; `apply` installs the same program for good right after the move.
"""

import asyncio
from collections.abc import Iterator

from twinkeel.hosts.executor import Writer
from twinkeel.render.second_chance import CONFIG_PATH, LINGER_UNIT, linger_unit, render_second_chance
from twinkeel.render.systemd import LINGER_PROGRAM
from twinkeel.topology.model import LoadBalancer, Topology

FOLDER = "/run/twinkeel/lent"
LENT_PROGRAM, LENT_CONFIG = f"{FOLDER}/second-chance", f"{FOLDER}/second-chance.json"
# /run may be mounted without the right to execute.
LENT_COMMAND = f"/usr/bin/python3 {LENT_PROGRAM} --config {LENT_CONFIG}"
_UNIT_PATH = f"/run/systemd/system/{LINGER_UNIT}"
# $1 the file, $2 what it gets.
_WRITE = 'mkdir -p "${1%/*}" && printf %s "$2" > "$1"'


async def lend_linger(writer: Writer, topology: Topology, balancer: LoadBalancer) -> None:
    """Put there what `twinkeel.vip.steering` looks for; nothing where the spec has no `second_chance`.

    Raises:
        HostError: the host cannot be told.
    """
    files = list(_files(topology, balancer))
    for path, content in files:
        (await writer.change(balancer.machine, ("sh", "-c", _WRITE, "sh", path, content))).checked()
    if files:
        (await writer.change(balancer.machine, ("systemctl", "daemon-reload"))).checked()


async def take_back_linger(writer: Writer, balancer: LoadBalancer) -> None:
    """Remove it: the load balancer has its own by now. Whoever lingers goes on."""
    await asyncio.shield(writer.change(balancer.machine, ("rm", "-rf", FOLDER, _UNIT_PATH)))


def _files(topology: Topology, balancer: LoadBalancer) -> Iterator[tuple[str, str]]:
    rendered = {file.path: file.content for file in render_second_chance(topology, balancer)}
    if rendered:
        yield LENT_PROGRAM, rendered[LINGER_PROGRAM]
        yield LENT_CONFIG, rendered[CONFIG_PATH]
        yield _UNIT_PATH, linger_unit(topology, balancer, LENT_COMMAND)
