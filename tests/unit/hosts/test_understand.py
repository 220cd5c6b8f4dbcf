"""A host's nonsense is the host's, with its name; anything else is ours."""

import asyncio
from typing import Any

import pytest

from twinkeel.errors import HostError
from twinkeel.hosts.executor import CommandResult
from twinkeel.hosts.understand import understand
from twinkeel.observe.host_state import parse_host_state, read_host_state
from twinkeel.observe.remote_files import read_remote
from twinkeel.status.holders import read_addresses
from twinkeel.topology.model import Topology


@pytest.mark.parametrize("text", ["", "{not json", "[]", "3", "null", '{"files": 1}', '{"files": {"/etc/x": {}}}', "welcome\n{}"])
def test_nonsense_is_told_with_its_host(text: str) -> None:
    with pytest.raises(HostError, match="its answer makes no sense") as caught:
        understand(parse_host_state, text, "lb-1")
    assert caught.value.where == "lb-1"


def test_a_defect_of_ours_stays_one() -> None:
    def parse(_: str) -> None:
        raise AssertionError

    with pytest.raises(AssertionError):
        understand(parse, "{}", "lb-1")


def test_no_more_than_its_beginning_is_shown() -> None:
    with pytest.raises(HostError) as caught:
        understand(parse_host_state, "x" * 60 + "password", "lb-1")
    assert "password" not in str(caught.value)


class Liar:
    """A host that answers the same to everything."""

    async def run(self, *_: object, **__: object) -> CommandResult:
        return CommandResult("lb-1", ("x",), 0, "hello\n", "")


@pytest.mark.parametrize(
    "ask",
    [
        lambda host: read_addresses(Liar(), host),
        lambda host: read_host_state(Liar(), host, ["/etc/a"], ["haproxy"]),
        lambda host: read_remote(Liar(), host, ["/etc/a", "/etc/b"]),
    ],
)
def test_whoever_asks_is_told_which_host_it_was(ask: Any, lab_home_topology: Topology) -> None:
    with pytest.raises(HostError, match="its answer makes no sense") as caught:
        asyncio.run(ask(lab_home_topology.load_balancers[0].machine))
    assert caught.value.where == "lb-1"
