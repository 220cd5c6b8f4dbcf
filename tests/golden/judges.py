"""The real daemons' own checkers, and their standard error read: both accept most mistakes with exit code 0."""

import datetime
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from twinkeel.render.haproxy import CA_PATH, DRAINED_FILE
from twinkeel.render.systemd import LIVENESS_PROGRAM


@dataclass(frozen=True)
class Opinion:
    """What a checker said: its exit code, and the lines that complain."""

    code: int
    complaints: tuple[str, ...]


ACCEPTED = Opinion(0, ())


def haproxy(config: str, folder: Path) -> Opinion:
    """`haproxy -c`. The certificate authority of a cluster is not at hand, so one is made."""
    authority = folder / "ca.pem"
    authority.write_bytes(_authority())
    path = folder / "haproxy.cfg"
    drained = folder / "drained.state"
    drained.write_text("1\n")
    path.write_text(config.replace(CA_PATH, str(authority)).replace(DRAINED_FILE, str(drained)))
    result = _run("haproxy", "-c", "-f", str(path))
    return Opinion(result.returncode, tuple(line for line in result.stderr.splitlines() if re.match(r"\[(WARNING|ALERT)\]", line)))


def keepalived(config: str, folder: Path) -> Opinion:
    """`keepalived -t`, which says nothing when it is content. The hosts' interfaces need not exist on this machine."""
    path = folder / "keepalived.conf"
    path.write_text(config.replace("global_defs {", "global_defs {\n    dynamic_interfaces"))
    result = _run("keepalived", "-t", "-f", str(path))
    return Opinion(result.returncode, tuple((result.stdout + result.stderr).splitlines()))


def systemd(unit: str, drop_in: str | None, name: str, folder: Path) -> Opinion:
    """`systemd-analyze verify` of one unit with our drop-in; the programs that it starts are replaced by one that exists."""
    units = folder / "units"
    (units / f"{name}.d").mkdir(parents=True)
    (units / name).write_text(unit.replace(LIVENESS_PROGRAM, "/bin/true"))
    if drop_in is not None:
        (units / f"{name}.d" / "twinkeel.conf").write_text(drop_in)
    result = _run("systemd-analyze", "verify", "--man=no", str(units / name), environment={"SYSTEMD_UNIT_PATH": f"{units}:"})
    return Opinion(result.returncode, tuple(line for line in result.stderr.splitlines() if str(units) in line or name in line))


def _run(program: str, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    found = shutil.which(program, path="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return subprocess.run([found, *arguments], capture_output=True, text=True, timeout=30, env=environment, check=False)


def _authority() -> bytes:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    today = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(today).not_valid_after(today + datetime.timedelta(hours=1))
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.PEM)
