"""A part of the modules `rendered_files` and `load_balancer_health`: whether a load balancer serves."""

from __future__ import annotations

import csv
import http.client
import socket
import ssl
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    # What Ansible's run_command takes and gives: the words of a command; its exit code, output and errors.
    RunCommand = Callable[[list[str]], tuple[int, str, str]]
    # See haproxy_socket.py, which a module brings along as well.
    AskHaproxy = Callable[[str, str], str]

OPTIONS = {
    "monitor_port": {"type": "int", "required": True},
    "port": {"type": "int", "required": True},
    "name": {"type": "str", "required": True},
    "serves": {"type": "bool", "default": True},
    "status": {"type": "int", "default": 200},
    "units": {"type": "list", "elements": "str", "required": True},
    "ca_file": {"type": "path", "default": "/etc/haproxy/kubernetes-ca.pem"},
    "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
    "backend": {"type": "str", "default": "kubernetes-api"},
    "timeout": {"type": "float", "default": 15.0},
}
"""What Ansible is told of the question: see the documentation of `load_balancer_health`."""

PAUSE = 0.1
TIMEOUT = 3.0


def get(port: int, path: str) -> str:
    """Empty when GET on the loopback answers 200, else what is wrong."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return "" if answer.status == 200 else f"GET {path} answers {answer.status}: {answer.read().decode()}"
    except (OSError, http.client.HTTPException) as error:
        return f"GET {path} does not answer: {error}"
    finally:
        connection.close()


def checked_servers(ask_haproxy: AskHaproxy, path: str, backend: str) -> str:
    """Empty when a server passed a check of this HAProxy, else what each one says."""
    try:
        rows = list(csv.DictReader(ask_haproxy(path, "show stat").lstrip("# ").splitlines()))
    except OSError as error:
        return f"HAProxy's socket {path} does not answer: {error}"
    servers = [row for row in rows if row["pxname"] == backend and row["svname"] not in ("FRONTEND", "BACKEND")]
    # A server counts as up until its first check ends (INI): only a check that was passed proves something.
    if any(row["status"].startswith("UP") and row["check_status"].endswith("OK") for row in servers):
        return ""
    results = [f"{row['svname']} is {row['status']} ({row['check_status']} {row['last_chk']})" for row in servers]
    return "no API server passed a health check: " + "; ".join(results)


def own_connection(port: int) -> socket.socket:
    """A connection to this host's own port: over IPv4, or over IPv6 where HAProxy listens on that alone."""
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
    except ConnectionRefusedError:
        return socket.create_connection(("::1", port), timeout=TIMEOUT)


def through_frontend(port: int, name: str, ca_file: str, status: int) -> str:
    """Empty when /readyz answers with this status (0: with any) through this host's own frontend, else what is wrong."""
    try:
        context = ssl.create_default_context(cafile=ca_file)
        with context.wrap_socket(own_connection(port), server_hostname=name) as connection:
            connection.sendall(f"GET /readyz HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            first = connection.recv(64).split(b"\r\n")[0].decode("latin-1")
    except OSError as error:
        return f"port {port} of this host does not lead to the API: {error}"
    answered = first.split(" ")[1:2]
    return "" if answered and status in (0, int(answered[0])) else f"port {port} of this host: /readyz answers {first or 'nothing'}"


def units_running(run: RunCommand, units: list[str]) -> str:
    """Empty when every unit is active and enabled."""
    for question, wanted in (("is-active", "active"), ("is-enabled", "enabled")):
        _, out, _ = run(["systemctl", question, *units])
        for unit, found in zip(units, [*out.split("\n"), *("" for _ in units)]):
            if found.strip() != wanted:
                return f"{unit} is {found.strip() or 'unknown'}"
    return ""


def problem(run: RunCommand, ask_haproxy: AskHaproxy, given: dict[str, Any]) -> str:
    """The first thing that is not as it must be; empty when all is well."""
    found = get(given["monitor_port"], "/live") or units_running(run, given["units"])
    if found or not given["serves"]:
        return found
    return (
        checked_servers(ask_haproxy, given["socket"], given["backend"])
        or get(given["monitor_port"], "/ready")
        or through_frontend(given["port"], given["name"], given["ca_file"], given["status"])
    )


def wait_until_it_serves(run: RunCommand, ask_haproxy: AskHaproxy, given: dict[str, Any]) -> str:
    """Ask again and again until all is well or the time is over: empty, or the first thing that is not as it must be."""
    end = time.monotonic() + given["timeout"]
    while True:
        found = problem(run, ask_haproxy, given)
        if not found or time.monotonic() > end:
            return found
        time.sleep(PAUSE)
