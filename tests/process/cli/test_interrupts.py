"""Ctrl-C is answered while a lock's release waits for a host that is silent; a second one ends that, without a traceback."""

import signal
import subprocess
import sys

PROGRAM = """
import asyncio, sys
from twinkeel.cli.run_async import run

async def release():
    await asyncio.sleep(600)

async def work():
    try:
        print("begun", flush=True)
        await asyncio.sleep(600)
    finally:
        # As a lock is released: it is waited for, whatever ends the work.
        await asyncio.shield(asyncio.gather(release(), release()))

try:
    run(work())
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_the_first_is_answered_and_the_second_forces() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "begun\n"
        child.send_signal(signal.SIGINT)
        assert child.stderr.readline().startswith("twinkeel: stopping")
        child.send_signal(signal.SIGINT)
        assert child.stderr.read() == ""
    assert child.returncode == 130


def test_what_ends_at_once_says_nothing_of_stopping() -> None:
    program = PROGRAM.replace("await asyncio.shield(asyncio.gather(release(), release()))", "pass")
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        assert child.stdout.readline() == "begun\n"
        child.send_signal(signal.SIGINT)
        assert child.stderr.read() == ""
    assert child.returncode == 130


def test_while_python_still_loads() -> None:
    """The first tenth of a second is imports."""
    program = """
import sys, types
class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from twinkeel.__main__ import main
main()
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "twinkeel: interrupted\n")
