"""Records a session in a lab as a picture, docs/session.svg: every line is what the commands printed, colours included.

    .venv/bin/twinkeel lab up -f examples/lab-home.yaml && .venv/bin/python scripts/record_session.py LAB

Rich draws it. A drill's progress on standard error is left out: its table has the figures.
"""

import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
COLUMNS, ROWS = 112, 40
SESSION = (
    ("operator", "twinkeel plan | tail -n 12"),
    ("operator", "twinkeel apply"),
    ("operator", "twinkeel status"),
    ("client", "twinkeel drill run haproxy-kill power-loss 2> /dev/null"),
)


def printed(lab: str, host: str, command: str) -> str:
    """What it writes to a terminal. Raises CalledProcessError when it fails; `plan` may say no, with 1."""
    ours, theirs = pty.openpty()
    twinkeel = str(ROOT / ".venv/bin/twinkeel")
    size = f"stty cols {COLUMNS} rows {ROWS}; export COLUMNS={COLUMNS} TERM=xterm-256color; "
    argv = [twinkeel, "lab", "exec", "--name", lab, host, "--", "sh", "-c", size + command]
    # Without a terminal to type at nothing is asked.
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=ROOT) as child:
        os.close(theirs)
        pieces = []
        while piece := _read(ours):
            pieces.append(piece)
    os.close(ours)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, command, b"".join(pieces))
    return b"".join(pieces).decode(errors="replace").replace("\r\n", "\n")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # The last one at the other end has gone.
        return b""


def last_screen(text: str) -> str:
    """What stays on a terminal of a text that went up and wrote over itself."""
    lines: list[str] = []
    for line in text.split("\n"):
        # Rich goes up and erases, line by line.
        ups = line.count("\x1b[1A")
        del lines[len(lines) - ups :]
        lines.append(line.rpartition("\x1b[2K")[2].rpartition("\r")[2])
    return "\n".join(lines)


def main() -> None:
    """Run, draw, write."""
    lab = sys.argv[1]
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115
    for host, command in SESSION:
        console.print(Text.assemble((f"{host}$ ", "bold green"), (command.replace(" 2> /dev/null", ""), "bold")))
        console.print(Text.from_ansi(last_screen(printed(lab, host, command)).rstrip("\n")))
        console.print()
    console.save_svg(str(ROOT / "docs/session.svg"), title="twinkeel, in its lab")


if __name__ == "__main__":
    main()
