"""Use case: the load balancers get what the spec says."""

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.app.run_log import log_of
from twinkeel.rollout import apply as rollout
from twinkeel.rollout.run import ApplyResult

__all__ = ["ApplyResult", "apply"]


async def apply(context: Context, *, preflight: bool = True, discard: bool = False) -> ApplyResult:
    """Install and configure HAProxy and the VIP daemon (VRRP or BGP) on every load balancer, standby first, and verify the result.

    Args:
        preflight: make the checks first that protect an apply.
        discard: what files that somebody else wrote do, and nothing replaces, may end.

    Raises:
        SpecError: a password is missing.
        UsageError: something would end, and `discard` does not allow it.
        LockedError, HostError, ToolError, VerificationError: see `twinkeel.rollout.apply.apply`.
    """
    # The rollout takes the lock itself.
    async with ClusterHosts(context).open() as hosts:
        return await rollout.apply(
            context.topology,
            hosts,
            log_of(context, "apply"),
            context.on_event,
            secrets=context.secrets,
            break_lock=context.break_lock,
            preflight=preflight,
            discard=discard,
        )
