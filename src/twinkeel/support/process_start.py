"""What tells a process from a later one that got the same process id."""

from pathlib import Path


def process_start(pid: int) -> str:
    """When a process of this machine began, in the kernel's ticks; empty when there is none."""
    try:
        # The second field is the program's name in brackets; it may hold spaces.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
