"""What the JSON Schema accepts, `check` accepts of every single value; and what `check` accepts, the schema accepts.

An editor reads the file by YAML 1.2's core schema, and every key as text.
"""

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from mutations import mutants
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode
from test_fuzz import SEED

from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.spec.schema import json_schema

SHARDS, IN_A_SHARD = 10, 300
VALUES = {f"S01{number}" for number in range(7)}
VALIDATOR = Draft202012Validator(json_schema())
# What a schema cannot say. To JSON 3 and 3.0 are one number, and only the second is a version.
NOT_FOR_A_SCHEMA = re.compile(r"a network is named by its first address|`\d+` cannot be a version")


def as_an_editor_reads(text: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    return _read(yaml.compose(text), SafeConstructor(loader=yaml))


def _read(node: Node, constructor: SafeConstructor) -> Any:
    if isinstance(node, MappingNode):
        return {key.value: _read(value, constructor) for key, value in node.value}
    if not isinstance(node, ScalarNode):
        return [_read(item, constructor) for item in node.value]
    # The core schema has no dates.
    return node.value if str(node.tag).endswith("timestamp") else constructor.construct_object(node)


def differs(text: str) -> str | None:
    """In what the two disagree; None where they agree, or where the text is refused before anything is a value."""
    loaded = load(SourceFile("twinkeel.yaml", text))
    errors = [
        item
        for item in loaded.diagnostics
        if item.severity == "error" and not NOT_FOR_A_SCHEMA.search(f"{item.message} {item.hint}")
    ]
    if loaded.document is None or any(item.code < min(VALUES) for item in errors):
        return None
    refused = [f"{error.json_path}: {error.message}"[:300] for error in VALIDATOR.iter_errors(as_an_editor_reads(text))]
    of_values = [f"{item.code} {item.message}" for item in errors if item.code in VALUES]
    if of_values and not refused:
        return f"`check` alone refuses: {of_values}"
    return f"the schema alone refuses: {refused}" if refused and loaded.spec is not None else None


@pytest.mark.parametrize("shard", range(SHARDS))
def test_on_mutated_specs(shard: int) -> None:
    agreed = 0
    for mutant in mutants(SEED * 2000 + shard, IN_A_SHARD):
        text = mutant.data.decode(errors="replace")
        assert differs(text) is None, f"{mutant.story}: {differs(text)}"
        agreed += 1
    assert agreed == IN_A_SHARD


SMALL = """\
name: small
domain: example.org
endpoint: {name: api.example.org, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101}
"""


@pytest.mark.parametrize(
    ("more", "good"),
    [
        ("interface: 5", True),
        ("interface:", False),
        ("ssh: {identity_file: }", True),
        ("ssh: {port: '22'}", False),
        ("ssh: {port: 22}", True),
        ("failover: {failback: '60'}", False),
        ("failover: {failback: .5}", True),
        ("failover: {failback: 1e1}", False),
        ("haproxy: {version: 2.6}", True),
        ("haproxy: {version: '2.6'}", True),
        ("haproxy: {extra: {global: }}", True),
        ("etcd: {etcd-1: 192.168.1.131/24}", False),
        ("etcd: {etcd-1: 192.168.1.031}", False),
        ("etcd: {etcd-1: 'fd00::1%eth0'}", False),
        ("kubernetes: {pod_network: 10.0.0.0/255.0.0.0}", False),
    ],
)
def test_on_values_that_were_read_differently_once(more: str, good: bool) -> None:
    text = f"{SMALL}{more}\n"
    assert differs(text) is None
    loaded = load(SourceFile("twinkeel.yaml", text))
    refused = {item.code for item in loaded.diagnostics if item.severity == "error"} & (VALUES | {"S008"})
    assert bool(refused) is not good, loaded.diagnostics
