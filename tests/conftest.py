"""What suites share: no dependence on the caller's environment or on chance, the seed's cluster, and small edits of its spec."""

import gc
import os
import re
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

sys.path.insert(0, str(Path(__file__).parent))
EXAMPLE = Path(__file__).parents[1] / "examples/lab-home.yaml"

# The same examples every time, however slow the machine: a suite that passed passes again. New ones are looked for on purpose:
# pytest --hypothesis-profile=explore
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("explore", derandomize=False, deadline=None, max_examples=1000, suppress_health_check=list(HealthCheck))
settings.load_profile("steady")

# What a caller's environment could say into a test; TWINKEEL_TEST_... and the like are meant for the tests.
_FOREIGN = re.compile(
    "ANSIBLE_.*|GIT_.*|KUBECONFIG|TWINKEEL_(FILE|SSH_.*|.*_PASSWORD)|COLUMNS|LINES|.*COLOR.*|TTY_.*|GITHUB_ACTIONS|LC_.*|LANG.*"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew instead of comparing with them")


def pytest_configure() -> None:
    for name in filter(_FOREIGN.fullmatch, list(os.environ)):
        del os.environ[name]
    os.environ |= {"LC_ALL": "C.UTF-8", "TERM": "xterm"}
    os.umask(0o022)
    # What a shell starts in the background ignores Ctrl-C, and hands that on to every program that it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    # Modules and tests stay to the end: the collector need not look at them again and again.
    gc.freeze()


@cache
def _built(text: str) -> Topology:
    loaded = load(SourceFile("twinkeel.yaml", text))
    assert loaded.spec is not None, loaded.diagnostics
    return build(loaded.spec, Path("/srv/cluster"))


@pytest.fixture
def build_edited() -> Callable[..., Topology]:
    """Build lab-home with pieces of its text replaced; a piece that is not there once is a mistake in the test."""

    def edited(*edits: tuple[str, str]) -> Topology:
        text = EXAMPLE.read_text()
        for old, new in edits:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        return _built(text)

    return edited


@pytest.fixture
def lab_home_topology(build_edited: Callable[..., Topology]) -> Topology:
    return build_edited()
