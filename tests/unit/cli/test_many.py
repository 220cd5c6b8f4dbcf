"""Several specs on one command line: one table, one object, one exit code; one spec is as it was, and changes refuse several."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from twinkeel.app import status as use_case
from twinkeel.app.answered import Answered
from twinkeel.app.context import Context
from twinkeel.cli.main import COMMANDS, cli
from twinkeel.cli.many import View, code_of, many_json, many_lines
from twinkeel.errors import HostError, SpecError, UsageError
from twinkeel.status.backends import Backend
from twinkeel.status.snapshot import ControlPlaneState, LoadBalancerState, Snapshot, VipState

EXAMPLE = Path(__file__).parents[3] / "examples" / "lab-home.yaml"
VIEW = View[int]("plan", code=lambda code: code, as_json=lambda code: {"is": code}, summary=str, details=lambda code: ["so"] * code)
GOOD = Snapshot(
    (VipState("192.168.1.110", ("lb-1",), True),),
    (LoadBalancerState("lb-1", "MASTER", "active", (Backend("m", "UP"),), vips=("192.168.1.110",)),),
    (ControlPlaneState("m", True),),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "clusters").mkdir()
    for name in ("north", "south"):
        text = EXAMPLE.read_text().replace("name: lab-home\n", f"name: {name}\n")
        (tmp_path / f"clusters/{name}.yaml").write_text(text)
    return tmp_path / "clusters"


def run(*argv: object) -> tuple[int, str, BaseException | None]:
    ended = CliRunner().invoke(cli, [str(word) for word in argv])
    return ended.exit_code, ended.stdout, ended.exception


@pytest.mark.parametrize(
    ("results", "code"),
    [((0, 0), 0), ((0, 1), 1), ((1, SpecError("x")), 2), ((0, HostError("x"), SpecError("x"), 1), 3), ((), 0)],
)
def test_the_exit_code_is_the_greatest(results: Sequence[Any], code: int) -> None:
    answers = [Answered(Path(f"{n}.yaml"), str(n), each) for n, each in enumerate(results)]
    assert code_of(VIEW, answers) == code


def test_the_documented_object_and_the_table() -> None:
    answers: list[Answered[int]] = [
        Answered(Path("c/a.yaml"), "a", 0),
        Answered(Path("c/long.yaml"), "long-name", 1),
        Answered(Path("c/x.yaml"), None, SpecError("bad", where="c/x.yaml:1", hint="do")),
    ]
    assert many_json(VIEW, answers) == {
        "exit_code": 2,
        "clusters": [
            {"name": "a", "file": "c/a.yaml", "exit_code": 0, "result": {"is": 0}},
            {"name": "long-name", "file": "c/long.yaml", "exit_code": 1, "result": {"is": 1}},
            {
                "name": None,
                "file": "c/x.yaml",
                "exit_code": 2,
                "error": {"what": "bad", "where": "c/x.yaml:1", "hint": "do"},
            },
        ],
    }
    assert many_lines(VIEW, answers) == [
        "cluster    code  plan",
        "a          0     0",
        "long-name  1     1",
        "x.yaml     2     bad",
        "long-name: so",
        "x.yaml: where: c/x.yaml:1",
        "x.yaml: hint: do",
        "more about one: twinkeel plan -f c/long.yaml",
        "3 clusters: 1 good, 2 not (exit code 2)",
    ]


def test_status_of_a_folder_and_of_one(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def status(context: Context) -> Snapshot:
        if context.topology.name == "south":
            raise HostError("gone")
        return GOOD

    monkeypatch.setattr(use_case, "status", status)
    code, out, _ = run("status", "-f", folder, "--format", "json")
    told = json.loads(out)
    assert (code, told["exit_code"], [each["name"] for each in told["clusters"]]) == (3, 3, ["north", "south"])
    assert told["clusters"][0]["result"] == use_case.as_json(GOOD)
    assert told["clusters"][1]["error"]["what"] == "gone"
    assert json.loads(run("status", "-f", folder / "north.yaml", "--format", "json")[1]) == use_case.as_json(GOOD)
    assert run("status", "-f", folder / "north.yaml", "-f", folder / "south.yaml")[1].startswith("cluster  code  status\n")


def test_the_variable_may_name_a_folder_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINKEEL_FILE", str(folder))
    assert run("check")[1].splitlines()[-1] == "2 clusters: 2 good, 0 not (exit code 0)"
    monkeypatch.setenv("TWINKEEL_FILE", str(folder / "north.yaml"))
    assert run("check")[1] == f"{folder}/north.yaml: no problems\n"


def test_check_tells_of_every_spec_before_it_refuses_two_of_one_name(folder: Path) -> None:
    (folder / "bad.yaml").write_text((folder / "north.yaml").read_text().replace("192.168.1.111", "192.168.1.112"))
    code, out, error = run("check", "-f", folder, "--format", "json")
    told = json.loads(out)
    assert [each["exit_code"] for each in told["clusters"]] == [1, 0, 0]
    assert told["clusters"][0]["result"]["diagnostics"]
    assert told["exit_code"] == 2
    assert told["error"]["what"] == "two specs name their cluster north"
    assert run("check", "-f", folder)[1].splitlines()[-1] == "3 clusters: 2 good, 1 not (exit code 2)"
    assert code == 1, "the runner's own code for an exception"
    assert isinstance(error, UsageError)
    assert error.exit_code == 2


READ_SEVERAL = {"check", "audit", "preflight", "plan", "status"}
ARGUMENTS = {"drain": ["cp"], "undrain": ["cp"], "export": ["ansible", "out"], "render": ["-o", "out"]}


@pytest.mark.parametrize("command", ["apply", "rollback", "switchover", "drain", "undrain", "render", "explain", "export"])
def test_what_changes_or_writes_refuses_several(
    command: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert command in COMMANDS.keys() - READ_SEVERAL
    name, *rest = [command, *ARGUMENTS.get(command, [])]
    for given in (["-f", folder], ["-f", folder / "north.yaml", "-f", folder / "south.yaml"]):
        _, _, error = run(name, *rest, *given)
        assert isinstance(error, UsageError), (given, error)
        assert "one cluster at a time" in error.what


def test_an_audit_of_several_stands_alone(folder: Path) -> None:
    for rest in (["lb-1"], ["--host", "lb-1"], ["--format", "sarif"]):
        _, _, error = run("audit", "-f", folder, *rest)
        assert isinstance(error, UsageError), rest


def test_a_folder_that_holds_something_else_says_so(folder: Path) -> None:
    shutil.copy(folder / "north.yaml", folder / "north.txt")
    (folder / "ci.yaml").write_text("jobs: {}\n")
    ended = CliRunner().invoke(cli, ["check", "-f", str(folder)])
    assert ended.stderr == f"twinkeel: {folder}/ci.yaml is no spec, and left out\n"
