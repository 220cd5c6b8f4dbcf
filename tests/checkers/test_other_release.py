"""Debian 13's HAProxy, Keepalived and FRR on every golden file; Debian 12's judge them in the golden tests.

No Debian release here has HAProxy 2.2, 2.4, 2.8 or 3.2, or Keepalived 2.1: for those there is the keyword table's own test.
"""

from pathlib import Path

import pytest
from debian_root import run
from golden_files import golden

from twinkeel.render import validate
from twinkeel.render.frr import CONFIG_PATH as FRR
from twinkeel.render.haproxy import CONFIG_PATH as HAPROXY
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED


def test_these_are_other_versions(root: Path) -> None:
    assert run(root, "haproxy", "-v").stdout.startswith("HAProxy version 3.0.")
    assert run(root, "keepalived", "-v").stderr.startswith("Keepalived v2.3.")


@pytest.mark.parametrize("path", [HAPROXY, KEEPALIVED])
def test_they_accept_every_golden_file(path: str, root: Path) -> None:
    copies = golden(path)
    assert len(copies) > 20
    said = {name: validate.validate_file(path, copy.read_text(), host=name, system=root) for name, copy in copies.items()}
    assert {name: complaints for name, complaints in said.items() if complaints} == {}


def test_frr_10_accepts_the_golden_files(root: Path) -> None:
    """Debian 13 has 10.3; its vtysh takes the lines of 8.4, and refuses what is no line."""
    copies = golden(FRR)
    assert len(copies) >= 3
    assert "vtysh" in validate.installed(root)
    said = {name: validate.validate_file(FRR, copy.read_text(), host=name, system=root) for name, copy in copies.items()}
    assert {name: complaints for name, complaints in said.items() if complaints} == {}
    broken = copies["bgp/lb-1"].read_text().replace("timers connect", "timers conect")
    assert "timers conect" in validate.validate_file(FRR, broken, system=root)[0].text


@pytest.mark.parametrize(
    ("path", "old", "new", "complaint"),
    [
        (HAPROXY, "maxconn 8000", "maxcon 8000", "unknown keyword 'maxcon'"),
        (HAPROXY, "    timeout client 1h\n", "", "missing timeouts"),
        (KEEPALIVED, "advert_int 0.07", "advert_intt 0.07", "Unknown keyword 'advert_intt'"),
        (KEEPALIVED, "/run/twinkeel/standby", "/run/nowhere/standby", "realpath"),
    ],
)
def test_they_are_strict(path: str, old: str, new: str, complaint: str, root: Path) -> None:
    good = golden(path)["lab-home/lb-1"].read_text()
    assert old in good
    said = validate.validate_file(path, good.replace(old, new), system=root)
    assert complaint in "\n".join(item.text for item in said)
