"""Runs on a load balancer: read, or change and keep, whether HAProxy's servers are in rotation.

    python3 -c PROGRAM '{"socket": PATH, "backend": NAME, "file": PATH, "addresses": {SERVER: [ADDRESS, PORT]},
                         "set": {SERVER: STATE}, "kill": [SERVER, ...]}'

STATE is ready, drain or maint. What is set is also written to the file, which HAProxy reads at each start and reload.
Prints one JSON object: for each server its state, HAProxy's word for its health, its sessions and its established connections.
Connections count those of HAProxy processes that a reload left behind, which the socket does not know.
"""

from __future__ import annotations

import csv
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from twinkeel.hosts.host_programs.haproxy_socket import ask_haproxy

if TYPE_CHECKING:
    from collections.abc import Iterator

# Bits of srv_admin_state: forced maintenance and forced drain (management.txt, "show servers state").
FORCED_MAINT, FORCED_DRAIN = 0x01, 0x08
NAME, ADDRESS, ADMIN, SINCE, PORT = 3, 4, 6, 9, 18


def order(path: str, command: str) -> None:
    """A command that HAProxy answers with nothing when it is carried out."""
    answer = ask_haproxy(path, command).strip()
    if answer and not answer.startswith(("no need to change", "IP changed", "port changed", "nothing changed")):
        sys.exit(f"HAProxy answers `{command}` with: {answer}")


def rows(text: str) -> dict[str, list[str]]:
    """The lines of `show servers state`, by server."""
    lines = [line.split() for line in text.splitlines() if line[:1].isdigit() and len(line.split()) > PORT]
    return {line[NAME]: line for line in lines}


def kept(text: str) -> str:
    """What the file must hold: the servers that are out of rotation, as HAProxy writes them, and nothing that changes with time."""
    lines = ["1"] + [line for line in text.splitlines() if line.startswith("# be_id")]
    for line in rows(text).values():
        if int(line[ADMIN]) & (FORCED_MAINT | FORCED_DRAIN):
            lines.append(" ".join([*line[:SINCE], "0", *line[SINCE + 1 :]]))
    return "\n".join(lines) + "\n"


def word(admin: str) -> str:
    """An admin state's bits as the word that `set server` takes."""
    return "maint" if int(admin) & FORCED_MAINT else "drain" if int(admin) & FORCED_DRAIN else "ready"


def write(path: str, content: str) -> None:
    """Replace a file atomically; after a power loss it is the old one or the new one."""
    folder = os.path.dirname(path)
    handle, temporary = tempfile.mkstemp(prefix=".twinkeel-", dir=folder)
    with os.fdopen(handle, "w") as file:
        file.write(content)
        os.fchmod(file.fileno(), 0o644)
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, path)
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def place(address: str, port: int) -> str:
    """An address and port as ss writes them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def connections(address: str, port: int) -> list[str]:
    """Local ends of the established connections of any HAProxy process to an API server; none where ss is missing."""
    try:
        argv = ["ss", "-tnpH", "state", "established", "dst", place(address, port)]
        done = subprocess.run(argv, stdout=subprocess.PIPE, timeout=10, check=False)
    except OSError:
        return []
    return local_ends(done.stdout.decode(errors="replace"))


def local_ends(shown: str) -> list[str]:
    """The local ends of HAProxy's connections in what ss shows: two queues, here, there, the process."""
    return [line.split()[2] for line in shown.splitlines() if '"haproxy"' in line]


def end_connections(address: str, port: int) -> None:
    """End what is left: a process that a reload left behind has no runtime socket, but its connections can be closed."""
    for local in connections(address, port):
        argv = ["ss", "-K", "-tnH", "src", local, "dst", place(address, port)]
        subprocess.run(argv, stdout=subprocess.DEVNULL, timeout=10, check=False)


def change(asked: dict[str, Any]) -> None:
    """Set the states, keep them, and end what is to be ended."""
    path, backend = asked["socket"], asked["backend"]
    with alone(os.path.dirname(asked["file"])):
        set_states(asked)
    for server in asked["kill"]:
        order(path, f"shutdown sessions server {backend}/{server}")
        end_connections(*asked["addresses"][server])


@contextmanager
def alone(folder: str) -> Iterator[None]:
    """haproxy-servers writes the same file before a reload, and takes the same lock."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def set_states(asked: dict[str, Any]) -> None:
    """Set them in HAProxy, and keep them in the file."""
    path, backend = asked["socket"], asked["backend"]
    known = rows(ask_haproxy(path, f"show servers state {backend}"))
    for server, state in asked["set"].items():
        address, port = asked["addresses"][server]
        # A server that was restored from the file has the port of that day.
        if state == "ready" and server in known and known[server][PORT] != str(port):
            order(path, f"set server {backend}/{server} addr {address} port {port}")
        order(path, f"set server {backend}/{server} state {state}")
    if asked["set"]:
        write(asked["file"], kept(ask_haproxy(path, f"show servers state {backend}")))


def read_states(asked: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Every server as it is now."""
    path, backend = asked["socket"], asked["backend"]
    known = rows(ask_haproxy(path, f"show servers state {backend}"))
    table = csv.DictReader(ask_haproxy(path, "show stat").lstrip("# ").splitlines())
    stats = {row["svname"]: row for row in table if row["pxname"] == backend}
    seen = {}
    for server, (address, port) in asked["addresses"].items():
        if server in known and server in stats:
            seen[server] = {
                "state": word(known[server][ADMIN]),
                "health": stats[server]["status"],
                "sessions": int(stats[server]["scur"]),
                "connections": len(connections(address, port)),
            }
    return seen


def main() -> None:
    """Change what was asked for, then print what is."""
    asked = json.loads(sys.argv[1])
    try:
        if asked["set"] or asked["kill"]:
            change(asked)
        seen = read_states(asked)
    except OSError as error:
        sys.exit(f"HAProxy's runtime socket does not answer: {error}")
    try:
        with open(asked["file"]) as file:
            out = rows(file.read())
    except OSError:
        out = {}
    for server, state in seen.items():
        state["kept"] = word(out[server][ADMIN]) if server in out else "ready"
    sys.stdout.write(json.dumps(seen))


if __name__ == "__main__":
    main()
