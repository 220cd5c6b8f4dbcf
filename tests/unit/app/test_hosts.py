"""Nothing is changed on any host unless the cluster's lock is held; whoever forgets it is stopped before the first change."""

import asyncio
from dataclasses import replace

import pytest

from twinkeel.app.context import Context, build_context
from twinkeel.app.hosts import ClusterHosts
from twinkeel.errors import HostError
from twinkeel.hosts.executor import Writer
from twinkeel.hosts.lock import LockedError, cluster_lock, this_process
from twinkeel.support.events import Event, Notice

from .conftest import EXAMPLE, Recorder


@pytest.fixture
def context() -> Context:
    return build_context(EXAMPLE, lambda _: None)


LOCKED = ["lock lb-1", "lock lb-2"]
RELEASED = ["release lb-1", "release lb-2"]


async def reboot(context: Context, hosts: Writer) -> None:
    """On a host that has no lock: nodes are as safe as load balancers."""
    await hosts.change(context.topology.control_plane[0], ["reboot"])


def test_the_lock_is_taken_before_the_body_and_released_after_it(context: Context, hosts: Recorder) -> None:
    async def work() -> None:
        async with ClusterHosts(context).changing("twinkeel drain") as writer:
            await reboot(context, writer)

    asyncio.run(work())
    assert hosts.story == [*LOCKED, "change master-1", *RELEASED]


def test_a_change_without_the_lock_is_refused(context: Context, hosts: Recorder) -> None:
    async def work() -> None:
        cluster = ClusterHosts(context)
        async with cluster.open() as writer:
            with pytest.raises(RuntimeError, match="master-1 would be changed without the cluster's lock: reboot"):
                await reboot(context, writer)
        async with cluster.changing("twinkeel drain"):
            pass
        # Released: as if it had never been held.
        async with cluster.open() as writer:
            await reboot(context, writer)

    with pytest.raises(RuntimeError):
        asyncio.run(work())
    assert hosts.story == [*LOCKED, *RELEASED]


def test_connections_of_one_run_know_of_the_same_lock_and_those_of_another_run_do_not(context: Context, hosts: Recorder) -> None:
    async def work() -> None:
        cluster = ClusterHosts(context)
        async with cluster.changing("twinkeel bench"):
            async with cluster.open() as anew:
                await reboot(context, anew)
            async with ClusterHosts(context).open() as foreign:
                await reboot(context, foreign)

    with pytest.raises(RuntimeError):
        asyncio.run(work())
    assert hosts.story == [*LOCKED, "change master-1", *RELEASED]


def test_the_lock_of_one_load_balancer_is_not_enough(context: Context, hosts: Recorder) -> None:
    async def work() -> None:
        first = context.topology.load_balancers[0].machine
        async with ClusterHosts(context).open() as writer, cluster_lock(writer, [first], "twinkeel apply", print):
            await reboot(context, writer)

    with pytest.raises(RuntimeError):
        asyncio.run(work())
    assert hosts.story == ["lock lb-1", "release lb-1"]


def test_a_run_under_way_is_not_disturbed_unless_its_lock_is_broken(context: Context, hosts: Recorder) -> None:
    hosts.locks["lb-2"] = replace(this_process("twinkeel apply"), owner="eve@far", place="far away").text()
    said: list[Event] = []

    async def work(given: Context) -> None:
        async with ClusterHosts(given).changing("twinkeel drain") as writer:
            await reboot(given, writer)

    with pytest.raises(LockedError, match="eve@far"):
        asyncio.run(work(context))
    assert not any(line.startswith("change") for line in hosts.story)
    asyncio.run(work(replace(context, break_lock=True).reporting_to(said.append)))
    assert "change master-1" in hosts.story
    (note,) = said
    assert isinstance(note, Notice)
    assert "eve@far (--break-lock)" in note.text


def test_where_a_load_balancer_is_out_of_reach_only_healing_goes_on(context: Context, hosts: Recorder) -> None:
    hosts.lost = "lb-1"
    machines = [balancer.machine for balancer in context.topology.load_balancers]

    async def heal() -> None:
        async with (
            ClusterHosts(context).open() as writer,
            cluster_lock(writer, machines, "twinkeel drill heal", context.note, skip_unreachable=True),
        ):
            await reboot(context, writer)

    async def drain() -> None:
        async with ClusterHosts(context).changing("twinkeel drain") as writer:
            await reboot(context, writer)

    with pytest.raises(HostError, match="does not answer"):
        asyncio.run(drain())
    assert hosts.story == []
    asyncio.run(heal())
    assert hosts.story == ["lock lb-2", "change master-1", "release lb-2"]


def test_reading_goes_through(context: Context, hosts: Recorder) -> None:
    machine = context.topology.load_balancers[0].machine

    async def work() -> list[str]:
        async with ClusterHosts(context).reading() as reader:
            assert (await reader.run(machine, ["true"])).exit_code == 0
            with pytest.raises(HostError, match="no such file"):
                await reader.read_file(machine, "/etc/none")
        async with ClusterHosts(context).open() as writer:
            return [line async for line in writer.stream(machine, ["tail"])]

    assert asyncio.run(work()) == ["one", "two"]
    assert hosts.story == []
