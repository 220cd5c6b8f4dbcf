"""ApacheBench against a real HTTPS server on the loopback address."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from twinkeel.bench.load_generator import PROGRAM, Load, make_load
from twinkeel.errors import ToolError

pytestmark = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="ab is not installed")


class Handler(BaseHTTPRequestHandler):
    """Keeps a connection only for who asks for that, as API servers do."""

    protocol_version = "HTTP/1.1"
    # An answer is one record, and TLS is closed in good order: ab takes anything else for a failure.
    wbufsize = -1
    disable_nagle_algorithm = True
    connections = 0

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def finish(self) -> None:
        super().finish()
        self.request.unwrap()

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 500)
        self.send_header("Content-Length", "2")
        if self.headers.get("Connection") == "Keep-Alive":
            self.send_header("Connection", "keep-alive")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """The generator drops what is under way when its time is over."""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=test"]
    subprocess.run([*argv, "-keyout", tmp_path / "key", "-out", tmp_path / "crt"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "crt", tmp_path / "key")
    Handler.connections = 0
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"https://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def loaded(url: str, *, keep: bool) -> Load:
    """A load of a second, or of more where the machine is too busy for as many requests as a percentile needs."""
    for seconds in (1, 4, 16):
        Handler.connections = 0
        with contextlib.suppress(ToolError):
            return asyncio.run(make_load(f"{url}/readyz", seconds, 2, keep=keep))
    Handler.connections = 0
    return asyncio.run(make_load(f"{url}/readyz", 60, 2, keep=keep))


def test_a_new_connection_for_each_request_or_the_same_ones(url: str) -> None:
    new = loaded(url, keep=False)
    assert new.requests <= Handler.connections <= new.requests + 4
    kept = loaded(url, keep=True)
    assert Handler.connections < kept.requests / 10
    assert new.failed == kept.failed == 0
    assert new.p99_ms > 0
    assert new.per_second > 0


def test_no_good_answer_is_an_error(url: str) -> None:
    with pytest.raises(ToolError, match="were not answered well"):
        asyncio.run(make_load(f"{url}/other", 1, 1, keep=False))
    with pytest.raises(ToolError, match="were not answered well"):
        asyncio.run(make_load("https://127.0.0.1:1/", 1, 1, keep=False))
