"""What the client's small request is, with and without credentials."""

from pathlib import Path

import pytest

from twinkeel.drill.ask import Ask, asking
from twinkeel.drill.https import Target
from twinkeel.drill.streams import streams_for

STRANGERS = Target("192.0.2.1", 6443, "lb.lab-home.com", Path("ca.crt"), status=401)


@pytest.mark.parametrize(
    ("ask", "credentials", "path", "status", "known"),
    [
        ("api", True, "/api/v1/namespaces/kube-system", 200, True),
        ("api", False, "/version", 401, False),
        ("version", True, "/version", 401, False),
        ("readyz", True, "/readyz", 401, False),
        ("readyz", False, "/readyz", 401, False),
    ],
)
def test_an_object_is_read_where_there_are_credentials(ask: Ask, credentials: bool, path: str, status: int, known: bool) -> None:
    target = asking(STRANGERS, ask, credentials=credentials)
    assert (target.path, target.status, target.known) == (path, status, known)


def test_what_strangers_are_refused_is_not_asked_by_them() -> None:
    assert streams_for(credentials=False) == ("new", "kept", "idle", "h2-read")
    assert streams_for(credentials=True)[-1] == "watch"
