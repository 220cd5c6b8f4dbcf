"""A spec that asks for a password, and hosts that note what is asked of them."""

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Self

import pytest

from twinkeel.errors import HostError
from twinkeel.hosts import ssh
from twinkeel.hosts.executor import DEFAULT_TIMEOUT, CommandResult, FileMissingError
from twinkeel.hosts.lock import lock_taken
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Machine

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-home.yaml"


class Recorder:
    """Stands for SSH to every host: keeps locks as hosts do, and notes what is changed in `story`.

    `lost` is a host that does not answer.
    """

    def __init__(self) -> None:
        self.story: list[str] = []
        self.locks: dict[str, str] = {}
        self.lost = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        return CommandResult(machine.name, tuple(argv), 0, "", "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise FileMissingError("the host has no such file", where=path)

    async def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        for line in ("one", "two"):
            yield line

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        if machine.name == self.lost:
            raise HostError("does not answer", where=machine.name)
        taken = lock_taken(argv)
        if taken is None:
            self.story.append(f"change {machine.name}")
            return CommandResult(machine.name, tuple(argv), 0, "", "")
        now, (expected, wanted) = self.locks.get(machine.name, ""), argv[-2:]
        if now != expected:
            return CommandResult(machine.name, tuple(argv), 1, now, "")
        self.locks[machine.name] = wanted
        self.story.append(f"{'lock' if taken else 'release'} {machine.name}")
        return CommandResult(machine.name, tuple(argv), 0, "", "")


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(ssh, "SshHosts", lambda: recorder)
    return recorder


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """The example, with both passwords that a spec can ask for."""
    file, text = tmp_path / "twinkeel.yaml", EXAMPLE.read_text()
    assert "{profile: fast}" in text
    text = text.replace("{profile: fast}", "{vrrp_version: 2, authentication: password, advert_interval: 1}")
    file.write_text(text + "\nhaproxy:\n  metrics: {address: host, user: prometheus}\n")
    return file


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch) -> Secrets:
    given = Secrets(vrrp_password="of-vrrp", metrics_password="of-metrics")  # noqa: S106
    monkeypatch.setenv("TWINKEEL_VRRP_PASSWORD", str(given.vrrp_password))
    monkeypatch.setenv("TWINKEEL_METRICS_PASSWORD", str(given.metrics_password))
    return given
