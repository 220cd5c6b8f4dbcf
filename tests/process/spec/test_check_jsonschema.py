"""check-jsonschema, as an editor or a CI job would run it, with the schema that we print: good specs pass, bad ones do not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
GOOD = [*sorted((ROOT / "examples").glob("*.yaml")), *sorted((ROOT / "tests/golden/specs").glob("*.yaml"))]
BAD = sorted((ROOT / "tests/unit/spec/bad").glob("*.yaml"))
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("schema") / "twinkeel.schema.json"
    subprocess.run([BIN / "twinkeel", "schema", "-o", path], check=True, timeout=300)
    return path


def judged(*arguments: str | Path) -> dict[str, Any]:
    command = [BIN / "check-jsonschema", "--output-format", "json", *arguments]
    result: dict[str, Any] = json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300).stdout)
    return result


def test_the_schema_is_good_for_editors(schema: Path) -> None:
    # Its regular expressions are judged as those of ECMA-262, in Unicode mode, as editors read them.
    assert judged("--check-metaschema", schema)["errors"] == []


def test_every_example_and_golden_spec_is_good(schema: Path) -> None:
    assert len(GOOD) > 5

    found = judged("--schemafile", schema, *GOOD)

    assert found["status"] == "ok", found


def test_a_bad_example_is_refused_where_a_schema_can_see_it(schema: Path) -> None:
    found = judged("--schemafile", schema, *BAD)

    refused = {Path(item["filename"]).stem for kind in ("errors", "parse_errors") for item in found.get(kind, [])}
    assert refused == {path.stem for path in BAD if "\n# schema: refuses\n" in path.read_text()}
    assert {"unknown-key", "missing-key", "tab"} <= refused
