"""A report can be sent around: the spec in it holds no lines that may hold a password."""

import asyncio
from pathlib import Path

import pytest

from twinkeel.drill.facts import collect
from twinkeel.drill.shareable_spec import shareable_spec
from twinkeel.errors import HostError
from twinkeel.topology.model import Machine, Topology

SPEC = """\
name: lab-home  # the article's cluster
haproxy:
  max_connections: 100
  extra:
    frontend: |
      http-request deny unless { req.hdr(x) hunter2 }
keepalived: {extra: {instance: "notify /bin/x hunter2"}}
kubernetes:
  version: 1.35.4
  variables: {registry_password: hunter2}
power: {off: "ipmitool -P hunter2 off {host}", on: "ipmitool -P hunter2 on {host}"}
"""


def test_what_may_hold_a_password_is_left_out_and_the_rest_stays() -> None:
    shown = shareable_spec(SPEC)
    assert "hunter2" not in shown
    assert "max_connections: 100" in shown
    assert "name: lab-home  # the article's cluster" in shown
    assert "version: 1.35.4" in shown


@pytest.mark.parametrize("path", sorted(Path("examples").glob("*.yaml")), ids=lambda path: path.name)
def test_an_example_is_shown_with_every_key(path: Path) -> None:
    shown = shareable_spec(path.read_text())
    assert [line.split(":")[0] for line in shown.splitlines() if line[:1].isalpha()] == [
        line.split(":")[0] for line in path.read_text().splitlines() if line[:1].isalpha()
    ]


def test_text_that_is_no_yaml_is_not_shown() -> None:
    assert shareable_spec("a: [hunter2") == ""


class Silent:
    async def run(self, machine: Machine, *_: object, **__: object) -> None:
        raise HostError("no answer")


def test_the_facts_of_a_run_hold_only_that(lab_home_topology: Topology) -> None:
    facts = asyncio.run(collect(Silent(), lab_home_topology, "1", SPEC))  # type: ignore[arg-type]
    assert "hunter2" not in facts.spec
    assert "max_connections" in facts.spec
