"""A pair for a real Prometheus to scrape: our own program twice, and a real HAProxy, all on the loopback with made-up facts."""

import datetime
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import twinkeel.render
from twinkeel.monitor.subject import FRONTEND
from twinkeel.render.haproxy import BACKEND

PROGRAM = Path(twinkeel.render.__file__).parent / "templates" / "metrics"
DEADLINE = 90.0
HAPROXY = f"""
defaults
  mode tcp
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend {FRONTEND}
  bind 127.0.0.1:{{api}}
  maxconn 8000
  default_backend {BACKEND}
backend {BACKEND}
  default-server check inter 200ms
  server master-1 127.0.0.1:{{metrics}}
  server master-2 127.0.0.1:1
frontend twinkeel-metrics
  mode http
  bind 127.0.0.1:{{metrics}}
  http-request use-service prometheus-exporter if {{{{ path /metrics }}}}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Prometheus:
    """A running Prometheus."""

    port: int

    def query(self, expr: str) -> list[dict[str, Any]]:
        url = f"http://127.0.0.1:{self.port}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
        with urllib.request.urlopen(url, timeout=DEADLINE) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
        return found

    def wait(self, expr: str) -> list[dict[str, Any]]:
        """What it answers, once that is something."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end:
            with suppress(OSError):
                if found := self.query(expr):
                    return found
            time.sleep(0.2)
        raise AssertionError(f"nothing answers {expr}")


@contextmanager
def told_pair(folder: Path, textfile: Path | None = None) -> Iterator[Mapping[str, int]]:
    """Two load balancers' metrics by name -> port. Both have the loopback's address for a virtual IP, so both hold it.

    The first one writes the textfile, too.
    """
    ports = {"lb-1": free_port(), "lb-2": free_port()}
    files = {"lb-1": textfile}
    processes = [_metrics(folder / name, name, port, files.get(name)) for name, port in ports.items()]
    try:
        yield ports
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _metrics(folder: Path, name: str, port: int, textfile: Path | None) -> subprocess.Popen[bytes]:
    (folder / "bin").mkdir(parents=True)
    units = [f"Id={unit}.service\nActiveState=active\nNRestarts=1\n" for unit in ("haproxy", "keepalived", "twinkeel-liveness")]
    (folder / "units").write_text("\n".join(units))
    (folder / "bin/systemctl").write_text(f"#!/bin/sh\nexec cat {folder}/units\n")
    (folder / "bin/systemctl").chmod(0o755)
    (folder / "haproxy.cfg").write_text("global\n")
    entry = {"path": str(folder / "haproxy.cfg"), "unit": "haproxy", "on_change": "reload"}
    empty = hashlib.sha256().hexdigest()
    written = {
        "live.json": {"when": "2026-11-30T01:02:03+00:00", "files": [entry]},
        "loaded.json": {"haproxy": {"reload": empty, "restart": empty}},
        "liveness.json": {"answered": time.monotonic(), "kills": 0, "yields": 0},
    }
    for file, value in written.items():
        (folder / file).write_text(json.dumps(value))
    for file in ("haproxy-down", "standby"):
        (folder / file).write_text("0\n")
    (folder / "ca.pem").write_bytes(authority(datetime.timedelta(days=365)))
    config = {
        **{"cluster": "lab-home", "load_balancer": name, "address": "127.0.0.1", "port": port, "readers": []},
        "textfile": None if textfile is None else str(textfile),
        **{"instances": [{"vip": "127.0.0.1", "version": 4, "vrid": 77}], "peers": {"127.0.0.2": "lb-2"}},
        **{"virtual_ips": ["127.0.0.1"], "units": ["haproxy.service", "keepalived.service", "twinkeel-liveness.service"]},
        **{"api_servers": [], "down_file": f"{folder}/haproxy-down", "standby_file": f"{folder}/standby"},
        **{"liveness_file": f"{folder}/liveness.json", "notes": f"{folder}/loaded.json", "live": f"{folder}/live.json"},
        **{"generations": f"{folder}/generations", "ca_file": f"{folder}/ca.pem"},
    }
    (folder / "metrics.json").write_text(json.dumps(config))
    environment = os.environ | {"PATH": f"{folder}/bin:{os.environ['PATH']}"}
    return subprocess.Popen([sys.executable, PROGRAM, folder / "metrics.json"], env=environment)


def authority(lasts: datetime.timedelta) -> bytes:
    """A certificate authority, as PEM."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "made up")])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = builder.not_valid_before(now).not_valid_after(now + lasts)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@contextmanager
def real_haproxy(program: str, folder: Path) -> Iterator[int]:
    """The port of a HAProxy's own exporter; one of its two servers is up."""
    ports = {"api": free_port(), "metrics": free_port()}
    (folder / "haproxy.cfg").write_text(HAPROXY.format(**ports))
    with subprocess.Popen([program, "-db", "-f", folder / "haproxy.cfg"], stderr=subprocess.DEVNULL) as process:
        try:
            yield ports["metrics"]
        finally:
            process.kill()


@contextmanager
def prometheus(program: Path, folder: Path, configuration: str) -> Iterator[Prometheus]:
    """A Prometheus with that configuration, on the loopback."""
    (folder / "prometheus.yml").write_text(configuration)
    port = free_port()
    argv = [str(program), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb"]
    argv += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with subprocess.Popen(argv) as process:
        try:
            yield Prometheus(port)
        finally:
            process.terminate()
            process.wait(timeout=DEADLINE)
