"""/readyz over TLS: every outcome that a person must tell apart."""

import asyncio
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from twinkeel.status.readyz import ANSWER_TIMEOUT, PROBE_TIMEOUT, Readiness, ask_readyz, tls_context

NAME = "lb.lab-home.com"


def ask(port: int, ca: bytes, name: str | None = None) -> Readiness:
    return asyncio.run(ask_readyz("127.0.0.1", port, tls_context(ca.decode()), name=name))


def test_ready_by_address_and_by_name(authority: Any, serve: Any) -> None:
    port = serve(authority.issue("api", ["127.0.0.1", NAME]), {"/readyz": (200, b"ok")})
    assert ask(port, authority.pem) == ask(port, authority.pem, NAME) == Readiness("ready")


@pytest.mark.parametrize(("names", "asked"), [([NAME], None), (["127.0.0.1"], NAME)])
def test_a_certificate_for_another_name_is_not_verified(authority: Any, serve: Any, names: list[str], asked: str | None) -> None:
    port = serve(authority.issue("api", names), {"/readyz": (200, b"ok")})
    answer = ask(port, authority.pem, asked)
    assert answer.outcome == "not verified"
    assert (asked or "127.0.0.1") in answer.detail


def test_a_certificate_of_another_authority_is_not_verified(authority: Any, other_authority: Any, serve: Any) -> None:
    port = serve(authority.issue("api", ["127.0.0.1"]), {"/readyz": (200, b"ok")})
    assert ask(port, other_authority.pem).outcome == "not verified"


@pytest.mark.parametrize(("status", "detail"), [(401, "anonymous"), (403, "anonymous"), (500, "answers 500"), (302, "answers 302")])
def test_any_other_answer_than_200_is_not_ready(authority: Any, serve: Any, status: int, detail: str) -> None:
    port = serve(authority.issue("api", ["127.0.0.1"]), {"/readyz": (status, b"")})
    answer = ask(port, authority.pem)
    assert answer.outcome == "not ready"
    assert detail in answer.detail


@pytest.mark.parametrize(("wanted", "outcome"), [(401, "ready"), (None, "ready"), (200, "not ready"), (403, "not ready")])
def test_what_means_ready_can_be_said(authority: Any, serve: Any, wanted: int | None, outcome: str) -> None:
    port = serve(authority.issue("api", ["127.0.0.1"]), {"/readyz": (401, b"")})
    asked = ask_readyz("127.0.0.1", port, tls_context(authority.pem.decode()), wanted=wanted)
    assert asyncio.run(asked).outcome == outcome


def test_a_closed_port_and_a_silent_one_are_unreachable(authority: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinkeel.status.readyz.PROBE_TIMEOUT", 0.2)
    assert ask(1, authority.pem).outcome == "unreachable"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = ask(silent.getsockname()[1], authority.pem)
    assert answer == Readiness("unreachable", "no answer within 0.2 s")


def test_an_answer_has_longer_than_a_connection(authority: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An API server without etcd's majority says 500 after 4 s; a host that is gone need not cost that much."""
    assert (PROBE_TIMEOUT, ANSWER_TIMEOUT) == (3.0, 5.0)
    monkeypatch.setattr("twinkeel.status.readyz.ANSWER_TIMEOUT", 0.05)
    monkeypatch.setattr("twinkeel.status.readyz.PROBE_TIMEOUT", 30.0)
    with silent_after_the_handshake(authority) as port:
        assert ask(port, authority.pem) == Readiness("unreachable", "no answer within 0.05 s")


@contextmanager
def silent_after_the_handshake(authority: Any) -> Iterator[int]:
    """A TLS server that reads and says nothing."""
    with tempfile.NamedTemporaryFile() as file, socket.create_server(("127.0.0.1", 0)) as plain:
        pair = authority.issue("api", ["127.0.0.1"])
        file.write(pair.certificate + pair.key)
        file.flush()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file.name)

        def read_until_the_end() -> None:
            with context.wrap_socket(plain.accept()[0], server_side=True) as connection:
                while connection.recv(4096):
                    pass

        thread = threading.Thread(target=read_until_the_end)
        thread.start()
        yield plain.getsockname()[1]
        thread.join()


def test_a_proxy_of_the_environment_is_not_asked(authority: Any, serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    port = serve(authority.issue("api", ["127.0.0.1"]), {"/readyz": (200, b"ok")})
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert ask(port, authority.pem).ready


@pytest.mark.parametrize(("names", "outcome"), [(["::1"], "ready"), (["::2"], "not verified")])
def test_an_ipv6_address_is_asked_and_verified(authority: Any, serve: Any, names: list[str], outcome: str) -> None:
    port = serve(authority.issue("api", names), {"/readyz": (200, b"ok")}, host="::1")
    assert asyncio.run(ask_readyz("::1", port, tls_context(authority.pem.decode()))).outcome == outcome
