"""A watcher follows each part by itself: what is slow, lost or comes back is shown as such, and holds up nothing else."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from twinkeel.app.context import build_context
from twinkeel.errors import HostError
from twinkeel.hosts.executor import DEFAULT_TIMEOUT, CommandResult, FileMissingError
from twinkeel.status import watcher
from twinkeel.status.claims import Claims
from twinkeel.status.readyz import Readiness
from twinkeel.status.snapshot import LoadBalancerState, Snapshot
from twinkeel.status.watcher import StatusWatcher, watch_status
from twinkeel.topology.model import Machine

EXAMPLE = Path(__file__).parents[3] / "examples/lab-home.yaml"
TOPOLOGY = build_context(EXAMPLE, lambda _: None).topology
VIP = str(TOPOLOGY.endpoint.vips[0].ip)


def line(*, holds: bool = False, **fields: Any) -> str:
    servers = "pxname,svname,status,check_status,check_code\nkubernetes-api,master-1,UP,L7OK,200\n"
    told = {"addresses": [VIP] if holds else [], "units": ["active", "active"], "down": "0", "standby": None}
    return json.dumps(told | {"lingering": None, "servers": servers} | fields)


class Hosts:
    """Load balancers by name: `lines` are what their program says next; an exception breaks the connection; None hangs."""

    def __init__(self) -> None:
        self.lines: dict[str, asyncio.Queue[str | HostError | None]] = {"lb-1": asyncio.Queue(), "lb-2": asyncio.Queue()}
        self.now = {"lb-1": line(holds=True), "lb-2": line()}
        self.lost: set[str] = set()
        self.asked, self.read = list[str](), list[str]()
        self.authority: list[str | None] = ["authority"]

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = DEFAULT_TIMEOUT) -> CommandResult:
        self.asked.append(machine.name)
        if machine.name in self.lost:
            raise HostError("gone")
        return CommandResult(machine.name, tuple(argv), 0, self.now[machine.name], "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        raise FileMissingError("none")

    async def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        while True:
            said = await self.lines[machine.name].get()
            if isinstance(said, HostError):
                raise said
            if said is None:
                await asyncio.Event().wait()
            yield str(said)


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> Hosts:
    found = Hosts()

    async def find_ca(*_: object) -> str | None:
        found.read.append("read")
        return found.authority.pop(0) if len(found.authority) > 1 else found.authority[0]

    class Client:
        async def aclose(self) -> None:
            found.read.append("closed")

    async def ask_over(*_: object, **__: object) -> Readiness:
        return Readiness("ready")

    monkeypatch.setattr(watcher, "find_ca", find_ca)
    monkeypatch.setattr(watcher, "tls_context", lambda text: text)
    monkeypatch.setattr(watcher, "readyz_client", lambda _: Client())
    monkeypatch.setattr(watcher, "ask_over", ask_over)
    return found


@asynccontextmanager
async def followed(hosts: Hosts) -> AsyncIterator[StatusWatcher]:
    async with watch_status(hosts, TOPOLOGY, period=0.01) as watching:  # type: ignore[arg-type]
        yield watching


async def until(watching: StatusWatcher, wanted: Callable[[Snapshot], bool]) -> Snapshot:
    async with asyncio.timeout(60):
        async for snapshot in watching.changes():
            if wanted(snapshot):
                return snapshot
    raise AssertionError


def states(snapshot: Snapshot) -> list[str]:
    return [each.vrrp_state for each in snapshot.load_balancers]


def test_the_first_snapshot_is_whole_and_the_authority_is_read_once(hosts: Hosts) -> None:
    async def attempt() -> None:
        async with followed(hosts) as watching:
            first = await watching.first()
            assert first.vips[0].holders == ("lb-1",)
            assert states(first) == ["MASTER", "BACKUP"]
            assert all(each.ready for each in (*first.control_plane, *first.vips))
            for holder in ("lb-2", "lb-1"):
                for name in ("lb-1", "lb-2"):
                    hosts.lines[name].put_nowait(line(holds=name == holder))
                await until(watching, lambda seen, holder=holder: seen.vips[0].holders == (holder,))  # type: ignore[misc]
        assert hosts.read == ["read", "closed"]
        assert sorted(hosts.asked) == ["lb-1", "lb-2"], "one command each; then lines"

    asyncio.run(attempt())


def test_a_host_that_hangs_is_shown_and_the_other_one_goes_on(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LATE_AFTER", 0.05)

    async def attempt() -> None:
        async with followed(hosts) as watching:
            hosts.lines["lb-1"].put_nowait(None)
            hosts.lines["lb-2"].put_nowait(line(holds=True))
            seen = await until(watching, lambda seen: seen.load_balancers[0].vrrp_state == "UNREACHABLE")
            assert "no answer for" in seen.load_balancers[0].detail
            hosts.lines["lb-2"].put_nowait(line(holds=True))
            await until(watching, lambda seen: seen.vips[0].holders == ("lb-2",))

    asyncio.run(attempt())


def test_a_host_that_goes_is_asked_again_until_it_is_back(hosts: Hosts) -> None:
    async def attempt() -> None:
        async with followed(hosts) as watching:
            await watching.first()
            hosts.lost.add("lb-1")
            hosts.lines["lb-1"].put_nowait(HostError("broke"))
            seen = await until(watching, lambda seen: states(seen)[0] == "UNREACHABLE")
            assert seen.load_balancers[0].detail == "gone"
            hosts.lost.clear()
            await until(watching, lambda seen: states(seen)[0] == "MASTER")

    asyncio.run(attempt())


def test_nonsense_from_a_host_is_that_host_s_trouble_alone(hosts: Hosts) -> None:
    async def attempt() -> None:
        async with followed(hosts) as watching:
            for said in ("", "[]", '{"addresses": 1}', "null"):
                hosts.now["lb-1"] = said
                hosts.lines["lb-1"].put_nowait(said or "?")
                seen = await until(watching, lambda seen: states(seen)[0] == "UNREACHABLE")
                assert "makes no sense" in seen.load_balancers[0].detail
                assert states(seen)[1] == "BACKUP"

    asyncio.run(attempt())


def test_an_authority_that_comes_later_is_waited_for(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "LATE_AFTER", 0.05)
    hosts.authority = [None, None, "authority"]

    async def attempt() -> None:
        async with followed(hosts) as watching:
            seen = await watching.first()
            assert "could not be read" in seen.vips[0].detail
            await until(watching, lambda seen: seen.vips[0].ready)

    asyncio.run(attempt())


def test_an_authority_that_does_not_verify_any_more_is_read_again(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watcher, "AUTHORITY_PERIOD", 0.02)
    hosts.authority = ["old", "new"]
    asked_with: list[object] = []

    async def ask_over(client: object, *_: object, **__: object) -> Readiness:
        asked_with.append(client)
        return Readiness("ready" if any(each is not client for each in asked_with) else "not verified")

    monkeypatch.setattr(watcher, "ask_over", ask_over)

    async def attempt() -> None:
        async with followed(hosts) as watching:
            await until(watching, lambda seen: seen.vips[0].ready)
            # Whoever was asked with the old one may have it read once more before it is asked again.
            assert hosts.read[:2] == ["read", "read"]

    asyncio.run(attempt())


def test_a_defect_in_a_task_is_not_hidden(hosts: Hosts, monkeypatch: pytest.MonkeyPatch) -> None:
    async def ask_over(*_: object, **__: object) -> Readiness:
        raise RuntimeError("a defect")

    monkeypatch.setattr(watcher, "ask_over", ask_over)

    async def attempt() -> None:
        async with followed(hosts) as watching:
            with pytest.raises(RuntimeError, match="a defect"):
                await until(watching, lambda _: False)

    asyncio.run(attempt())


def test_a_holder_that_fell_silent_and_the_next_one_are_no_two_holders() -> None:
    claims = Claims()
    old, new = (LoadBalancerState(name, "MASTER", "active", (), vips=(VIP, f"{name} only")) for name in ("lb-1", "lb-2"))
    claims.hear(old, 1.0)
    assert claims.counted(old) == old
    claims.hear(new, 1.5)
    assert claims.counted(new) == new
    assert claims.counted(old).vips == ("lb-1 only",), "its word is from before the other one took it"
    claims.hear(old, 2.0)
    assert (claims.counted(old), claims.counted(new)) == (old, new), "both say so now: that is a fault, and shown"
    claims.hear(replace(old, vips=()), 3.0)
    assert claims.counted(new) == new
