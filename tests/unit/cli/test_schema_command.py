"""`twinkeel schema`: on standard output or in a file, for editors or for people."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from twinkeel.cli.main import cli
from twinkeel.spec.reference import reference
from twinkeel.spec.schema import json_schema


def test_the_schema_is_json_on_standard_output() -> None:
    result = CliRunner().invoke(cli, ["schema"])

    assert result.exit_code == 0
    assert json.loads(result.output) == json_schema()


@pytest.mark.parametrize(
    ("options", "text"), [([], json.dumps(json_schema(), indent=2) + "\n"), (["--format", "markdown"], reference())]
)
def test_a_file_gets_the_same_and_nothing_is_printed(tmp_path: Path, options: list[str], text: str) -> None:
    result = CliRunner().invoke(cli, ["schema", "-o", str(tmp_path / "out"), *options])

    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "out").read_text() == text
