"""Which load balancer's word counts about who holds a virtual IP, when their words come one after the other."""

from dataclasses import replace

from twinkeel.status.snapshot import LoadBalancerState


class Claims:
    """What each load balancer said last, and since when it says that it holds an address.

    After a move the old holder's last word is out of date until its next one, which a host that is gone never says: two would seem
    to hold the address. A claim counts only when it was said again after the newest one began.
    """

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}
        self._since: dict[str, dict[str, float]] = {}

    def hear(self, state: LoadBalancerState, now: float) -> None:
        """Note what a load balancer says now; `now` is of a clock that only goes forward, in seconds."""
        before = self._since.get(state.name, {})
        self._heard[state.name] = now
        self._since[state.name] = {vip: before.get(vip, now) for vip in state.vips}

    def counted(self, state: LoadBalancerState) -> LoadBalancerState:
        """The state without the addresses of which somebody else has said since that it holds them."""
        vips = tuple(vip for vip in state.vips if self._heard[state.name] >= self._newest(vip))
        return state if vips == state.vips else replace(state, vips=vips)

    def _newest(self, vip: str) -> float:
        return max(held[vip] for held in self._since.values() if vip in held)
