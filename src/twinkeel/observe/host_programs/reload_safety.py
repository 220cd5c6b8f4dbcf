"""A part of what runs on hosts: whether a keepalived outlives a reload.

With `vrrp_rt_priority` each reload of Keepalived (2.2.7 to 2.4.3) sets its limit of real-time processor time to zero and then
raises it again. Without CAP_SYS_RESOURCE, as in many containers, it cannot be raised: the kernel ends the VRRP process within
seconds, and where it held a virtual IP nobody has it until another one starts.
"""

from __future__ import annotations

CAP_SYS_RESOURCE = 24
# Units that run with a real-time priority of their own.
REAL_TIME = ("keepalived",)
PROC = "/proc"


def outlives_reload(unit: str, properties: str) -> bool:
    """Whether a unit lives on after a reload: it needs no real-time priority, or may raise its limits. Believed where not known.

    `shown` is what `systemctl show` printed of the unit, MainPID among it.
    """
    if unit not in REAL_TIME:
        return True
    pid = next((line.partition("=")[2] for line in properties.splitlines() if line.startswith("MainPID=")), "0")
    try:
        with open(f"{PROC}/{pid}/status") as file:
            capabilities = next(line.split()[1] for line in file if line.startswith("CapEff:"))
    except (OSError, StopIteration, IndexError):
        return True
    return bool(int(capabilities, 16) >> CAP_SYS_RESOURCE & 1)
