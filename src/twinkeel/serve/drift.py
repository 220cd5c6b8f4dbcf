"""Whether load balancers have what the spec says, without what stands in their files: that is nobody's business on a page."""

import logging
from dataclasses import dataclass

from twinkeel.errors import HostError, TwinkeelError
from twinkeel.hosts.executor import Reader
from twinkeel.plan.make_plan import make_plan
from twinkeel.plan.model import HostPlan
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology

_LOG = logging.getLogger(__name__)
"""Nobody sets it up, so it goes to standard error: with the unit, to the journal."""


@dataclass(frozen=True)
class Drift:
    """Of one load balancer: what `apply` would change, a line each; `unknown` is why that could not be found out."""

    changes: tuple[str, ...] = ()
    unknown: str = ""


async def find_drift(topology: Topology, reader: Reader, secrets: Secrets | TwinkeelError) -> dict[str, Drift]:
    """By load balancer. What cannot be found out is part of the answer."""
    names = [balancer.machine.name for balancer in topology.load_balancers]
    if isinstance(secrets, TwinkeelError):
        return dict.fromkeys(names, Drift(unknown=secrets.what))
    try:
        plan = await make_plan(topology, reader, secrets)
    except HostError as error:
        return dict.fromkeys(names, Drift(unknown=error.what))
    except Exception as error:
        # A host may answer anything, and the page goes on; whether it was that or we, the log tells.
        _LOG.exception("drift of %s cannot be looked for", topology.name)
        return dict.fromkeys(
            names, Drift(unknown=f"a host's answer makes no sense, or a defect ({type(error).__name__}): see the log")
        )
    return {host.name: Drift(_changes(host), host.problem) for host in plan.hosts}


def _changes(host: HostPlan) -> tuple[str, ...]:
    return (
        *(f"{change.path}: {change.kind}" for change in host.files),
        *(f"package {name} is not installed" for name in host.packages or {}),
        *(f"service {unit}: {action} needed" for unit, action in host.needed_actions.items()),
        *(f"not in the spec: {len(host.foreign)} settings of somebody else" for _ in host.foreign[:1]),
    )
