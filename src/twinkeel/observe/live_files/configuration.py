"""What one live load balancer loads."""

from dataclasses import dataclass, field

from twinkeel.liveconfig.keepalived.resolve import KeepalivedConfig
from twinkeel.observe.remote_files import RemoteFile
from twinkeel.source import SourceFile
from twinkeel.topology.model import Machine


@dataclass(slots=True)
class LiveConfiguration:
    """What one host loads. Files are called HOST:PATH; `notes` are paths that could not be read as they should, and why.

    `node` is what the host calls itself, `config_id` what Keepalived compares `@NAME` with.
    `scripts` are those that keepalived.conf names, by their paths.
    `versions` has `haproxy` and `keepalived` where the programs are there.
    """

    machine: Machine
    node: str = ""
    config_id: str = ""
    haproxy: list[SourceFile] = field(default_factory=list)
    keepalived: KeepalivedConfig | None = None
    scripts: list[tuple[str, SourceFile]] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    notes: list[tuple[str, str]] = field(default_factory=list)

    def note(self, path: str, why: str) -> None:
        """Something about a path that must be told."""
        self.notes.append((f"{self.machine.name}:{path}", why))

    def take(self, found: RemoteFile) -> list[SourceFile]:
        """The file, if there is one; otherwise, or when it was cut, a note."""
        if found.why:
            self.note(found.path, found.why)
        return [found.source] if found.source else []
