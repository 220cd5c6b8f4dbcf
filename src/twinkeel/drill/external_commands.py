"""Cutting and restoring a host's power and network, by the commands that the spec names."""

import asyncio
import shlex
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process

from twinkeel.drill.fault import Scene
from twinkeel.errors import ToolError
from twinkeel.topology.model import Machine

COMMAND_DEADLINE = 120.0


async def power_off(scene: Scene, machine: Machine) -> None:
    """Raises ToolError; nothing happens without a command, which `needs` forbids."""
    if scene.topology.power is not None:
        await run_external_command(scene.topology.power.off, machine.name)


async def power_on(scene: Scene, machine: Machine) -> None:
    """Raises ToolError."""
    if scene.topology.power is not None:
        await run_external_command(scene.topology.power.on, machine.name)


async def target_power_off(scene: Scene) -> None:
    """A fault's `inject`. Raises ToolError."""
    await power_off(scene, scene.target)


async def target_power_on(scene: Scene) -> str:
    """Its `heal`. Raises ToolError."""
    await power_on(scene, scene.target)
    return ""


async def link_down(scene: Scene, machine: Machine) -> None:
    """Raises ToolError."""
    if scene.topology.link is not None:
        await run_external_command(scene.topology.link.cut, machine.name)


async def link_up(scene: Scene, machine: Machine) -> None:
    """Raises ToolError."""
    if scene.topology.link is not None:
        await run_external_command(scene.topology.link.restore, machine.name)


async def run_external_command(command: str, host: str) -> None:
    """Run a power or link command of the spec, without a shell; `{host}` becomes the host's short name.

    It has a session of its own and is waited for even when the drill is interrupted: a host may not be left half on.

    Raises:
        ToolError: the program is missing, fails, or does not end within two minutes.
    """
    argv = [part.replace("{host}", host) for part in shlex.split(command)]
    where, hint = shlex.join(argv), "try the command by hand; it comes from `power` or `link` in the spec"
    # Its start is shielded, too: asyncio kills a child whose start is cancelled.
    start = asyncio.create_subprocess_exec(*argv, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True)
    begun = asyncio.ensure_future(start)
    talk = asyncio.create_task(_output(begun))
    try:
        output = await asyncio.wait_for(asyncio.shield(talk), COMMAND_DEADLINE)
    except asyncio.CancelledError:
        await asyncio.wait((talk,), timeout=COMMAND_DEADLINE)
        raise
    except TimeoutError:
        process = await begun
        process.kill()
        await talk
        raise ToolError(f"a switch command did not end within {COMMAND_DEADLINE:g} s", where=where, hint=hint) from None
    except OSError as error:
        raise ToolError(f"a switch command cannot be run: {error.strerror}", where=where, hint=hint) from error
    process = begun.result()
    if process.returncode != 0:
        lines = output.decode(errors="replace").strip().splitlines()
        reason = f": {lines[-1]}" if lines else ""
        raise ToolError(f"a switch command ended with {process.returncode}{reason}", where=where, hint=hint)


async def _output(begun: asyncio.Future[Process]) -> bytes:
    process = await begun
    return (await process.communicate())[0]
