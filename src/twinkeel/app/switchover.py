"""Use case: virtual IPs move to another load balancer on purpose."""

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.spec.fields import IPAddress
from twinkeel.vip import switchover as procedure
from twinkeel.vip.switchover import SwitchoverResult, check_names

__all__ = ["SwitchoverResult", "switchover"]


async def switchover(context: Context, *, to: str | None = None, vip: IPAddress | None = None) -> SwitchoverResult:
    """Move virtual IPs to `to`, or to whoever takes what the holder of `vip` (default: the first one) has.

    Raises:
        UsageError: there is no such load balancer or virtual IP.
        LockedError: another run works on these load balancers.
        HostError, VerificationError: see `twinkeel.vip.switchover.switchover`.
    """
    wanted = check_names(context.topology, to, vip)
    async with ClusterHosts(context).changing("twinkeel switchover" + (f" --to {to}" if to else "")) as hosts:
        return await procedure.switchover(context.topology, hosts, context.on_event, to=to, vip=wanted)
