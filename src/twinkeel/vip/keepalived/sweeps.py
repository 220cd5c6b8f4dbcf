"""Changes of how advertisements are signed: some sweeps over all load balancers, so that they hear each other at every moment.

Keepalived that does not know the key drops a signed advertisement, and one that enforces drops the others. So all learn the key
first (receive-only), then all sign (permissive), then all insist (enforce); back again the other way, and from one key to another
by a while with both. Whatever else the spec changes comes with the first sweep. Pure.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain, product

from twinkeel.render.vrrp_authentication import NONE, Authentication, Mode, with_authentication
from twinkeel.vip.backend import RunningConfig, Sweep
from twinkeel.vip.keepalived.authentication import authentication_of
from twinkeel.vip.keepalived.live_file import agree_on_router_ids, router_ids, vrrp_lines

# The strictest first: of two ways of one length that one is taken.
MODES: tuple[Mode, ...] = ("enforce", "permissive", "receive-only")
DESCRIPTIONS: Mapping[Mode, str] = {
    "none": "nobody signs advertisements, nor has a key",
    "receive-only": "everybody has the key, and signs nothing yet or any more",
    "permissive": "everybody signs advertisements, and takes unsigned ones, too",
    "enforce": "everybody signs advertisements, and takes signed ones alone",
}


def sweeps(live: Collection[RunningConfig], wanted: Sequence[str]) -> tuple[Sweep, ...]:
    """What all shall have, one sweep after the other, the wanted files last; empty where those may come at once.

    So it is, too, where nothing helps against load balancers that do not understand each other: then those with new files stay in
    standby (`twinkeel.plan.model.HostPlan.incompatible_with`).
    """
    path = _way(live, wanted)
    last = tuple(Sweep(_describe(authentication_of(text)), lambda config: config) for text in wanted[:1])
    return (*(_sweep(step) for step in path), *last) if path else ()


def _sweep(step: Authentication) -> Sweep:
    return Sweep(_describe(step), lambda config: with_authentication(config, step), private=bool(step.keys))


def _describe(step: Authentication) -> str:
    return DESCRIPTIONS[step.mode] + (" (with the old key or the new one)" if len(step.keys) > 1 else "")


def _way(live: Collection[RunningConfig], wanted: Sequence[str]) -> tuple[Authentication, ...]:
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
