"""Changes that take several sweeps over all load balancers: what a sweep writes, and what a plan says of it. Pure.

Which sweeps there are is the mechanism's own affair (`twinkeel.vip.backend.VipBackend.sweeps`).
"""

from collections.abc import Sequence
from dataclasses import replace

from twinkeel.observe.host_state import HostState
from twinkeel.plan.model import Desired
from twinkeel.plan.unit_actions import RUNNING, UnitFile, digests
from twinkeel.render.files import RenderedFile
from twinkeel.render.services import reader_of
from twinkeel.vip.backend import RunningConfig, Sweep, VipBackend
from twinkeel.vip.balancer_state import text_of


def running_config(backend: VipBackend, state: HostState) -> RunningConfig:
    """A daemon that does not run has nothing to take in; one of which nothing is recorded may run with another file."""
    unit = backend.unit
    there = [UnitFile(path, found.content, *reader_of(path)) for path, found in state.files.items() if found is not None]
    runs = any(f"ActiveState={active}" in state.units.get(unit, "").splitlines() for active in RUNNING)
    settled = state.notes.get(unit, {}).get("reload") == digests(there, [unit])[unit]["reload"]
    return RunningConfig(text_of(state, backend.config_path), not runs or settled)


def wanted_configs(backend: VipBackend, desired: Desired) -> list[str]:
    """The file of every load balancer that the mechanism's daemon reads."""
    return [file.content for files in desired.rendered.hosts.values() for file in files if file.path == backend.config_path]


def in_sweep(backend: VipBackend, desired: Desired, sweep: Sweep) -> Desired:
    """The wanted files as they are after a sweep."""

    def rewritten(file: RenderedFile) -> RenderedFile:
        return replace(file, content=sweep.rewrite(file.content), mode=0o600 if sweep.private else file.mode)

    hosts = {
        name: tuple(rewritten(file) if file.path == backend.config_path else file for file in files)
        for name, files in desired.rendered.hosts.items()
    }
    return replace(desired, rendered=replace(desired.rendered, hosts=hosts))


def titles(sweeps: Sequence[Sweep]) -> tuple[str, ...]:
    """What each sweep does, in words."""
    return tuple(f"sweep {number} of {len(sweeps)}: {sweep.title}" for number, sweep in enumerate(sweeps, 1))
