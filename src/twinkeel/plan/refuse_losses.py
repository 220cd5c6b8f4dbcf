"""Nothing that a foreign pair does besides ends without a word of the person."""

from twinkeel.errors import UsageError
from twinkeel.plan.model import Plan
from twinkeel.vip.daemons import VRRP_DAEMON


def refuse_losses(made: Plan) -> None:
    """What a foreign pair does besides ends only when a person has read it.

    Raises:
        UsageError: something would end that nothing of ours replaces.
    """
    lost = [f"{host.name}:{ending}" for host in made.hosts for ending in host.lost]
    if lost:
        hint = (
            f"say it in the spec (services, haproxy.extra, {VRRP_DAEMON.section}.extra; `twinkeel import` writes such a spec), "
            "or let it end: "
            "twinkeel apply --discard"
        )
        listed = "".join(f"\n  {line}" for line in lost)
        raise UsageError(f"the load balancers have files that Twinkeel did not write, and this would end:{listed}", hint=hint)
