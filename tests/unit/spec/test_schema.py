"""The JSON Schema says what the model says: every key, described, with the model's defaults."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.schema import DIALECT, json_schema

SCHEMA = json_schema()
SHIPPED = Path(__file__).parents[3] / "docs/twinkeel.schema.json"


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Every model inside an annotation: found in the types themselves, not in what `json_schema` walks."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models(field.annotation)
    for inner in get_args(annotation):
        yield from models(inner)


MODELS = sorted(set(models(ClusterSpec)), key=lambda model: model.__name__)
KEYS = [(model, field.alias or name, field) for model in MODELS for name, field in model.model_fields.items()]


def node_of(model: type[BaseModel]) -> dict[str, Any]:
    node: dict[str, Any] = SCHEMA if model is ClusterSpec else SCHEMA["$defs"][model.__name__]
    return node


def test_the_models_are_all_there() -> None:
    assert len(MODELS) > 15
    assert set(SCHEMA["$defs"]) == {model.__name__ for model in MODELS} - {"ClusterSpec"}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_mapping_says_what_it_is_and_has_no_other_keys(model: type[BaseModel]) -> None:
    node = node_of(model)

    assert node["additionalProperties"] is False
    assert node["description"]
    assert set(node["properties"]) == {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize(("model", "name", "field"), KEYS, ids=[f"{model.__name__}.{name}" for model, name, _ in KEYS])
def test_a_key_has_a_description_an_example_and_its_default(model: type[BaseModel], name: str, field: FieldInfo) -> None:
    node = node_of(model)["properties"][name]

    assert len(node["description"]) > 5
    assert node["description"].rstrip().endswith((".", ")"))
    assert len(node["examples"]) == 1
    assert (name in node_of(model).get("required", [])) is field.is_required()
    if isinstance(field.default, str | int | float | bool | list):
        assert node["default"] == field.default
    Draft202012Validator({**node, "$defs": SCHEMA["$defs"]}).validate(node["examples"][0])
    TypeAdapter(field.rebuild_annotation()).validate_python(node["examples"][0])


def test_times_say_their_unit() -> None:
    assert SCHEMA["$defs"]["Failover"]["properties"]["advert_interval"]["description"].endswith("Unit: seconds.")
    assert SCHEMA["$defs"]["Failover"]["properties"]["budget"]["description"].endswith("Unit: milliseconds.")


def test_the_schema_is_a_schema_with_a_name() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == DIALECT
    assert SCHEMA["$id"].startswith("urn:")


MINIMAL = {
    "name": "small",
    "domain": "example.org",
    "endpoint": {"name": "api.example.org", "vip": "192.168.1.110/24"},
    "load_balancers": {"lb-1": "192.168.1.111"},
    "control_plane": {"master-1": "192.168.1.101"},
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"load_balancers": {"lb-1": {"address": "192.168.1.111", "interface": "ens18"}}},
        {"endpoint": {"name": "api.example.org", "vips": ["192.168.1.110/24", {"address": "fd00:1::110/64", "vrid": 7}]}},
        {"services": {"https": {"port": 443, "targets": "workers"}}},
        {"services": {"https": {"port": 443, "targets": ["workers", "10.0.0.1"]}}},
        {"haproxy": {"version": 2.6}, "keepalived": {"version": "2.2"}},
        {"failover": {"failback": "never", "check_interval": 2}},
        {"failover": {"failback": 60}},
        {"haproxy": {"metrics": {"address": "host", "readers": ["192.168.1.50"]}, "extra": {"global": "tune.bufsize 32768"}}},
        {"monitoring": {"address": "host", "readers": ["192.168.1.50", "192.168.1.0/24", "fd00::/64"]}},
        {"kubernetes": {"variables": {"anything": [{"at": ["all"]}]}}},
    ],
)
def test_every_short_form_is_good(more: dict[str, Any]) -> None:
    Draft202012Validator(SCHEMA).validate(MINIMAL | more)


@pytest.mark.parametrize(
    "more",
    [
        {"load_balancers": {"lb-1": {"interface": "ens18"}}},
        {"load_balancers": {"LB": "192.168.1.111"}},
        {"load_balancers": {"lb-1": "192.168.1.111/24"}},
        {"load_balancers": {"bastion": "192.168.1.111"}},
        {"endpoint": {"name": "api.example.org", "vip": None}},
        {"endpoint": {"name": "api.example.org"}},
        {"endpoint": {"name": "api.example.org", "vips": []}},
        {"endpoint": {"name": "api.example.org", "vip": "192.168.1.110/24", "vips": ["192.168.1.109/24"]}},
        {"services": {"https": {"port": 443, "targets": []}}},
        {"services": {"https": {"port": 443, "check": {"path": "no-slash"}}}},
        {"failover": {"failback": 1001}},
        {"haproxy": {"version": "two"}},
        {"kubernetes": {"service_network6": "10.0.0.0/8"}},
    ],
)
def test_what_no_short_form_means_is_refused(more: dict[str, Any]) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid(MINIMAL | more)


def test_the_shipped_schema_is_fresh() -> None:
    assert json.loads(SHIPPED.read_text()) == SCHEMA, "run: twinkeel schema -o docs/twinkeel.schema.json"
