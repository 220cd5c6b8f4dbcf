"""Use case: what `apply` would do, found out by reading alone."""

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.plan.make_plan import make_plan
from twinkeel.plan.model import FileChange, HostPlan, Plan, as_json

__all__ = ["FileChange", "HostPlan", "Plan", "as_json", "plan"]


async def plan(context: Context) -> Plan:
    """The plan; a load balancer that cannot be asked is part of it.

    Raises:
        SpecError: a password is missing.
        HostError: nobody could say whether the cluster has a certificate authority yet.
    """
    async with ClusterHosts(context).reading() as hosts:
        return await make_plan(context.topology, hosts, context.secrets)
