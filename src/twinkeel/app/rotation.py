"""Use cases: a control-plane host leaves the rotation of every load balancer, and comes back."""

from twinkeel.app.context import Context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.app.nodes import control_plane_host
from twinkeel.rotation import drain as rotation
from twinkeel.rotation.drain import RotationResult
from twinkeel.topology.model import Machine

__all__ = ["RotationResult", "control_plane_host", "drain", "undrain"]


async def drain(context: Context, node: Machine, *, timeout: float, force: bool) -> RotationResult:
    """No new connections for `node` on any load balancer; see `twinkeel.rotation.drain.drain`, for `timeout` and `force`, too.

    Raises:
        LockedError: another run works on these load balancers.
        UsageError, HostError, VerificationError: see there.
    """
    async with ClusterHosts(context).changing(f"twinkeel drain {node.name}") as hosts:
        return await rotation.drain(context.topology, hosts, node, timeout=timeout, force=force, on_event=context.on_event)


async def undrain(context: Context, node: Machine, *, timeout: float) -> RotationResult:
    """`node` gets connections again on every load balancer; see `twinkeel.rotation.drain.undrain`, for `timeout`, too.

    Raises:
        LockedError: another run works on these load balancers.
        HostError, VerificationError: see there.
    """
    async with ClusterHosts(context).changing(f"twinkeel undrain {node.name}") as hosts:
        return await rotation.undrain(context.topology, hosts, node, timeout=timeout, on_event=context.on_event)
