"""The reference page: fresh, complete, and true about profiles and codes."""

import re
from pathlib import Path

import pytest

from twinkeel.source import SourceFile
from twinkeel.spec.codes import CODES, RENDERED_CODES
from twinkeel.spec.failover_defaults import ADVERT_INTERVALS, TIMERS
from twinkeel.spec.load import load
from twinkeel.spec.model import Failover
from twinkeel.spec.reference import reference
from twinkeel.spec.rules import RULES
from twinkeel.spec.schema import Node, json_schema

ROOT = Path(__file__).parents[3]
PAGE = reference()
SCHEMA = json_schema()


def test_the_page_is_fresh() -> None:
    assert (ROOT / "docs/spec.md").read_text() == PAGE, "run: twinkeel schema --format markdown -o docs/spec.md"


def section(heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, each as its cells."""
    _, found, rest = PAGE.partition(f"{heading}\n")
    assert found, heading
    rows = re.findall(r"^\|.*\|$", re.split(r"\n##+ ", rest)[0], re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


SECTIONS: list[tuple[str, Node]] = [
    ("## The keys", SCHEMA),
    ("### `endpoint`", SCHEMA["$defs"]["Endpoint"]),
    ("### `endpoint.vip`, `endpoint.vips[]`", SCHEMA["$defs"]["VirtualIp"]),
    ("### `load_balancers.NAME`, `control_plane.NAME`, `etcd.NAME`, `workers.NAME`", SCHEMA["$defs"]["Host"]),
    ("### `services.NAME.check`", SCHEMA["$defs"]["ServiceCheck"]),
    ("### `failover`", SCHEMA["$defs"]["Failover"]),
    ("### `haproxy.metrics`", SCHEMA["$defs"]["Metrics"]),
    ("### `kubernetes`", SCHEMA["$defs"]["Kubernetes"]),
]


@pytest.mark.parametrize(("heading", "node"), SECTIONS, ids=[heading for heading, _ in SECTIONS])
def test_a_section_has_every_key_with_type_example_and_description(heading: str, node: Node) -> None:
    rows = section(heading)

    assert [row[0] for row in rows] == [f"`{name}`" for name in node["properties"]]
    for name, kind, default, _, example, description in rows:
        assert kind, name
        assert len(example) > 2, name
        assert len(description) > 5, name
        assert (default == "**required**") is (name.strip("`") in node.get("required", ()))


def test_every_mapping_has_a_section() -> None:
    headings = re.findall(r"^### (.*)$", PAGE, re.MULTILINE)

    assert len(headings) == len(set(headings)) == len(SCHEMA["$defs"])


def test_units_and_ranges_are_shown() -> None:
    rows = {row[0]: row for row in section("### `failover`")}

    assert rows["`advert_interval`"][1:4] == ["number, 0.01 to 255", "", "seconds"]
    assert rows["`failback`"][1] == "number, 0 to 1000, or `never`"
    assert rows["`budget`"][3] == "milliseconds"
    assert rows["`profile`"][1:3] == ["`fast` or `steady`", "`fast`"]


def test_the_first_example_of_the_page_is_a_good_spec() -> None:
    match = re.search(r"```yaml\n(name: .*?)```", PAGE, re.DOTALL)
    assert match

    loaded = load(SourceFile("page.yaml", match[1]))

    assert loaded.spec is not None
    assert loaded.diagnostics == ()


@pytest.mark.parametrize("timer", ["advert_interval", *TIMERS["fast"]])
def test_descriptions_of_timers_say_what_the_profiles_set(timer: str) -> None:
    values = [ADVERT_INTERVALS[name] if timer == "advert_interval" else TIMERS[name][timer] for name in ("fast", "steady")]

    assert f"fast: {values[0]:g}, steady: {values[1]:g}." in (Failover.model_fields[timer].description or "")
    assert [f"`{timer}`", *(f"{value:g}" for value in values)] in section("## Profiles")


def test_every_code_that_check_can_say_is_listed_once() -> None:
    rows = [row[0] for row in section("## What `check` finds")]
    listed = [row.partition("]")[0].lstrip("[") for row in rows]
    assert rows == [f"[{code}](spec-rules.md#{code.lower()})" for code in listed]
    modules = [*(ROOT / "src/twinkeel/spec").glob("*.py"), ROOT / "src/twinkeel/app/check_rendered.py"]
    sources = [path.read_text() for path in modules if path.name != "codes.py"]
    said = {code for text in sources for code in re.findall(r'"(S\d{3})"', text)}

    assert sorted(listed) == sorted(set(listed)) == sorted(said)
    assert [code.code for code in CODES] + [rule.code for rule in RULES] + [code.code for code in RENDERED_CODES] == listed


def test_every_code_has_its_reason() -> None:
    for code, severity, title, why in section("## What `check` finds"):
        assert severity in ("error", "warning"), code
        assert len(title) > 5, code
        assert why.endswith((".", ":")), code
