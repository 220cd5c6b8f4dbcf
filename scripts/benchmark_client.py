"""Measures the drills' client against the tests' server on loopback, with RSA keys as kubeadm makes them; see benchmark-client."""

import datetime
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from twinkeel.drill.history import MILLISECOND, Request, decode
from twinkeel.drill.streams import KINDS

SERVER = Path(__file__).parents[1] / "tests/process/drill/http2_server.py"
NAME, LOOPBACK = "lb.lab-home.com", IPv4Address("127.0.0.1")
KNOWN = ("--known", "--path", "/api/v1/namespaces/kube-system")
WARM_UP = 2.0


def write_certificate(path: Path) -> None:
    """One that is its own authority, for server and client, with its key."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the benchmark's own CA")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME), x509.IPAddress(LOOPBACK)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + secret)


@contextmanager
def a_server(*arguments: Path) -> Iterator[int]:
    """Its port."""
    with subprocess.Popen(
        [sys.executable, SERVER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None  # noqa: S101
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


def cpu_seconds(pid: int) -> float:
    """User and system time so far (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def row(title: str, seconds: float, folder: Path, port: int, *arguments: str) -> str:
    """One line of the table."""
    history, pem = folder / "requests.jsonl", folder / "server.pem"
    history.unlink(missing_ok=True)
    where = [
        "--address",
        str(LOOPBACK),
        "--port",
        str(port),
        "--server-name",
        NAME,
        "--ca-file",
        str(pem),
        "--history",
        str(history),
    ]
    with subprocess.Popen([sys.executable, "-m", "twinkeel.drill.client", *where, *arguments]) as process:
        time.sleep(WARM_UP)
        before, began = cpu_seconds(process.pid), time.monotonic()
        time.sleep(seconds)
        share = (cpu_seconds(process.pid) - before) / (time.monotonic() - began)
        process.send_signal(signal.SIGTERM)
    requests = [record for record in map(decode, history.read_text().splitlines()) if isinstance(record, Request)]
    failed = sum(bool(each.error) for each in requests)
    late = sorted(each.late / MILLISECOND for each in requests if each.stream == "new")
    cells = (title, f"{share:.2f}", f"{statistics.median(late):.1f}", f"{late[len(late) * 99 // 100]:.1f}", str(failed))
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    seconds = float(sys.argv[1])
    print("| client | CPU s a second | late ms, median | late ms, 99 % | failed |\n|---|---|---|---|---|")
    with TemporaryDirectory() as place:
        folder = Path(place)
        pem = folder / "server.pem"
        write_certificate(pem)
        known = (*KNOWN, "--pem-file", str(pem))
        with a_server(pem) as port:
            print(row("new, kept: /readyz without credentials", seconds, folder, port))
        with a_server(pem, pem) as port:
            print(row("new, kept: an object with a client certificate", seconds, folder, port, *known))
            print(row("every stream", seconds, folder, port, *known, "--streams", *(kind.name for kind in KINDS)))


main()
