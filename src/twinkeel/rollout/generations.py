"""The generations that load balancers keep: what they had before each change, to list and to go back to."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import Reader
from twinkeel.observe.host_state import GENERATIONS
from twinkeel.render.files import RenderedFile
from twinkeel.topology.model import Machine, Topology

NEXT_SWEEP = ", next sweep"
"""After the command in what is noted, where one run replaces files more than once: what it replaced then is half of its way."""

_LIST = """
import json, os, sys
folder, found = sys.argv[1], []
for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
    try:
        with open(os.path.join(folder, name, "generation.json")) as file:
            found.append(json.load(file))
    except (OSError, ValueError):
        continue
print(json.dumps(found))
"""

_READ = """
import base64, json, os, sys
with open(os.path.join(sys.argv[1], "generation.json")) as file:
    files = json.load(file)["files"]
for entry in files:
    with open(os.path.join(sys.argv[1], entry["kept_as"]), "rb") as file:
        entry["content"] = base64.b64encode(file.read()).decode()
print(json.dumps(files))
"""


@dataclass(frozen=True)
class Generation:
    """What the load balancers had until a run replaced it.

    `replaced_at`, `replaced_by` and `command` tell of that run. `applied_at` and `applied_by` tell of the run that had installed
    these files; they are empty when it was not Twinkeel. `hosts` have it whole; `missing` do not have it, or had no Twinkeel yet.
    """

    number: int
    replaced_at: str
    replaced_by: str
    command: str
    applied_at: str
    applied_by: str
    hosts: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every load balancer can go back to it."""
        return not self.missing


async def list_generations(reader: Reader, topology: Topology) -> tuple[Generation, ...]:
    """Every generation that any load balancer keeps, oldest first.

    Raises:
        HostError: a load balancer cannot be asked.
    """
    machines = [balancer.machine for balancer in topology.load_balancers]
    answers = await asyncio.gather(*(_ask(reader, machine, _LIST, GENERATIONS) for machine in machines))
    names = [machine.name for machine in machines]
    return merge({name: {meta["number"]: meta for meta in metas} for name, metas in zip(names, answers, strict=True)})


def merge(found: Mapping[str, Mapping[int, Mapping[str, Any]]]) -> tuple[Generation, ...]:
    """What each host keeps by number, as generations of all of them together."""
    generations = []
    for number in sorted({number for metas in found.values() for number in metas}):
        having = {name: metas[number] for name, metas in found.items() if number in metas and not metas[number]["bare"]}
        meta = next(iter(having.values()), None) or next(metas[number] for metas in found.values() if number in metas)
        live = meta["live"]
        missing = tuple(name for name in found if name not in having)
        metadata = (meta.get("when", ""), meta.get("who", ""), meta.get("command", ""), live.get("when", ""), live.get("who", ""))
        generations.append(Generation(number, *metadata, tuple(having), missing))
    return tuple(generations)


def choose(generations: tuple[Generation, ...], number: int | None) -> Generation:
    """The generation of that number; without one, the newest that is whole and not half of a way.

    Raises:
        UsageError: there is no such generation.
        HostError: some load balancer does not have it.
    """
    listed = "`twinkeel rollback --list` shows what there is"
    if number is None:
        complete = [each for each in generations if each.complete and not each.command.endswith(NEXT_SWEEP)]
        if not complete:
            raise HostError("there is nothing to go back to: no generation is kept on every load balancer", hint=listed)
        return complete[-1]
    for generation in generations:
        if generation.number == number:
            if generation.complete:
                return generation
            names = " and ".join(generation.missing)
            hint = "going back would leave it alone with other settings; change the spec and run `twinkeel apply` instead"
            raise HostError(f"{names} has no generation {number} of Twinkeel's", where=GENERATIONS, hint=hint)
    raise UsageError(f"there is no generation {number}", hint=listed)


async def read_generation(reader: Reader, machine: Machine, number: int) -> tuple[RenderedFile, ...]:
    """A host's files as that generation has them, sorted by path.

    Raises:
        HostError: it cannot be read.
    """
    entries = await _ask(reader, machine, _READ, f"{GENERATIONS}/{number:04d}")
    files = (
        RenderedFile(entry["path"], base64.b64decode(entry["content"]).decode(), entry["mode"], entry["owner"], entry["group"])
        for entry in entries
    )
    return tuple(sorted(files, key=lambda file: file.path))


async def _ask(reader: Reader, machine: Machine, program: str, argument: str) -> list[dict[str, Any]]:
    result = await reader.run(machine, ["python3", "-c", program, argument])
    answer: list[dict[str, Any]] = json.loads(result.checked("its generations could not be read").stdout)
    return answer
