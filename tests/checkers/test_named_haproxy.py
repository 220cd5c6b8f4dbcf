"""Another HAProxy than a Debian release has, on every golden file: TWINKEEL_TEST_HAPROXY names it (3.4, built from its source)."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from golden_files import golden

from twinkeel.render.haproxy import CA_PATH, CONFIG_PATH, DRAINED_FILE
from twinkeel.render.validate import PLACEHOLDER_CA

PROGRAM = os.environ.get("TWINKEEL_TEST_HAPROXY", "")
pytestmark = pytest.mark.skipif(not PROGRAM, reason="TWINKEEL_TEST_HAPROXY names no program")


def test_it_accepts_every_golden_file(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(PLACEHOLDER_CA)
    (tmp_path / "drained.state").write_text("1\n")
    said = {}
    for name, copy in golden(CONFIG_PATH).items():
        text = copy.read_text().replace(CA_PATH, str(tmp_path / "ca.pem")).replace(DRAINED_FILE, str(tmp_path / "drained.state"))
        text = re.sub(r"^(\s*default-server check check-ssl .*?) crt \S+", r"\1", text, flags=re.MULTILINE)
        # The user that the package makes need not be here.
        text = re.sub(r"^    (?:user|group) haproxy\n", "", text, flags=re.MULTILINE)
        candidate = tmp_path / "haproxy.cfg"
        candidate.write_text(text)
        ended = subprocess.run([PROGRAM, "-c", "-f", str(candidate)], capture_output=True, text=True, check=False)
        said[name] = (ended.returncode, re.findall(r"^\[(?:WARNING|ALERT)\].*", ended.stderr, re.MULTILINE))
    assert len(said) > 20
    assert {name: each for name, each in said.items() if each != (0, [])} == {}
