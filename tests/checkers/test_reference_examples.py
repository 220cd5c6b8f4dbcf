"""Every example of the reference page, put where its key stands: good for the schema, for `check`, and for the real daemons."""

import io
import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from twinkeel.render.constraints import requested_by, violated_constraints
from twinkeel.render.render import render
from twinkeel.render.validate import validate_file
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.spec.reference import places
from twinkeel.spec.schema import described_schema, json_schema
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.build import build

EXAMPLES = Path(__file__).parents[2] / "examples"
BASE, DUAL_STACK, ANNOUNCED = (
    YAML(typ="safe").load((EXAMPLES / name).read_text()) for name in ("lab-home.yaml", "dual-stack.yaml", "lab-bgp.yaml")
)
VALIDATOR = Draft202012Validator(json_schema())
SECRETS = Secrets(vrrp_password="x", metrics_password="y", vrrp_key="00" * 32, bgp_password="z")  # noqa: S106
NAMES = {"load_balancers": "lb-1", "services": "https"}
OF_DUAL_STACK = ("endpoint.vips", "kubernetes.pod_network6", "kubernetes.service_network6")

OF_BGP = ("endpoint.mode", "endpoint.bgp", "frr")

# What an example needs beside it to mean anything, other than required keys of its own mapping.
BESIDE: dict[str, dict[str, Any]] = {
    "load_balancers.NAME.vrrp_address": {
        "load_balancers.NAME.vrrp_interface": "ens9",
        "load_balancers.lb-2.vrrp_address": "10.255.0.2",
        "load_balancers.lb-2.vrrp_interface": "ens9",
    },
    "load_balancers.NAME.vrrp_interface": {
        "load_balancers.NAME.vrrp_address": "10.255.0.1",
        "load_balancers.lb-2.vrrp_address": "10.255.0.2",
        "load_balancers.lb-2.vrrp_interface": "ens9",
    },
    "failover.authentication": {"failover.vrrp_version": 2},
    "kubernetes.kubespray": {"kubernetes.version": "1.34.3"},
    "endpoint.vips": {"endpoint.vip": None},
    "endpoint.vip.routed": {"endpoint.vip.address": "192.168.1.110/32"},
    "endpoint.vip.next_hop": {"endpoint.vip.address": "192.0.2.10/32", "endpoint.vip.routed": True},
    **{f"services.NAME.check.{key}": {"services.NAME.port": 443} for key in ("type", "path", "status", "port")},
}


def examples() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Each key's path, its example, and the examples of the required keys beside it."""
    schema = described_schema()
    nodes = {"": schema, **{paths[0]: schema["$defs"][name] for name, paths in places(schema).items()}}
    for path, node in nodes.items():
        given = {name: value["examples"][0] for name, value in node["properties"].items()}
        for key, example in given.items():
            others = {f"{path}.{name}": given[name] for name in node.get("required", ()) if path and name != key}
            yield f"{path}.{key}".removeprefix("."), example, others


def test_there_are_many() -> None:
    assert len(list(examples())) > 100


@pytest.mark.parametrize(("path", "example", "others"), examples(), ids=[path for path, *_ in examples()])
def test_an_example_is_good_where_its_key_stands(path: str, example: Any, others: dict[str, Any]) -> None:
    spec = deepcopy(ANNOUNCED if path.startswith(OF_BGP) else DUAL_STACK if path in OF_DUAL_STACK else BASE)
    for where, value in {**others, **BESIDE.get(path, {}), path: example}.items():
        put(spec, where, value)
    assert list(VALIDATOR.iter_errors(spec)) == []
    loaded = load(SourceFile("twinkeel.yaml", as_text(spec)))
    assert loaded.spec is not None, [(item.code, item.message) for item in loaded.diagnostics]
    topology = build(loaded.spec, Path("/srv/cluster"))
    assert violated_constraints(requested_by(topology)) == ()
    for file in next(iter(render(topology, "verified", SECRETS).hosts.values())):
        assert validate_file(file.path, file.content) == (), file.content


def put(spec: dict[str, Any], path: str, value: Any) -> None:
    """Set a value; NAME and [] stand for the first of a group or of a list, and a short form becomes a mapping."""
    here: Any = spec
    *parents, last = path.split(".")
    for number, part in enumerate(parents):
        if part.endswith("[]"):
            here = here[part.removesuffix("[]")][0]
            continue
        name = NAMES[parents[number - 1]] if part == "NAME" else part
        if not isinstance(here.setdefault(name, {}), dict):
            here[name] = {"address": here[name]}
        here = here[name]
    here[last] = value


def as_text(spec: dict[str, Any]) -> str:
    stream = io.StringIO()
    YAML(typ="safe", pure=True).dump(json.loads(json.dumps(spec)), stream)
    return stream.getvalue()
