"""`python -m twinkeel` is the command `twinkeel`: the same words, the same exit codes."""

import subprocess
import sys
from pathlib import Path


def test_it_calls_itself_twinkeel_and_ends_with_the_commands_code(tmp_path: Path) -> None:
    shown = subprocess.run([sys.executable, "-m", "twinkeel", "--version"], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith("twinkeel, version ")
    ended = subprocess.run(
        [sys.executable, "-m", "twinkeel", "nonsense"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ended.returncode == 2
    assert "Usage: twinkeel " in ended.stderr
