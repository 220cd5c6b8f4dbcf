"""`twinkeel kubespray` as typed: dry runs, refusals, and what is shown of a run."""

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from twinkeel.cli.kubespray import app
from twinkeel.cli.kubespray_progress import PlaybookProgress, clock, hosts_lines
from twinkeel.errors import UsageError
from twinkeel.kubespray.events import Event, HostResult, PlayBegan, TaskBegan
from twinkeel.kubespray.progress import Progress

SPEC = str(Path(__file__).parents[3] / "examples/lab-home.yaml")


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def test_a_dry_run_prints_commands_and_changes_nothing(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["run", "-f", SPEC, "--dry-run", "--", "-e", "x=1 2"])
    assert ended.exit_code == 0, ended.output
    assert "ANSIBLE_STDOUT_CALLBACK=ansible.posix.jsonl" in ended.output
    assert "-e 'x=1 2'" in ended.output
    assert ended.output.index("cluster.yml") < ended.output.index("# twinkeel apply")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("command", "more"), [("remove-node", ["--dead"]), ("scale", [])])
def test_options_for_ansible_come_after_two_hyphens_in_every_command(command: str, more: list[str]) -> None:
    either = ["--", "-e", "x=1 2"], ["--ansible", "-e", "--ansible", "x=1 2"]
    outputs = set()
    for options in either:
        ended = CliRunner().invoke(app, [command, "worker-2", "-f", SPEC, "--dry-run", *more, *options])
        assert ended.exit_code == 0, ended.output
        assert "-e 'x=1 2'" in ended.output
        outputs.add(ended.output)
    assert len(outputs) == 1


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["run", "-f", SPEC], r"Kubespray v2\.31\.0 was not fetched"),
        (["remove-node", "master-1", "-f", SPEC, "--dry-run"], "first control-plane host"),
        (["run", "-f", SPEC, "--", "-K"], "cannot be passed on"),
        (["run", "-f", SPEC, "other.yml"], "'other.yml' is no option"),
    ],
)
def test_refusals(arguments: list[str], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        CliRunner().invoke(app, arguments, catch_exceptions=False)


def test_a_reset_needs_the_clusters_name(tmp_path: Path) -> None:
    release = tmp_path / "twinkeel/kubespray/v2.31.0"
    release.mkdir(parents=True)
    (release / "complete.json").write_text("{}")
    with pytest.raises(UsageError, match="'lab' is not the cluster's name: nothing was reset"):
        CliRunner().invoke(app, ["reset", "-f", SPEC], input="lab\n", catch_exceptions=False)


def test_what_is_shown_without_a_terminal() -> None:
    shown = io.StringIO()
    state = Progress(began=0)
    events: list[Event] = [
        PlayBegan("Install [etcd]"),
        TaskBegan("Join", ""),
        HostResult("a", "Join", "ok"),
        HostResult("c", "Look", "failed", "not there"),
        HostResult("b", "Join", "failed", "no\nmore --token abcdef.0123456789abcdef"),
        HostResult("c", "Join", "ok"),
    ]
    with PlaybookProgress(Console(file=shown, soft_wrap=True)) as progress:
        for event in events:
            state.take(event, 1)
            progress.show(event, state)
        progress.summary(state)
    text = shown.getvalue()
    assert "[0 tasks] Install [etcd]" in text
    assert "failed b: Join: no\n" in text
    assert "  c goes on: the failure of Look is ignored\n" in text
    assert "0123456789abcdef" not in text
    assert hosts_lines(state) == ["  a  ok 1", "  c  ok 1  ignored 1", "  b  failed 1"]
    assert clock(3723.9) == "1:02:03"
