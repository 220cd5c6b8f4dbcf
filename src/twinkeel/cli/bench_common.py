"""What the bench commands share: everything that a bench needs, and how its table is shown."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from twinkeel.cli.options import Format

if TYPE_CHECKING:
    from rich.console import Console

    from twinkeel.bench.configurations import Configuration
    from twinkeel.bench.run import Bench
    from twinkeel.drill.fault import Fault
    from twinkeel.spec.secrets import Secrets
    from twinkeel.topology.model import Topology


def load_variants(file: Path) -> "tuple[Topology, Secrets, Mapping[str, Topology]]":
    """The system of the spec, its passwords, and the same system with each profile of ours, no timer of the spec's own in force.

    Raises SpecError (exit 2) when the spec is not valid.
    """
    import os

    from twinkeel.bench.configurations import CONFIGURATIONS
    from twinkeel.cli.load import load_topology_and_secrets, valid_spec, with_environment
    from twinkeel.spec.document import read_source
    from twinkeel.spec.failover_defaults import TIMERS
    from twinkeel.topology.build import build

    topology, secrets = load_topology_and_secrets(file)
    spec = with_environment(valid_spec(read_source(file)), os.environ)
    none_given = dict.fromkeys(("advert_interval", *TIMERS["fast"]))
    variants = {}
    for each in CONFIGURATIONS:
        if each.profile is not None:
            failover = spec.failover.model_copy(update={**none_given, "profile": each.profile})
            variants[each.id] = build(spec.model_copy(update={"failover": failover}), file.parent)
    return topology, secrets, variants


async def prepare_bench(
    file: Path,
    configurations: "tuple[Configuration, ...]",
    faults: "tuple[Fault, ...]",
    trials: int,
    recovery: float,
    folder: Path,
    console: "Console",
) -> "Bench":
    """Everything that a bench needs, once the cluster could be asked; what a killed drill left is healed. Raises TwinkeelError."""
    from dataclasses import replace

    from twinkeel.bench.look import plain_look
    from twinkeel.bench.peer_files import refuse_what_peers_cannot
    from twinkeel.bench.run import Bench
    from twinkeel.cli.drill_common import drills_folder, prepare
    from twinkeel.cli.run_log import new_log
    from twinkeel.drill.heal import heal_what_is_left
    from twinkeel.hosts.ssh import SshHosts
    from twinkeel.rollout.apply import apply

    topology, secrets, variants = load_variants(file)
    if any(each.profile is None for each in configurations):
        refuse_what_peers_cannot(topology)
    drill = await prepare(topology, faults, trials, folder, console, file.read_text(encoding="utf-8"))
    ca = drill.target.ca_file.read_text(encoding="utf-8")
    await heal_what_is_left(topology, SshHosts, drills_folder(), drill.say, plain_look(ca))

    async def bring_to(wanted: "Topology") -> None:
        async with SshHosts() as hosts:
            await apply(wanted, hosts, new_log("bench", topology.name), lambda _: None, secrets=secrets, held=True)

    return Bench(replace(drill, recovery=recovery, command="twinkeel bench"), configurations, variants, bring_to, ca)


def show_columns(folder: Path, format: Format) -> None:  # noqa: A002
    """Print a bench's table, and write it beside its histories. Raises UsageError when the folder holds no bench."""
    from rich.console import Console
    from rich.table import Table

    from twinkeel.bench.results import read_columns
    from twinkeel.bench.table import EXPLANATION, as_markdown, as_object, remarks, rows, trials
    from twinkeel.drill.facts import read_facts

    columns = read_columns(folder)
    shown = as_object(columns)
    (folder / "bench.json").write_text(json.dumps(shown, indent=2) + "\n", encoding="utf-8")
    (folder / "bench.md").write_text(as_markdown(columns, read_facts(folder)), encoding="utf-8")
    if format is Format.json:
        print(json.dumps(shown))
        return
    table = Table("fault", *(column.configuration.id for column in columns))
    for row in rows(columns):
        table.add_row(*row)
    console = Console(highlight=False)
    # Rich takes 80 columns where there is no terminal, and would cut the cells.
    console.width = max(console.width, 30 + 18 * len(columns))
    console.print(table)
    console.print(f"{trials(columns)}. {EXPLANATION}", markup=False)
    for remark in remarks(columns):
        console.print(remark, markup=False)
