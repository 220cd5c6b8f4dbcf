"""Priorities with the weights of checks in them, as Keepalived counts. Pure.

A weight above 0 is a bonus while the check passes; one below 0 is lost when it fails (keepalived.conf(5), vrrp_script). A tracked
file adds its content times the weight; it is taken to hold 0 while all is well, and 1 when it says that something is wrong.
"""

from twinkeel.audit.in_force import in_force
from twinkeel.audit.takeover import priority
from twinkeel.liveconfig.keepalived.model import Instance, Tracker

HIGHEST = 254
OWNER = 255


def full_priority(instance: Instance) -> int:
    """When every check passes."""
    return _limited(instance, sum(_bonus(each) for each in in_force(instance)))


def failed_priority(instance: Instance, failed: Tracker) -> int:
    """When one check fails and the others pass."""
    passing = sum(_bonus(each) for each in in_force(instance) if each.word is not failed.word)
    lost = failed.weight if failed.weight < 0 or failed.kind == "file" else 0
    return _limited(instance, passing + lost)


def _bonus(tracker: Tracker) -> int:
    return tracker.weight if tracker.weight > 0 and tracker.kind != "file" else 0


def _limited(instance: Instance, weights: int) -> int:
    """No weight moves an owner; nobody else becomes one."""
    own = priority(instance)
    return own if own == OWNER else min(max(own + weights, 1), HIGHEST)
