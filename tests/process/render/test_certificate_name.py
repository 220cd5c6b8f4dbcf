"""Which certificates of API servers HAProxy takes: the rendered check, a real HAProxy, real certificates.

TWINKEEL_TEST_HAPROXY names another haproxy than the one that is installed: versions since 3.3 choose a name themselves.
"""

import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from twinkeel.lab.kubernetes.certificates import Authority
from twinkeel.render.haproxy import CONFIG_PATH
from twinkeel.render.render import render
from twinkeel.status.backends import parse_servers
from twinkeel.topology.model import Topology

HAPROXY = os.environ.get("TWINKEEL_TEST_HAPROXY") or shutil.which("haproxy", path="/usr/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(not HAPROXY, reason="haproxy is not installed")
DEADLINE = 10.0
CONFIG = """\
global
    stats socket {folder}/socket
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
backend kubernetes-api
{check}
    server master-1 127.0.0.1:{port}
listen needs-one
    bind {folder}/listener
"""


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    made = Authority("kubernetes")
    (tmp_path / "ca.pem").write_bytes(made.pair.certificate)
    return made


@pytest.fixture
def asked() -> list[str | None]:
    return []


@pytest.fixture
def serve(authority: Authority, tmp_path: Path, asked: list[str | None]) -> Iterator[Callable[[str], int]]:
    """Starts an API server that shows a certificate for one name; its port. The names that it is asked for come to `asked`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Ready)

    def start(name: str) -> int:
        pair = authority.issue("kube-apiserver", ("server",), names=[name])
        (tmp_path / "server.pem").write_bytes(pair.certificate + pair.key)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tmp_path / "server.pem")
        context.sni_callback = lambda _, name, __: asked.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return int(server.server_address[1])

    yield start
    server.shutdown()
    server.server_close()


def rendered_check(topology: Topology, folder: Path, backend_name: str = "kubernetes-api") -> str:
    """The lines of the backend that say how its servers are asked."""
    text = next(file.content for file in render(topology).hosts["lb-1"] if file.path == CONFIG_PATH)
    backend = text.partition(f"backend {backend_name}\n")[2].partition("\n    server ")[0]
    lines = [line for line in backend.splitlines() if line.split()[:1] in (["option"], ["http-check"], ["default-server"])]
    return "\n".join(lines).replace("/etc/haproxy/kubernetes-ca.pem", str(folder / "ca.pem"))


def status_of_the_server(folder: Path) -> tuple[str, str]:
    """HAProxy's words for the server and for its last check, once a check has come to its end."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(folder / "socket"))
                connection.sendall(b"show stat\n")
                (server,) = parse_servers(connection.makefile().read())["kubernetes-api"]
        except OSError:
            time.sleep(0.05)
            continue
        if server.status in ("UP", "DOWN") and server.check and not server.check.startswith("INI"):
            return server.status, server.check
        time.sleep(0.05)
    raise AssertionError("no check came to its end")


@pytest.mark.parametrize(
    ("check", "name", "status"),
    [
        ("{}", "kubernetes", "UP"),
        ("{}", "another", "DOWN"),
        ("{certificate_name: another}", "another", "UP"),
        ("{certificate_name: }", "another", "UP"),
    ],
)
def test_the_name_that_a_certificate_must_hold(
    build_edited: Callable[..., Topology], serve: Callable[[str], int], tmp_path: Path, check: str, name: str, status: str
) -> None:
    topology = build_edited(("network_plugin: calico", f"network_plugin: calico, api_check: {check}"))
    seen, said = run(tmp_path, rendered_check(topology, tmp_path), serve(name))
    assert seen[0] == status, (seen, said)


@pytest.mark.parametrize(
    ("check", "sent"), [("{}", "kubernetes"), ("{certificate_name: another}", "another"), ("{certificate_name: }", None)]
)
def test_the_name_that_is_asked_for(
    build_edited: Callable[..., Topology],
    serve: Callable[[str], int],
    asked: list[str | None],
    tmp_path: Path,
    check: str,
    sent: str | None,
) -> None:
    """Every version asks for the same one (SNI): a server with several certificates shows the same to all."""
    topology = build_edited(("network_plugin: calico", f"network_plugin: calico, api_check: {check}"))
    run(tmp_path, rendered_check(topology, tmp_path), serve("kubernetes"))
    assert set(asked) == {sent}


def test_a_service_is_asked_for_no_name(
    build_edited: Callable[..., Topology], serve: Callable[[str], int], asked: list[str | None], tmp_path: Path
) -> None:
    edit = ("ssh: {user: root}", "ssh: {user: root}\nservices: {web: {port: 443, targets: [10.9.9.9], check: {type: https}}}")
    check = rendered_check(build_edited(edit), tmp_path, "service.web")
    seen, said = run(tmp_path, check, serve("registry"))
    assert seen[0] == "UP", (seen, said)
    assert set(asked) == {None}


def run(folder: Path, check: str, port: int) -> tuple[tuple[str, str], str]:
    """HAProxy with that check for as long as one check takes: what it says of the server, and what it said at all."""
    (folder / "haproxy.cfg").write_text(CONFIG.format(folder=folder, check=check, port=port))
    process = subprocess.Popen([str(HAPROXY), "-f", str(folder / "haproxy.cfg")], stderr=subprocess.PIPE, text=True)
    try:
        seen = status_of_the_server(folder)
    finally:
        process.kill()
        _, said = process.communicate(timeout=10)
    return seen, said
