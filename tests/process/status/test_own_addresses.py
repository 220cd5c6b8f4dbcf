"""The kernel's word of addresses, in a network namespace: what comes and goes wakes whoever waits, and each has its age."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from twinkeel.status.host_programs.own_addresses import address_of, messages

PROGRAM = """
import json, select, subprocess
from twinkeel.status.host_programs.own_addresses import ages, drain, listen
listener = listen()
def changed(*argv):
    drain(listener)
    subprocess.run(["ip", *argv], check=True)
    return bool(select.select([listener], [], [], 30)[0])
up = changed("link", "set", "lo", "up")
first = ages()
came = changed("address", "add", "192.0.2.10/32", "dev", "lo")
second = ages()
gone = changed("address", "del", "192.0.2.10/32", "dev", "lo")
print(json.dumps([up, first, came, second, gone, ages()]))
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="network namespaces need root")
def test_an_address_that_comes_or_goes_wakes_and_has_an_age() -> None:
    command = ["unshare", "--net", sys.executable, "-c", PROGRAM]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    up, first, came, second, gone, last = json.loads(ended.stdout)
    assert (up, came, gone) == (True, True, True)
    assert "127.0.0.1" in first
    assert second.keys() - first.keys() == {"192.0.2.10"}
    assert 0 <= second["192.0.2.10"] <= second["127.0.0.1"]
    assert last.keys() == first.keys()


@pytest.mark.parametrize("packet", [b"", b"x" * 15, b"\0" * 64, b"\x10\0\0\0" + b"\0" * 12, bytes(range(256)), b"\xff" * 100])
def test_a_packet_that_makes_no_sense_ends(packet: bytes) -> None:
    for _, body in messages(packet):
        if len(body) >= 8:
            address_of(body)
