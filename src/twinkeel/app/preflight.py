"""Use case: whether every host is as an apply needs it."""

from collections.abc import Sequence

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.preflight import preflight as checks_of_hosts
from twinkeel.preflight.checks import CHECKS
from twinkeel.preflight.model import Check, Checked, Finding, Preflight, as_json
from twinkeel.preflight.preflight import select

__all__ = ["CHECKS", "Check", "Checked", "Finding", "Preflight", "as_json", "preflight", "select"]


async def preflight(context: Context, checks: Sequence[Check]) -> Preflight:
    """What came of the checks that `select` chose. A host that cannot be asked is part of it; nothing is changed."""
    async with ClusterHosts(context).reading() as hosts:
        return await checks_of_hosts.preflight(hosts, context.topology, checks)
