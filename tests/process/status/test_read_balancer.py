"""The program that status runs on a load balancer, run for real: a HAProxy's socket, and programs that say what a host's do."""

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from twinkeel.status.load_balancer import PROGRAM

TABLE = (
    "# pxname,svname,qcur,status,check_status,check_code,last\n"
    'kubernetes-api,cp-1,0,UP,L7OK,200,"a, b"\nkubernetes-api,cp-2,0,DOWN,* L4CON,,\n'
)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    link = json.dumps([{"addr_info": [{"local": "10.0.0.1"}, {}]}, {}])
    for name, script in {"ip": f"echo '{link}'", "systemctl": "echo active; echo failed; exit 3"}.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "down").write_text("0\n")
    return tmp_path


@pytest.fixture
def haproxy(tmp_path: Path) -> Iterator[list[str]]:
    """A runtime socket; what it was asked."""
    asked: list[str] = []
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "sock"))
    server.listen()

    def answer() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                asked.append(connection.recv(1000).decode())
                connection.sendall(TABLE.encode())

    threading.Thread(target=answer, daemon=True).start()
    yield asked
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def command(host: Path, *more: str) -> list[str]:
    places = (str(host / name) for name in ("sock", "down", "standby", "linger"))
    return [sys.executable, "-c", PROGRAM, *places, "haproxy,keepalived", *more]


def environment(host: Path) -> dict[str, str]:
    return {**os.environ, "PATH": f"{host}/bin:/usr/bin:/bin"}


def test_one_line_has_everything(host: Path, haproxy: list[str]) -> None:
    ended = subprocess.run(command(host), env=environment(host), capture_output=True, text=True, timeout=60, check=True)
    told = json.loads(ended.stdout)
    # The real kernel's: see test_own_addresses.py.
    assert isinstance(told.pop("ages"), dict)
    assert told == {
        "addresses": ["10.0.0.1"],
        "units": ["active", "failed"],
        "down": "0\n",
        "standby": None,
        "lingering": None,
        "servers": "pxname,svname,status,check_status,check_code\n"
        "kubernetes-api,cp-1,UP,L7OK,200\nkubernetes-api,cp-2,DOWN,* L4CON,\n",
    }
    assert haproxy == ["show stat -1 4 -1\n"]


def test_without_haproxy_and_without_iproute2(host: Path) -> None:
    ended = subprocess.run(command(host), env=environment(host), capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(ended.stdout)["servers"] == ""
    (host / "bin/ip").write_text("#!/bin/sh\necho no\n")
    ended = subprocess.run(command(host), env=environment(host), capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(ended.stdout)["error"].startswith("its addresses cannot be read")


def test_with_a_period_it_goes_on_until_its_input_ends(host: Path, haproxy: list[str]) -> None:
    with subprocess.Popen(
        command(host, "0.05"), env=environment(host), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stdin
        assert json.loads(running.stdout.readline())["down"] == "0\n"
        (host / "down").write_text("1\n")
        while json.loads(running.stdout.readline())["down"] != "1\n":
            pass
        running.stdin.close()
        assert running.wait(timeout=60) == 0
    assert haproxy
