"""A cluster as the page draws it: plain values, JSON's. Times are milliseconds of the server's monotonic clock.

Hosts, drills and specs write some of these texts. They stay texts: nothing here or in the page makes markup of them.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from twinkeel.serve.cluster_watch import ClusterWatch
from twinkeel.serve.drift import Drift
from twinkeel.serve.drills import DrillResult
from twinkeel.serve.heard import ApiHeard
from twinkeel.serve.moves import Move
from twinkeel.serve.timeline import Entry
from twinkeel.status.backends import Backend
from twinkeel.status.bgp_sessions import Session
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, Snapshot

LONGEST = 400
NEAR = 10.0
MOVES_SHOWN = 8

Value = dict[str, Any]


def cluster_view(watch: ClusterWatch, drills: Sequence[DrillResult]) -> Value:
    """Everything of one cluster but its timeline."""
    snapshot, topology = watch.snapshot, watch.subject.topology
    known = snapshot is not None and watch.complete
    return {
        "id": cluster_id(watch),
        "name": clean(topology.name),
        "endpoint": clean(f"{topology.endpoint.name}:{topology.endpoint.port}"),
        "announced": topology.bgp is not None,
        "level": _level(watch) if known else "unknown",
        "problems": _problems(watch) if known else [],
        "vips": [] if snapshot is None else [_vip(watch, number, snapshot) for number in range(len(snapshot.vips))],
        "balancers": [] if snapshot is None else [_balancer(watch, state) for state in snapshot.load_balancers],
        "servers": [] if snapshot is None else [_server(host) for host in snapshot.control_plane],
        "services": [] if snapshot is None else list(_services(snapshot)),
        "drift_at": ms(watch.drift_at),
        "moves": [_move(watch, move) for move in _last_moves(watch)],
        "drills": [_drill(result) for result in drills],
    }


def cluster_id(watch: ClusterWatch) -> str:
    """What names it in addresses: names of clusters may be the same."""
    return str(watch.subject.number)


def entry_view(entry: Entry, cluster: str) -> Value:
    """One line of a timeline."""
    return {"cluster": cluster, "number": entry.number, "at": ms(entry.at), "level": entry.level, "text": clean(entry.text)}


def clean(text: str) -> str:
    """At most `LONGEST` characters, and nothing that is not printed: it may come from a host that lies."""
    shown = "".join(each if each.isprintable() else " " for each in text[: LONGEST + 1])
    return shown if len(shown) <= LONGEST else shown[:LONGEST] + "…"


def ms(seconds: float | None) -> int | None:
    """Milliseconds."""
    return None if seconds is None else round(seconds * 1000)


def _level(watch: ClusterWatch) -> str:
    snapshot = watch.snapshot
    if snapshot is None:
        return "unknown"
    most = 1 if snapshot.exclusive else len(snapshot.load_balancers)
    if any(not vip.ready or len(vip.holders) > most or not (vip.holders or snapshot.not_asked) for vip in snapshot.vips):
        return "bad"
    drifted = any(drift.changes for drift in watch.drift.values())
    return "warn" if snapshot.problems or snapshot.warnings or drifted else "good"


def _problems(watch: ClusterWatch) -> list[Value]:
    """What clients feel first, then what costs redundancy, then what can wait."""
    snapshot = watch.snapshot
    if snapshot is None:
        return []
    felt = snapshot.endpoint_problems
    rest = (problem for problem in snapshot.problems if problem not in felt)
    drift = (_drift_line(name, drift) for name, drift in watch.drift.items() if drift.changes)
    lines = ((_level(watch), felt), ("warn", rest), ("warn", snapshot.warnings), ("warn", drift))
    return [{"level": level, "text": clean(text)} for level, texts in lines for text in texts]


def _drift_line(name: str, drift: Drift) -> str:
    count = len(drift.changes)
    return f"{name}: {count} thing{'s' if count > 1 else ''} not as the spec says: `twinkeel plan` shows them"


def _vip(watch: ClusterWatch, number: int, snapshot: Snapshot) -> Value:
    vip = snapshot.vips[number]
    return {
        "address": clean(vip.address),
        "holders": [{"name": clean(claim.name), "since": ms(claim.since)} for claim in watch.holding.get(vip.address, ())],
        "known": bool(vip.holders) or not snapshot.not_asked,
        "ready": vip.ready,
        "detail": clean(vip.detail),
    }


def _balancer(watch: ClusterWatch, state: LoadBalancerState) -> Value:
    drift = watch.drift.get(state.name)
    heard = ms(watch.balancers[state.name].heard_at)
    lingering = state.lingering
    return {
        "name": clean(state.name),
        "address": next(
            (str(each.machine.address) for each in watch.subject.topology.load_balancers if each.machine.name == state.name), ""
        ),
        "state": state.vrrp_state,
        "haproxy": clean(state.haproxy),
        "detail": clean(state.detail),
        "vips": list(map(clean, state.vips)),
        "servers": [_backend(server) for server in state.backends],
        "sessions": [_session(session) for session in state.sessions],
        "lingering": None if lingering is None else {"connections": lingering.connections, "seconds": lingering.seconds_left},
        # While nothing is heard of it, since when is news; else it would only be noise.
        "heard": heard if state.vrrp_state == "UNREACHABLE" else None,
        "drift": None if drift is None else {"changes": list(map(clean, drift.changes)), "unknown": clean(drift.unknown)},
    }


def _session(session: Session) -> Value:
    bfd = "no BFD" if session.bfd is None else f"BFD {session.bfd}"
    good = session.established and session.bfd in (None, "up")
    return {"text": clean(f"{session.router}: BGP {session.state}, {bfd}"), "level": "good" if good else "warn"}


def _backend(server: Backend) -> Value:
    drained = server.status.startswith(("DRAIN", "MAINT"))
    return {
        "name": clean(server.name),
        "status": clean(server.status),
        "check": clean(server.check),
        "level": "good" if server.up else "drained" if drained else "bad",
    }


def _server(host: ControlPlaneState) -> Value:
    return {"name": clean(host.name), "known": host.known, "ready": host.ready, "detail": clean(host.detail)}


def _services(snapshot: Snapshot) -> Iterable[Value]:
    for balancer in snapshot.load_balancers:
        for service in balancer.services:
            servers = [_backend(server) for server in service.backends]
            yield {"balancer": clean(balancer.name), "name": clean(service.name), "servers": servers}


def _last_moves(watch: ClusterWatch) -> list[Move]:
    """None where all announce a virtual IP: it goes from nobody to anybody."""
    if watch.subject.topology.bgp is not None:
        return []
    every = [move for moves in watch.moves.values() for move in moves.known]
    return sorted(every, key=lambda move: move.at, reverse=True)[:MOVES_SHOWN]


def _move(watch: ClusterWatch, move: Move) -> Value:
    return {
        "vip": clean(move.vip),
        "source": clean(move.source),
        "target": clean(move.target),
        "at": ms(move.at),
        "unheld": ms(move.unheld),
        **_felt(watch.vips[move.vip], move.at),
    }


def _felt(asked: ApiHeard, at: float) -> Value:
    """What our own requests through the virtual IP felt; None where none could be sent."""
    outage = asked.outage_near(at, NEAR)
    if not asked.sent:
        return {"failed": None, "unanswered": None}
    if outage is None:
        return {"failed": 0, "unanswered": 0}
    return {"failed": outage.failed, "unanswered": None if outage.until is None else ms(outage.until - outage.since)}


def _drill(result: DrillResult) -> Value:
    return {
        "scenario": clean(result.scenario),
        "started": clean(result.started),
        "trials": result.trials,
        "downtime": result.downtime_ms,
        "budget": result.budget_ms,
        "verdict": clean(result.verdict),
        "moved": list(map(clean, result.moved)),
    }
