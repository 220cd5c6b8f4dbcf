"""Load balancers that sign advertisements: what they have on disk, what their Keepalived runs with, and who hears whom."""

import re
from collections.abc import Mapping, Sequence
from itertools import product

from twinkeel.observe.host_state import FoundFile, HostState
from twinkeel.plan.model import Desired, HostPlan
from twinkeel.plan.unit_actions import UnitFile, digests
from twinkeel.render.files import RenderedFile
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.render.services import UNITS, reader_of
from twinkeel.spec.fields import IPAddress

RUNNING = "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"


def sends(config: str) -> str | None:
    """The key that its advertisements are signed with; from the text alone, by the manual of Keepalived 2.4.3."""
    if "auth_hmac" not in config or "mode receive-only" in config:
        return None
    active = re.search(r"active_key (\d+)", config)
    assert active
    key = re.search(rf"^ *key {active[1]} (\S+)", config, re.MULTILINE)
    assert key
    return f"{active[1]} {key[1]}"


def hears(config: str, other: str) -> bool:
    """Whether it takes what the other one sends."""
    sent = sends(other)
    if sent is None:
        return "mode enforce" not in config
    return sent in [" ".join(found) for found in re.findall(r"^ *key (\d+) (\S+)", config, re.MULTILINE)]


def all_hear_each_other(configs: Sequence[str]) -> bool:
    return all(hears(one, other) for one, other in product(configs, configs))


class SigningCluster:
    """`disk` has every file of each host, `runs` the keepalived.conf of its process, `noted` what the last apply wrote down."""

    def __init__(self, desired: Desired) -> None:
        self.disk = {name: {file.path: file for file in files} for name, files in desired.rendered.hosts.items()}
        self.runs = {name: files[CONFIG_PATH].content for name, files in self.disk.items()}
        self.noted = {name: self._digests(name) for name in self.disk}

    def states(self, holds: Mapping[str, frozenset[IPAddress]]) -> dict[str, HostState]:
        units = dict.fromkeys(UNITS, RUNNING)
        return {
            name: HostState({p: _found(f) for p, f in files.items()}, units, {}, self.noted[name], (), (), holds[name])
            for name, files in self.disk.items()
        }

    def bring(self, plan: HostPlan, files: Sequence[RenderedFile], *, dies_before_the_reload: bool = False) -> None:
        """What the roles do to one host."""
        paths = {change.path for change in plan.replaced}
        self.disk[plan.name] |= {file.path: file for file in files if file.path in paths}
        if not dies_before_the_reload and plan.needed_actions:
            self.runs[plan.name] = self.disk[plan.name][CONFIG_PATH].content
            self.noted[plan.name] = self._digests(plan.name)

    def groups(self) -> dict[str, str]:
        """For each host the first one of those that hear each other, and it: by what runs."""
        return {
            name: next(other for other, config in self.runs.items() if all_hear_each_other([config, mine]))
            for name, mine in self.runs.items()
        }

    def _digests(self, name: str) -> dict[str, dict[str, str]]:
        return digests([UnitFile(f.path, f.content.encode(), *reader_of(f.path)) for f in self.disk[name].values()], list(UNITS))


def _found(file: RenderedFile) -> FoundFile:
    return FoundFile("file", file.mode, file.owner, file.group, file.content.encode())
