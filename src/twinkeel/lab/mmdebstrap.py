"""mmdebstrap, which makes the image: how it is run, and what its failures mean."""

import re
import subprocess
from collections import deque
from collections.abc import Callable

from twinkeel.errors import ToolError

# What is being done, and how far the whole is (0 to 1).
Progress = Callable[[str, float], None]

# mmdebstrap's own lines -> how far the build is when the line appears, measured on two cores.
STAGES = {
    "running apt-get update": 0.02,
    "downloading packages": 0.08,
    "extracting archives": 0.20,
    "installing essential packages": 0.30,
    "installing remaining packages": 0.40,
    "running --customize-hook": 0.85,
    "cleaning package lists": 0.90,
}

# apt's own words -> what to do. The first that fits counts.
CAUSES = (
    (
        re.compile(r"NO_PUBKEY|EXPKEYSIG|public key is not available|Missing key|[Ss]igning key"),
        "this machine's keyring has no key for the suite: apt-get update && apt-get install debian-archive-keyring "
        "(for Debian 13 and unstable: 2023.3+deb12u2, or 2025.1 and newer), or ubuntu-keyring",
    ),
    (
        re.compile(r"does not have a Release file|404 +Not Found"),
        "this machine's package server does not carry the suite: name one that does in /etc/apt, or take another --suite",
    ),
    (
        re.compile(r"Release file .*is (expired|not valid yet)"),
        "the server's list is old (a snapshot?): set Acquire::Check-Valid-Until in /etc/apt/apt.conf.d, or use a live server",
    ),
    (re.compile(r"Could not resolve|[Cc]ould not connect|Connection (failed|refused|timed out)"), "see this machine's network"),
)
OTHERWISE = "see whether `apt-get update` works on this machine, then run the command again"
KEPT_LINES = 40

# Debian 12's. Debian 11's 0.7.5 was tried: it fails over the keys of today's Debian.
OLDEST = (1, 3)


def reported_version() -> str:
    """What the program says of itself: "mmdebstrap 1.3.5"."""
    return subprocess.run(["mmdebstrap", "--version"], capture_output=True, text=True, check=False).stdout


def too_old(reported: str) -> str | None:
    """A sentence when the version is older than what makes today's suites; None when it is not, or cannot be read."""
    found = re.search(r"(\d+)\.(\d+)\S*", reported)
    if found is None or (int(found[1]), int(found[2])) >= OLDEST:
        return None
    return f"mmdebstrap {found[0]} is too old to make today's Debian: {OLDEST[0]}.{OLDEST[1]} or newer is needed (Debian 12 has it)"


def run(argv: list[str], sources: str, lock: int, progress: Progress, *, suite: str = "") -> None:
    """Run mmdebstrap with `sources` on its standard input, telling its stages.

    Args:
        lock: a descriptor that the program inherits and so holds until it ends.

    Raises:
        ToolError: it failed; the message holds apt's reason, the hint what can be done about that.
    """
    progress("starting mmdebstrap", 0.0)
    last: deque[str] = deque(maxlen=KEPT_LINES)
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", pass_fds=[lock]
    ) as child:
        try:
            assert child.stdin is not None  # noqa: S101 - for the type checker; PIPE gives a stream
            assert child.stderr is not None  # noqa: S101
            child.stdin.write(sources)
            child.stdin.close()
            for line in child.stderr:
                last.append(line.rstrip())
                for text, fraction in STAGES.items():
                    if text in line:
                        progress(text, fraction)
            code = child.wait()
        except BaseException:
            child.terminate()
            raise
    if code != 0:
        raise failure(code, list(last), suite)


def failure(code: int, lines: list[str], suite: str) -> ToolError:
    """What went wrong, from the last lines that mmdebstrap said."""
    hint = next((hint for pattern, hint in CAUSES if any(pattern.search(line) for line in lines)), OTHERWISE)
    errors = [line for line in lines if line.startswith(("E:", "W: GPG error"))] or lines[-1:]
    return ToolError(f"mmdebstrap ended with {code}: {'; '.join(errors)}", where=f"suite {suite}" if suite else "", hint=hint)
