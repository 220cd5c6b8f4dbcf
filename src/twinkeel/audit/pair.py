"""What an audit looks at: the hosts of a pair, each with its configuration and its scripts. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from twinkeel.liveconfig.haproxy_model import HaproxyConfig
from twinkeel.liveconfig.inventory import Inventory
from twinkeel.liveconfig.keepalived.model import Definition, Instance, VrrpConfig
from twinkeel.liveconfig.words import Remark
from twinkeel.source import SourceFile

MOST_SCRIPT_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Script:
    """A script's file; `path` is where it lies on the host, as far as that is known, else its bare name."""

    path: str
    source: SourceFile


def as_script(path: str, source: SourceFile, notes: list[tuple[str, str]]) -> Script:
    """A script, of which the first MOST_SCRIPT_LINES lines are looked at; a note says when there are more."""
    if len(source.lines) <= MOST_SCRIPT_LINES:
        return Script(path, source)
    notes.append((source.name, f"only its first {MOST_SCRIPT_LINES} lines were looked at: no check has more"))
    # What ends its lines stays: one of Windows breaks it.
    end = "\r\n" if "\r\n" in source.text else "\n"
    return Script(path, SourceFile(source.name, end.join(source.lines[:MOST_SCRIPT_LINES])))


@dataclass(frozen=True, slots=True)
class Host:
    """One host; None for a daemon whose configuration was not given."""

    name: str
    haproxy: HaproxyConfig | None = None
    keepalived: VrrpConfig | None = None
    scripts: tuple[Script, ...] = ()

    @property
    def instances(self) -> list[Instance]:
        """Its VRRP instances."""
        return self.keepalived.instances if self.keepalived else []

    @property
    def configurations(self) -> list[SourceFile]:
        """The daemons' files, those that they include among them."""
        return [*(self.haproxy.file.sources if self.haproxy else ()), *(self.keepalived.config.sources if self.keepalived else ())]

    @property
    def remarks(self) -> list[Remark]:
        """What was not understood."""
        found = list(self.haproxy.file.remarks) if self.haproxy else []
        return found + (self.keepalived.config.remarks if self.keepalived else [])

    def script_of(self, definition: Definition) -> Script | None:
        """The file of a tracked script, by its path or by its name."""
        named = {word.strip("'\"") for text in definition.command for word in text.text.split()}
        bare = {PurePosixPath(word).name for word in named}
        by_path = (script for script in self.scripts if script.path in named)
        return next(by_path, None) or next((each for each in self.scripts if PurePosixPath(each.path).name in bare), None)


@dataclass(frozen=True, slots=True)
class Pair:
    """The hosts that were given: two or more of a pair, or one of them alone.

    `notes` are files that were left out or cut, each with the reason. `inventories` are Kubespray's, of the cluster behind.
    """

    hosts: tuple[Host, ...]
    notes: tuple[tuple[str, str], ...] = ()
    inventories: tuple[Inventory, ...] = ()

    def others(self, host: Host) -> Iterator[Host]:
        """All hosts but one."""
        return (other for other in self.hosts if other is not host)
