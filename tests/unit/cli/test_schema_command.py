"""`twinkeel schema`: on standard output or in a file, for editors or for people."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from twinkeel.cli.main import cli
from twinkeel.errors import UsageError
from twinkeel.spec.reference import reference
from twinkeel.spec.schema import json_schema


def test_the_schema_is_json_on_standard_output() -> None:
    result = CliRunner().invoke(cli, ["schema"])

    assert result.exit_code == 0
    assert json.loads(result.output) == json_schema()


@pytest.mark.parametrize(
    ("options", "text"), [([], json.dumps(json_schema(), indent=2) + "\n"), (["--format", "markdown"], reference())]
)
def test_a_file_gets_the_same_and_its_name_is_told(tmp_path: Path, options: list[str], text: str) -> None:
    result = CliRunner().invoke(cli, ["schema", "-o", str(tmp_path / "out"), *options])

    assert (result.exit_code, result.stdout, result.stderr) == (0, "", f"written: {tmp_path / 'out'}\n")
    assert (tmp_path / "out").read_text() == text


@pytest.mark.parametrize("name", ["folder", "file/x", "missing/x"])
def test_where_no_file_can_be_is_wrong_usage(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    ended = CliRunner().invoke(cli, ["schema", "-o", str(tmp_path / name)])
    assert isinstance(ended.exception, UsageError)


def test_a_spec_is_not_overwritten(tmp_path: Path) -> None:
    spec = tmp_path / "twinkeel.yaml"
    spec.write_text("name: mine\n")
    with pytest.raises(UsageError, match="this YAML file is there already"):
        CliRunner().invoke(cli, ["schema", "-o", str(spec)], catch_exceptions=False)
    assert spec.read_text() == "name: mine\n"
