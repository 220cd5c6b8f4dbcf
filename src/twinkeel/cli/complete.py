"""What a shell offers when a word is completed: hosts of the spec, scenarios, codes, labs. Nothing is asked over the network.

    eval "$(_TWINKEEL_COMPLETE=bash_source twinkeel)"      (zsh_source, fish_source for other shells)

Trouble while completing is nobody's business: a spec that cannot be read offers no names.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
import typer

from twinkeel.cli.options import DEFAULT_SPEC

if TYPE_CHECKING:
    from twinkeel.topology.model import Topology

Complete = Callable[[typer.Context, str], list[str]]


def _topology(context: click.Context) -> "Topology | None":
    """Of the spec that the command line names so far."""
    from twinkeel.source import SourceFile
    from twinkeel.spec.load import load
    from twinkeel.topology.build import build

    path = Path((context.params.get("file") or DEFAULT_SPEC)[-1])
    with suppress(OSError, ValueError):
        loaded = load(SourceFile(str(path), path.read_text()))
        if loaded.readable is not None:
            return build(loaded.readable, path.parent)
    return None


def _starting(words: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in dict.fromkeys(words) if word.lower().startswith(incomplete.lower())]


def load_balancers(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of load balancers."""
    topology = _topology(ctx)
    return _starting((each.machine.name for each in topology.load_balancers), incomplete) if topology else []


def control_plane(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of control-plane hosts."""
    topology = _topology(ctx)
    return _starting((each.name for each in topology.control_plane), incomplete) if topology else []


def nodes(ctx: typer.Context, incomplete: str) -> list[str]:
    """Names of control-plane hosts and workers."""
    topology = _topology(ctx)
    return _starting((each.name for each in (*topology.control_plane, *topology.workers)), incomplete) if topology else []


def virtual_ips(ctx: typer.Context, incomplete: str) -> list[str]:
    """Virtual IPs, without their prefix lengths."""
    topology = _topology(ctx)
    return _starting((str(vip.ip) for vip in topology.endpoint.vips), incomplete) if topology else []


def scenarios(incomplete: str) -> list[str]:
    """Names of faults that drills inject."""
    from twinkeel.app.drill_choice import FAULTS

    return _starting(("all", *(fault.id for fault in FAULTS)), incomplete)


def codes(incomplete: str) -> list[str]:
    """Every code that `explain` knows."""
    from twinkeel.app.explain_code import codes as known

    return _starting(known(), incomplete)


def checks(incomplete: str) -> list[str]:
    """Ids of preflight's checks."""
    from twinkeel.app.preflight import CHECKS

    return _starting((check.id for check in CHECKS), incomplete)


def configurations(incomplete: str) -> list[str]:
    """Configurations of the bench."""
    from twinkeel.app.bench_choice import CONFIGURATIONS

    return _starting((each.id for each in CONFIGURATIONS), incomplete)


def labs(incomplete: str) -> list[str]:
    """Names of the labs on this machine."""
    from twinkeel.lab.state import names

    return _starting(names(), incomplete)


def lab_hosts(ctx: typer.Context, incomplete: str) -> list[str]:
    """Hosts of the lab that is named, or of the only one."""
    from twinkeel.lab.state import load_layout, names, paths_of

    there = names()
    name = ctx.params.get("name") or (there[0] if len(there) == 1 else None)
    if name not in there:
        return []
    return _starting((host.name for host in load_layout(paths_of(name)).hosts), incomplete)
