"""The page's server over HTTP: every answer reads, nothing is answered without a token, and each has its headers."""

import json
import socket
from collections.abc import Iterator

import httpx2
import pytest
from made_up_cluster import MadeUpPage, made_up_page, told

from twinkeel.plan.model import FileChange, HostPlan
from twinkeel.serve import event_stream
from twinkeel.serve.access import Token
from twinkeel.serve.drift import _changes
from twinkeel.topology.model import Topology

SECRET = "0123456789abcdef0123"  # noqa: S105
BEARER = {"Authorization": f"Bearer {SECRET}"}
VIP = "192.168.1.110"
PATHS = ("/", "/page.css", "/page.js", "/picture.js", "/icon.svg", "/events", "/metrics", "/healthz", "/login")


@pytest.fixture
def page(lab_home_topology: Topology) -> Iterator[MadeUpPage]:
    with made_up_page([lab_home_topology]) as made:
        yield made


@pytest.fixture
def locked(lab_home_topology: Topology) -> Iterator[MadeUpPage]:
    with made_up_page([lab_home_topology], token=Token(SECRET)) as made:
        yield made


def ask(page: MadeUpPage, path: str, method: str = "GET", **more: object) -> httpx2.Response:
    """The answer's head; of a stream that never ends nothing more is read."""
    with httpx2.Client(trust_env=False, timeout=60) as client, client.stream(method, page.url[:-1] + path, **more) as answer:  # type: ignore[arg-type]
        if not answer.headers.get("content-type", "").startswith("text/event-stream"):
            answer.read()
        return answer


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_what_is_not_the_pages_own(locked: MadeUpPage, path: str) -> None:
    answer = ask(locked, path, headers=BEARER)
    assert answer.status_code == 200
    headers = answer.headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert (headers["x-content-type-options"], headers["cache-control"], "server" in headers) == ("nosniff", "no-store", False)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 303),
        ("/page.js", 401),
        ("/picture.js", 401),
        ("/events", 401),
        ("/metrics", 401),
        ("/none", 401),
        ("/healthz", 200),
        ("/login", 200),
    ],
)
def test_without_the_token_nothing_of_a_cluster_is_told(locked: MadeUpPage, path: str, status: int) -> None:
    answer = ask(locked, path)
    assert answer.status_code == status
    assert "lab-home" not in answer.text
    assert ask(locked, path, headers={"Authorization": f"Bearer {SECRET}x"}).status_code == status
    expected = {"/none": 404}.get(path, 200)
    assert ask(locked, path, headers=BEARER).status_code == expected


def test_a_name_that_somebody_made_lead_here_gets_nothing(page: MadeUpPage) -> None:
    answer = ask(page, "/", headers={"Host": "evil.example"})
    assert answer.status_code == 403
    assert ask(page, "/events", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(page: MadeUpPage, method: str) -> None:
    for path in ("/", "/events", "/metrics", "/healthz"):
        assert ask(page, path, method).status_code == 405


def test_a_login_that_is_too_large_is_not_read(locked: MadeUpPage) -> None:
    assert ask(locked, "/login", "POST", content=b"token=" + b"x" * 100_000).status_code == 401
    assert ask(locked, "/login", "POST", content=b"\xff\xfe%%%&&=").status_code == 401


def messages(page: MadeUpPage) -> Iterator[dict[str, object]]:
    with httpx2.Client(trust_env=False, timeout=60) as client, client.stream("GET", f"{page.url}events") as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                yield json.loads(line[6:])


def test_a_client_gets_everything_first_and_then_only_news(page: MadeUpPage) -> None:
    page.until(lambda: page.board._views.get("1", {}).get("level") == "good")
    told_messages = messages(page)
    first = next(told_messages)
    assert first["fresh"] is True
    assert [view["name"] for view in first["views"]] == ["lab-home"]  # type: ignore[attr-defined]
    assert next(message for message in told_messages if not message["views"])["fresh"] is False
    page.say(lb_2=told({}, {"master-1": "DOWN", "master-2": "UP", "master-3": "UP"}))
    news = next(message for message in told_messages if message["entries"])
    assert [entry["text"] for entry in news["entries"]] == ["lb-2: master-1 is DOWN"]  # type: ignore[attr-defined]
    told_messages.close()  # type: ignore[attr-defined]


def test_the_pages_own_numbers(page: MadeUpPage) -> None:
    page.until(lambda: page.board.watches["1"].complete)
    page.say(lb_2=None)
    reporting_to = messages(page)
    next(reporting_to)
    found = dict(line.rsplit(" ", 1) for line in ask(page, "/metrics").text.splitlines() if not line.startswith("#"))
    assert float(found["twinkeel_serve_clients"]) == 1
    assert float(found['twinkeel_serve_polls_total{cluster="lab-home",target="lb-1"}']) > 0
    assert float(found['twinkeel_serve_poll_failures_total{cluster="lab-home",target="lb-1"}']) == 0
    assert float(found['twinkeel_serve_snapshot_age_seconds{cluster="lab-home"}']) >= 0
    assert not any("_created" in name for name in found)
    reporting_to.close()  # type: ignore[attr-defined]
    page.until(lambda: "twinkeel_serve_clients 0.0" in ask(page, "/metrics").text)


def test_healthz_says_when_nobody_looks_any_more(page: MadeUpPage, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (ask(page, "/healthz").status_code, ask(page, "/healthz").text) == (200, "ok\n")
    monkeypatch.setattr("twinkeel.serve.web.STALLED", -1.0)
    assert (ask(page, "/healthz").status_code, ask(page, "/healthz").text) == (503, "stalled\n")


def test_a_client_that_reads_nothing_is_let_go(lab_home_topology: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection stays open, as that of a phone that sleeps does; what is sent is more than any buffer on the way holds."""
    monkeypatch.setattr(event_stream, "SEND_TIMEOUT", 0.5)
    monkeypatch.setattr("twinkeel.serve.view.LONGEST", 10_000_000)
    with made_up_page([lab_home_topology]) as page:
        port = int(page.url.rsplit(":", 1)[1].strip("/"))
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", port))
            client.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            page.until(lambda: page.numbers.clients._value.get() == 1)
            large = "x" * 100_000
            for number in range(4):
                page.say(lb_1=told({VIP: 1.0}, {f"master-{each}": f"DOWN {number}{large}" for each in range(50)}))
            page.until(lambda: page.numbers.clients._value.get() == 0)


def test_no_word_of_a_file_is_shown_where_a_host_has_drifted() -> None:
    """Drift tells paths alone: a difference would show what stands in files, and passwords stand there."""
    host = HostPlan(
        "lb-1", files=(FileChange("/etc/keepalived/keepalived.conf", "content", "2 lines differ", "-auth_pass hunter2"),)
    )
    assert _changes(host) == ("/etc/keepalived/keepalived.conf: content",)
