"""Whatever two to five load balancers hold and are, the order of work leaves somebody to serve at every moment."""

from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from twinkeel.plan.order import batches
from twinkeel.vip.backend import LiveSettings
from twinkeel.vip.balancer_state import BalancerState

VIPS = tuple(ip_address(f"192.168.1.{end}") for end in (110, 120, 130))


@st.composite
def pairs(draw: st.DrawFn) -> dict[str, BalancerState]:
    """Two to five load balancers; each virtual IP is on one of them, or on none."""
    names = [f"lb-{number}" for number in range(1, draw(st.integers(2, 5)) + 1)]
    holder = {vip: draw(st.sampled_from([*names, ""])) for vip in VIPS}
    flags = st.booleans()
    return {
        name: BalancerState(
            name,
            tuple(vip for vip in VIPS if holder[vip] == name),
            *(draw(flags), draw(flags), draw(flags), draw(flags)),
            *(draw(st.integers(0, 3)), LiveSettings("standby", frozenset(), frozenset())),
        )
        for name in names
    }


@given(pairs())
def test_the_order_of_work(observed: dict[str, BalancerState]) -> None:
    groups = batches(list(observed), observed)
    worked_on = [name for group in groups for name in group]
    assert sorted(worked_on) == sorted(observed), "everybody once"
    assert len(groups) > 1, "never all at once"
    assert len(groups[0]) == 1, "a canary first, alone"
    holding = [name for name in worked_on if observed[name].holds]
    assert worked_on[len(worked_on) - len(holding) :] == holding, "who holds a virtual IP comes after all who hold none"
    assert all(len(group) == 1 for group in groups if observed[group[0]].holds), "each holder by itself"
    fit = [name for name in worked_on if not observed[name].holds and observed[name].may_take_over]
    assert not fit or observed[groups[0][0]].may_take_over, "a canary that can take over, where there is one"
    assert [len(observed[name].holds) for name in holding] == sorted(len(observed[name].holds) for name in holding)
