"""Changes of how advertisements are signed: some sweeps over all load balancers, so that they hear each other at every moment.

Keepalived that does not know the key drops a signed advertisement, and one that enforces drops the others. So all learn the key
first (receive-only), then all sign (permissive), then all insist (enforce); back again the other way, and from one key to another
by a while with both. Whatever else the spec changes comes with the first sweep. Pure.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product

from twinkeel.observe.host_state import HostState
from twinkeel.plan.model import Desired
from twinkeel.plan.unit_actions import RUNNING, UnitFile, digests
from twinkeel.render.files import RenderedFile
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.render.services import reader_of
from twinkeel.render.vrrp_authentication import NONE, Authentication, Mode, with_authentication
from twinkeel.vip.balancer_state import text_of
from twinkeel.vip.keepalived.authentication import authentication_of
from twinkeel.vip.keepalived.live_file import agree_on_router_ids, router_ids, vrrp_lines

# The strictest first: of two ways of one length that one is taken.
MODES: tuple[Mode, ...] = ("enforce", "permissive", "receive-only")
SWEEP_DESCRIPTIONS: Mapping[Mode, str] = {
    "none": "nobody signs advertisements, nor has a key",
    "receive-only": "everybody has the key, and signs nothing yet or any more",
    "permissive": "everybody signs advertisements, and takes unsigned ones, too",
    "enforce": "everybody signs advertisements, and takes signed ones alone",
}


@dataclass(frozen=True)
class Live:
    """What a load balancer has: its keepalived.conf, and whether its Keepalived runs with that."""

    config: str
    settled: bool


def live_of(state: HostState) -> Live:
    """A Keepalived that does not run has nothing to take in; one of which nothing is noted may run with another file."""
    there = [(path, found.content) for path, found in state.files.items() if found is not None]
    has = digests([UnitFile(path, content, *reader_of(path)) for path, content in there], ["keepalived"])["keepalived"]
    runs = any(f"ActiveState={active}" in state.units.get("keepalived", "").splitlines() for active in RUNNING)
    recorded = state.notes.get("keepalived", {})
    return Live(text_of(state, CONFIG_PATH), not runs or recorded.get("reload") == has["reload"])


def way(live: Collection[Live], desired: Desired) -> tuple[Authentication, ...]:
    """What all shall have in between, one sweep after the other; empty where the wanted files may come at once.

    So it is, too, where nothing helps against load balancers that do not hear each other: then they stand aside
    (`HostPlan.incompatible_with`).
    """
    wanted = [file.content for files in desired.rendered.hosts.values() for file in files if file.path == CONFIG_PATH]
    have = [each for each in live if each.config]
    if any(not _same_but_for_keys(each.config, text) for each, text in product(have, wanted)):
        return ()
    start, targets = {authentication_of(each.config) for each in have}, {authentication_of(text) for text in wanted}
    paths = _paths(frozenset(start), frozenset(targets), all(each.settled for each in have))
    return next((path for path in paths if _can_be_written(path, wanted)), ())


def _same_but_for_keys(have: str, wanted: str) -> bool:
    return vrrp_lines(have) == vrrp_lines(wanted) and agree_on_router_ids(router_ids(have), router_ids(wanted))


def _paths(
    have: frozenset[Authentication], targets: frozenset[Authentication], settled: bool
) -> Iterator[tuple[Authentication, ...]]:
    """Every way, the shortest first. A Keepalived that may not run with its file gets it before anything else changes."""
    steps = list(_steps(have | targets))
    ways: list[tuple[tuple[Authentication, ...], frozenset[Authentication]]] = [((), have)]
    left = set(steps)
    while ways:
        for path, at in ways:
            if _all_understand(at | targets) and (settled or path or targets <= have):
                yield path
        reached = [(*path, step) for path, at in ways for step in steps if step in left and _may_follow(step, path, at, settled)]
        ways = [(path, frozenset({path[-1]})) for path in reached]
        left -= {path[-1] for path in reached}


def _may_follow(step: Authentication, path: Sequence[Authentication], at: frozenset[Authentication], settled: bool) -> bool:
    return _all_understand(at | {step}) and (settled or bool(path) or step in at)


def _all_understand(these: frozenset[Authentication]) -> bool:
    return all(one.understands(other) for one, other in product(these, these))


def _steps(known: Collection[Authentication]) -> Iterator[Authentication]:
    """Everything that all could have: each key alone, and two of them together, in each mode."""
    keys = sorted(set(chain.from_iterable(each.keys for each in known)))
    for one, other in product(keys, keys):
        if one == other or one[0] != other[0]:
            yield from (Authentication(mode, frozenset({one, other}), one[0]) for mode in MODES)
    yield NONE


def _can_be_written(path: Sequence[Authentication], wanted: Sequence[str]) -> bool:
    """Not where raw lines of the user's own hold an `auth_hmac`: that is not ours to change."""
    changed = [with_authentication(text, step) for step, text in product(path, wanted)]
    blocks = [0 if step == NONE else text.count("\nvrrp_instance ") for step, text in product(path, wanted)]
    return [text.count("auth_hmac {") for text in changed] == blocks


def with_step(desired: Desired, step: Authentication) -> Desired:
    """The wanted files, signing as `step` says."""
    hosts = {
        name: tuple(_file(file, step) if file.path == CONFIG_PATH else file for file in files)
        for name, files in desired.rendered.hosts.items()
    }
    return replace(desired, rendered=replace(desired.rendered, hosts=hosts))


def _file(file: RenderedFile, step: Authentication) -> RenderedFile:
    return replace(file, content=with_authentication(file.content, step), mode=0o600 if step.keys else file.mode)


def describe_sweeps(path: Sequence[Authentication], desired: Desired) -> tuple[str, ...]:
    """What each sweep does, the last one to the wanted files among them; empty where there is one sweep alone."""
    if not path:
        return ()
    wanted = [file.content for files in desired.rendered.hosts.values() for file in files if file.path == CONFIG_PATH]
    steps = [*path, *(authentication_of(text) for text in wanted[:1])]
    return tuple(f"sweep {number} of {len(steps)}: {_describe(step)}" for number, step in enumerate(steps, 1))


def _describe(step: Authentication) -> str:
    return SWEEP_DESCRIPTIONS[step.mode] + (" (with the old key or the new one)" if len(step.keys) > 1 else "")
