"""Which trackers move an instance, when sync groups have had their word. Pure.

Keepalived (vrrp.c, keepalived.conf(5)): members of a sync group change state together, so each is moved by what any of them tracks.
Floating priorities would tear a group apart: a member's own script with a weight is ignored, and so is its own file, unless its
weight is the default 1, which becomes 0. What the group itself tracks keeps its weight.
"""

from collections.abc import Iterator
from dataclasses import replace

from twinkeel.liveconfig.keepalived.model import Instance, SyncGroup, Tracker


def in_force(instance: Instance) -> list[Tracker]:
    """What can move the instance, each tracker with the weight that counts."""
    group = instance.config.group_of(instance)
    if group is None:
        return instance.trackers
    others = [each for member in group.members if member is not instance for each in _own(member, group) if not each.weight]
    return [*_own(instance, group), *group.trackers, *others]


def ignored(instance: Instance) -> list[Tracker]:
    """The instance's own trackers that Keepalived does not follow, since the instance is in a sync group."""
    group = instance.config.group_of(instance)
    if group is None:
        return []
    kept = {id(each.word) for each in _own(instance, group)}
    return [each for each in instance.trackers if id(each.word) not in kept]


def _own(instance: Instance, group: SyncGroup) -> Iterator[Tracker]:
    for each in instance.trackers:
        if group.keeps_weights or not each.weight or each.kind == "process":
            yield each
        elif each.kind == "file" and each.weight == 1:
            yield replace(each, weight=0)
