"""A control-plane host loses its power."""

from twinkeel.drill.components import an_api_server
from twinkeel.drill.external_commands import target_power_off, target_power_on
from twinkeel.drill.fault import BOOT, Fault

FAULT = Fault(
    id="control-plane-power-loss",
    title="Power loss of a control-plane host",
    does="The spec's `power.off` command for one control-plane host.",
    why="A power supply or a hypervisor dies. Connections to it are not refused, they time out.",
    heals="The spec's `power.on` command.",
    # etcd's client asks the members in turn: measured in docs/decisions/0021-own-etcd-member.md.
    expect="One new connection in three is slow until HAProxy has taken the server out; where API servers ask every etcd member, "
    "until they give the dead one up after some ten seconds. None is served while etcd elects a leader.",
    budget_ms=3000,
    evidence=BOOT,
    choose=an_api_server,
    prerequisites=("power", "three API servers"),
    hold=4,
    inject=target_power_off,
    heal=target_power_on,
)
