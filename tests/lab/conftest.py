"""The suite's labs: real hosts, made once for all tests of the session.

`lab` is the seed's cluster with Kubernetes; `small_lab` has the same addresses beside it, no Kubernetes, and hosts that a test
may switch off. TWINKEEL_TEST_KEEP=1 leaves them up and the next run uses them again.

A cluster that idles takes a third of a processor, and drills measure. So the modules that share a lab follow one another, and a
shared lab goes down after the last test that needs it, not at the end of the session.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from labs import EXAMPLE, Lab, make_lab, take_down  # noqa: E402 - it lies beside the tests

from twinkeel.lab.requirements import missing  # noqa: E402

SMALL_SPEC = """\
name: lab-two
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101}
kubernetes: {network_plugin: calico}
"""

API_SPEC = """\
name: lab-api
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101, master-2: 192.168.1.103, master-3: 192.168.1.105}
kubernetes: {network_plugin: calico}
"""

SHARED = {"lab": "test-suite", "api_lab": "test-api", "small_lab": "test-small"}
"""Fixtures of the session by the names of their labs, in the order in which tests use them."""


def shared_labs(item: pytest.Item) -> set[str]:
    """The session's labs that a test needs; a module may have another `lab` of its own."""
    module = item.getparent(pytest.Module)
    needed = SHARED.keys() & set(getattr(item, "fixturenames", ()))
    return {name for name in needed if module is None or not hasattr(module.obj, name)}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    reasons = missing()
    here = [item for item in items if HERE in item.path.parents]
    for item in here:
        item.add_marker(pytest.mark.lab)
        if reasons:
            item.add_marker(pytest.mark.skip(reason="; ".join(reasons)))
    by_module: dict[Path, set[str]] = {}
    for item in here:
        by_module.setdefault(item.path, set()).update(shared_labs(item))
    names = list(SHARED)
    # Stable: within a module, and among modules that need the same, the order stays.
    items.sort(key=lambda item: min((names.index(name) for name in by_module.get(item.path, ())), default=len(names)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Take down the shared labs that no later test needs, when the test and its module have cleaned up in them."""
    yield
    items = item.session.items
    later = items[items.index(item) + 1 :]
    for name in shared_labs(item) - set[str]().union(*(shared_labs(each) for each in later)):
        take_down(SHARED[name])


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The seed's cluster: nine hosts, Kubernetes, bare load balancers until a test applies."""
    yield from make_lab(SHARED["lab"], EXAMPLE)


@pytest.fixture(scope="session")
def small_spec(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A spec with two load balancers and one master, at the addresses of the seed's cluster."""
    path = tmp_path_factory.mktemp("spec") / "twinkeel.yaml"
    path.write_text(SMALL_SPEC)
    return path


@pytest.fixture(scope="session")
def small_lab(small_spec: Path) -> Iterator[Lab]:
    """Hosts without Kubernetes that tests may switch off; a test leaves them on and plugged in."""
    yield from make_lab(SHARED["small_lab"], small_spec, "--no-kubernetes")


@pytest.fixture(scope="session")
def api_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Three API servers and bare load balancers, no workers: for changes that a test makes in its own way."""
    path = tmp_path_factory.mktemp("api-spec") / "twinkeel.yaml"
    path.write_text(API_SPEC)
    yield from make_lab(SHARED["api_lab"], path)
