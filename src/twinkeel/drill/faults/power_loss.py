"""The holder loses its power."""

from twinkeel.drill.external_commands import target_power_off, target_power_on
from twinkeel.drill.fault import BOOT, Fault

FAULT = Fault(
    id="power-loss",
    title="Power loss of the VIP holder",
    does="The spec's `power.off` command for the load balancer that holds the virtual IP.",
    why="A power supply or a hypervisor dies. Nobody says goodbye: the peer waits for three missing advertisements.",
    heals="The spec's `power.on` command; the host boots and takes the standby's part.",
    expect="Requests fail for three advertisement intervals.",
    budget_ms=300,
    evidence=BOOT,
    prerequisites=("power", "two load balancers", "etcd quorum survives"),
    inject=target_power_off,
    heal=target_power_on,
)
