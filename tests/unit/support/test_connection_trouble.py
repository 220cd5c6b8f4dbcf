"""What asyncio says of a connection that did not come about has numbers and tuples in it; what we say has not."""

import asyncio
import errno
import socket
import ssl

import pytest

from twinkeel.hosts.ssh_access import host_error
from twinkeel.status.readyz import ask_readyz
from twinkeel.support.connection_trouble import connection_trouble
from twinkeel.topology.model import Topology


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('127.0.0.1', 22)"), "the connection is refused"),
        (OSError(errno.EHOSTUNREACH, "Connect call failed ('192.0.2.1', 22)"), "No route to host"),
        (
            OSError(
                "Multiple exceptions: [Errno 111] Connect call failed ('::1', 1, 0, 0), [Errno 111] Connect call failed ('1', 1)"
            ),
            "the connection is refused",
        ),
        (
            OSError(
                "Multiple exceptions: [Errno 101] Connect call failed ('::1', 1, 0, 0), [Errno 113] Connect call failed ('1', 1)"
            ),
            "Network is unreachable; No route to host",
        ),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "Name or service not known"),
        (OSError("something else"), "something else"),
    ],
)
def test_in_words(error: OSError, said: str) -> None:
    assert connection_trouble(error) == said


def test_a_host_that_refuses(lab_home_topology: Topology) -> None:
    error = ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('192.168.1.111', 22)")
    told = host_error(lab_home_topology.load_balancers[0].machine, error, 5)
    assert told.what == "the host cannot be reached: the connection is refused"
    assert "sshd" in told.hint


def test_an_api_that_refuses() -> None:
    answer = asyncio.run(ask_readyz("127.0.0.1", free_port(), ssl.create_default_context()))
    assert (answer.outcome, answer.detail) == ("unreachable", "the connection is refused")
