"""A certificate authority, real HTTPS servers on the loopback address that it vouches for, and readers that answer as hosts did."""

import datetime
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

sys.path.insert(0, str(Path(__file__).parent))

from scripted_reader import ScriptedReader


@pytest.fixture
def scripted_reader() -> type[ScriptedReader]:
    return ScriptedReader


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: bytes
    key: bytes


class Authority:
    """Issues certificates that are good for an hour."""

    def __init__(self, name: str) -> None:
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.pem = self._certificate(self._name, self._key, [], ca=True).certificate

    def issue(self, common_name: str, names: Sequence[str] = ()) -> Pair:
        """A certificate for a client, or for a server with these names and addresses."""
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        return self._certificate(subject, ec.generate_private_key(ec.SECP256R1()), names, ca=False)

    def _certificate(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, names: Sequence[str], *, ca: bool) -> Pair:
        now = datetime.datetime.now(datetime.UTC)
        builder = x509.CertificateBuilder(self._name, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(hours=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        signed = builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return Pair(signed, key.private_bytes(*form))


def _general_name(name: str) -> x509.GeneralName:
    try:
        address = ip_address(name)
    except ValueError:
        return x509.DNSName(name)
    return x509.IPAddress(address)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority("kubernetes")


@pytest.fixture(scope="session")
def other_authority() -> Authority:
    return Authority("another cluster")


Answers = dict[str, tuple[int, bytes]]
Serve = Callable[..., int]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start an HTTPS server: serve(pair, answers, client_ca=None, host="127.0.0.1") -> port. Other paths give 404."""
    # It answers for certain, and on a busy machine late.
    monkeypatch.setattr("twinkeel.status.readyz.PROBE_TIMEOUT", 60.0)
    monkeypatch.setattr("twinkeel.status.readyz.ANSWER_TIMEOUT", 60.0)
    monkeypatch.setattr("twinkeel.kubeconfig.verify.TIMEOUT", 60.0)
    with ExitStack() as stack:

        def start(pair: Pair, answers: Answers, client_ca: bytes | None = None, host: str = "127.0.0.1") -> int:
            return stack.enter_context(_serving(tmp_path, pair, answers, client_ca, host))

        yield start


@contextmanager
def _serving(folder: Path, pair: Pair, answers: Answers, client_ca: bytes | None, host: str) -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that refuses our certificate is what some tests are about."""

    file = folder / "server.pem"
    file.write_bytes(pair.certificate + pair.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if client_ca is not None:
        context.load_verify_locations(cadata=client_ca.decode())
        context.verify_mode = ssl.CERT_REQUIRED
    server = Server((host, 0), Handler)
    # The handshake belongs into the connection's own thread: a client that hangs in it must not stop the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
