"""A lab with two load balancers, watched by a real Prometheus through a few troubles. What it saw is kept in a folder.

Real: the hosts with systemd, HAProxy, Keepalived, the watchdog and our metrics, set up by `twinkeel apply`; Prometheus with what
`twinkeel monitor scrape` and `rules` write. Made up: the API servers (small HTTPS servers that say `ok`: no Kubernetes is needed
for a picture), and the client's load. Scrapes and rules come every 5 s in place of 15 s, so that minutes make a picture.
"""

import datetime
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests/lab"), str(ROOT / "tests/checkers")]

from labs import TWINKEEL, Ended, Lab, make_lab, twinkeel  # noqa: E402 - they lie beside the tests
from prometheus_programs import ensure_programs  # noqa: E402

VIP, BALANCERS, MASTERS = "192.168.1.110", ("lb-1", "lb-2"), ("master-1", "master-2", "master-3")
SPEC = """\
name: home
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101, master-2: 192.168.1.103, master-3: 192.168.1.105}
monitoring: {address: host, readers: [192.168.1.0/24]}
haproxy: {max_connections: 100, metrics: {address: host, readers: [192.168.1.0/24]}}
system: {firewall: nftables}
kubernetes: {network_plugin: calico}
"""
INTERVAL = "5s"
SERVER = """
import http.server, ssl, time

class Answers(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = b"ok" if self.path == "/readyz" else b"x" * 20000
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass

server = http.server.ThreadingHTTPServer(("", 6443), Answers)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/root/stand-in.pem")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
"""
CLIENT = """
import socket, ssl, time, urllib.request
context = ssl._create_unverified_context()
kept = []
while True:
    kept = [each for each in kept if each.fileno() >= 0][-12:]
    try:
        urllib.request.urlopen("https://192.168.1.110:6443/", timeout=1, context=context).read()
        if len(kept) < 12:
            kept.append(socket.create_connection(("192.168.1.110", 6443), timeout=1))
        for each in kept:
            each.setblocking(False)
            try:
                if not each.recv(1):
                    each.close()
            except BlockingIOError:
                pass
            except OSError:
                each.close()
    except OSError:
        pass
    time.sleep(0.25)
"""


def must(lab: Lab, host: str, *argv: str, stdin: str | None = None) -> str:
    """What a command in a host says."""
    return good(lab.run(host, argv, stdin))


def good(ended: Ended) -> str:
    """Its output. Ends here where it failed."""
    if ended.returncode:
        raise SystemExit(f"{ended.args}: {ended.stdout}{ended.stderr}")
    return ended.stdout


@contextmanager
def program(lab: Lab, host: str, *argv: str, output: Path | None = None) -> Iterator[None]:
    """Something that runs in a host while the body does."""
    command = [TWINKEEL, "lab", "exec", "--name", lab.name, host, "--", *argv]
    with (output or Path("/dev/null")).open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(30)


def stand_in(lab: Lab, master: str, days: int) -> None:
    """An API server that is none."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, master)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = builder.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=days)).sign(key, hashes.SHA256())
    kind = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem = (key.private_bytes(*kind) + built.public_bytes(serialization.Encoding.PEM)).decode()
    must(lab, master, "sh", "-c", "umask 77; cat > /root/stand-in.pem", stdin=pem)
    must(lab, master, "sh", "-c", "cat > /root/stand-in.py", stdin=SERVER)
    must(lab, master, "systemd-run", "--unit=stand-in", "/usr/bin/python3", "/root/stand-in.py")


def holder(lab: Lab) -> str:
    """Who has the virtual IP."""
    (name,) = [name for name in BALANCERS if VIP in lab.run(name, ["ip", "-4", "address"]).stdout]
    return name


class Story:
    """What is done to the lab, and when."""

    def __init__(self, lab: Lab) -> None:
        self.lab, self.began, self.events = lab, time.monotonic(), [(time.time(), "all is well")]

    def at(self, seconds: float, what: str) -> None:
        """Wait until then."""
        time.sleep(max(0.0, self.began + seconds - time.monotonic()))
        self.events.append((time.time(), what))
        print(f"{seconds:5.0f} s  {what}", flush=True)

    def tell(self) -> None:
        """All of it."""
        lab = self.lab
        first = holder(lab)
        self.at(45, f"`twinkeel switchover`: {first} gives the virtual IP away")
        must(lab, "operator", "twinkeel", "switchover")
        second = holder(lab)
        self.at(100, f"{second} loses its power")
        lab.command("power-off", second)
        self.at(165, f"{second} has power again")
        lab.command("power-on", second)
        self.at(230, "master-2 stops")
        must(lab, "master-2", "systemctl", "stop", "stand-in")
        self.at(285, "master-2 is back")
        stand_in(lab, "master-2", 200)
        third = holder(lab)
        self.at(315, f"HAProxy on {third} hangs (SIGSTOP); the watchdog kills it")
        must(lab, third, "sh", "-c", "kill -STOP $(pidof haproxy)")
        self.at(365, f"somebody edits haproxy.cfg on {third}")
        must(lab, third, "sh", "-c", "echo '# by hand' >> /etc/haproxy/haproxy.cfg")
        self.at(410, "the end")


def record(folder: Path) -> None:
    """Everything; the lab is taken down at the end."""
    programs = ensure_programs()
    folder.mkdir(parents=True)
    spec = folder / "twinkeel.yaml"
    spec.write_text(SPEC)
    for what, file in (("scrape", "scrape.yml"), ("rules", "rules.yml"), ("dashboard", "board.json")):
        good(twinkeel("monitor", what, "-f", str(spec), "-o", str(folder / file)))
    # Only the intervals: `for:` and what the rules look back on stay.
    rules = (folder / "rules.yml").read_text()
    (folder / "rules.yml").write_text(rules.replace("interval: 15s", f"interval: {INTERVAL}"))
    jobs = (folder / "scrape.yml").read_text().replace("interval: 15s", f"interval: {INTERVAL}")
    (folder / "prometheus.yml").write_text(f"rule_files: [{folder}/rules.yml]\n{jobs}")
    lab: Lab
    for lab in make_lab("pictures", spec, "--no-kubernetes"):
        for master, days in zip(MASTERS, (340, 200, 25), strict=True):
            stand_in(lab, master, days)
        must(lab, "operator", "twinkeel", "apply")
        prometheus = [str(programs / "prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
        prometheus += ["--web.listen-address=127.0.0.1:9090", "--log.level=warn"]
        with (
            program(lab, "client", sys.executable, "-c", CLIENT),
            program(lab, "operator", *prometheus, output=folder / "prometheus.log"),
            program(lab, "operator", "twinkeel", "status", "--watch", output=folder / "watch.log"),
        ):
            story = Story(lab)
            story.tell()
        versions = {name: must(lab, "lb-1", *argv).splitlines()[0] for name, argv in VERSIONS.items()}
        told = {"events": story.events, "versions": versions, "interval": INTERVAL}
        (folder / "story.json").write_text(json.dumps(told, indent=1))


VERSIONS = {"HAProxy": ("haproxy", "-v"), "Keepalived": ("sh", "-c", "keepalived -v 2>&1"), "systemd": ("systemctl", "--version")}


if __name__ == "__main__":
    record(Path(sys.argv[1]).resolve())
