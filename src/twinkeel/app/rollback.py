"""Use case: the load balancers get back what they had."""

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.app.run_log import log_of
from twinkeel.rollout import generations
from twinkeel.rollout import rollback as rollout
from twinkeel.rollout.generations import Generation
from twinkeel.rollout.rollback import RollbackResult

__all__ = ["Generation", "RollbackResult", "list_generations", "rollback"]


async def list_generations(context: Context) -> tuple[Generation, ...]:
    """What the load balancers keep, the oldest first. Raises HostError."""
    async with ClusterHosts(context).reading() as hosts:
        return await generations.list_generations(hosts, context.topology)


async def rollback(context: Context, number: int | None = None) -> RollbackResult:
    """Bring the load balancers to generation `number`, or to the newest one.

    Raises:
        UsageError: there is no such generation.
        LockedError, HostError, ToolError, VerificationError: see `twinkeel.rollout.rollback.rollback`.
    """
    # The rollout takes the lock itself, under the number of the generation that it has chosen.
    async with ClusterHosts(context).open() as hosts:
        return await rollout.rollback(
            context.topology, hosts, log_of(context, "rollback"), context.on_event, number, break_lock=context.break_lock
        )
