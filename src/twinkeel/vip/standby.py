"""Standby: a load balancer that holds no virtual IP and takes none, until it is let go.

Two files say so on the host (`twinkeel.vip.steering`); a daemon that somebody else set up is stopped instead.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager

from twinkeel.errors import HostError, TwinkeelError
from twinkeel.hosts.executor import Writer
from twinkeel.topology.model import Machine
from twinkeel.vip.backend import HandoverMethod
from twinkeel.vip.steering import let_hold_by_hand, steer


async def enter_standby(writer: Writer, machine: Machine, handover: HandoverMethod = "standby") -> None:
    """Tell a load balancer to give its virtual IPs away and take none.

    Raises:
        HostError: it cannot be told.
    """
    (await writer.change(machine, steer(handover, standby=True))).checked()


async def leave_standby(writer: Writer, machine: Machine, handover: HandoverMethod = "standby") -> None:
    """Let a load balancer hold virtual IPs again. With `nopreempt` none comes back by that.

    Raises:
        HostError: it cannot be told.
    """
    (await writer.change(machine, steer(handover, standby=False))).checked()


class StillInStandbyError(HostError):
    """A load balancer could not be let back: it takes no virtual IP, and redundancy is lost."""


async def all_leave_standby(writer: Writer, machines: Iterable[Machine], handover: HandoverMethod = "standby") -> None:
    """Let them hold virtual IPs again, whatever else happens: not even Ctrl-C keeps it from being tried on each.

    Raises:
        StillInStandbyError: some could not be told. An error that was under way before stays to be read in the same message.
    """
    before = sys.exception()

    async def release(machine: Machine) -> HostError | None:
        try:
            await leave_standby(writer, machine, handover)
        except HostError as error:
            return error
        return None

    asked = list(machines)
    answers = await asyncio.shield(asyncio.gather(*(release(machine) for machine in asked)))
    left = {machine.name: error for machine, error in zip(asked, answers, strict=True) if error is not None}
    if left:
        raise _still_in_standby(left, handover, before)


def _still_in_standby(left: Mapping[str, HostError], handover: HandoverMethod, before: BaseException | None) -> StillInStandbyError:
    messages = [before.what] if isinstance(before, TwinkeelError) else []
    messages += [f"{name} is still in standby and takes no virtual IP: {error.what}" for name, error in left.items()]
    hint = f"on {' and '.join(left)}: {let_hold_by_hand(handover)}; or `twinkeel apply` once it can be reached"
    return StillInStandbyError("\n  ".join(messages), where=" and ".join(left), hint=hint)


@asynccontextmanager
async def held_in_standby(writer: Writer, machines: Sequence[Machine], handover: HandoverMethod = "standby") -> AsyncIterator[None]:
    """While the body runs these load balancers take no virtual IP; afterwards they may again, also after an error or Ctrl-C."""
    try:
        await asyncio.gather(*(enter_standby(writer, machine, handover) for machine in machines))
        yield
    finally:
        await all_leave_standby(writer, machines, handover)
