"""What is different between two snapshots of one cluster, in words. Pure."""

from collections.abc import Iterator, Mapping

from twinkeel.status.snapshot import LoadBalancerState, Snapshot


def changes(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """A line for each thing that is not as it was, holders first."""
    return (
        *_different(_holders(before), _holders(after)),
        *_different(_states(before), _states(after)),
        *_different(_haproxys(before), _haproxys(after)),
        *_different(_servers(before), _servers(after)),
        *_different(_api_servers(before), _api_servers(after)),
    )


def _different(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for name, now in after.items():
        if (then := before.get(name, now)) != now:
            yield f"{name}: {then} -> {now}"


def _holders(snapshot: Snapshot) -> dict[str, str]:
    return {vip.address: ", ".join(vip.holders) or snapshot.no_holder for vip in snapshot.vips}


def _states(snapshot: Snapshot) -> dict[str, str]:
    return {each.name: each.vrrp_state for each in snapshot.load_balancers}


def _asked(snapshot: Snapshot) -> list[LoadBalancerState]:
    """Nothing else of a host that cannot be asked is known to have changed."""
    return [each for each in snapshot.load_balancers if each.vrrp_state != "UNREACHABLE"]


def _haproxys(snapshot: Snapshot) -> dict[str, str]:
    return {f"{each.name}: haproxy": each.haproxy for each in _asked(snapshot)}


def _servers(snapshot: Snapshot) -> dict[str, str]:
    return {f"{each.name}: {server.name}": server.status for each in _asked(snapshot) for server in each.backends}


def _api_servers(snapshot: Snapshot) -> dict[str, str]:
    return {
        f"{each.name}: API server": "ready" if each.ready else "not ready" if each.known else "not known"
        for each in snapshot.control_plane
    }
