"""The Ansible module that keeps and restores generations, run as Ansible runs it, and what is made of them on our side."""

import asyncio
import getpass
import json
import runpy
import stat
import subprocess
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils import basic

from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import CommandResult
from twinkeel.observe.host_programs import reload_safety
from twinkeel.plan.make_plan import desired
from twinkeel.render.files import RenderedFile
from twinkeel.render.haproxy import CA_PATH, CONFIG_PATH
from twinkeel.rollout.generations import NEXT_SWEEP, choose, merge
from twinkeel.rollout.host_programs import candidate_files, keep_generation
from twinkeel.rollout.keep_generation import KEEP_NOW, PRUNE, generation_kept
from twinkeel.rollout.rollback import desired_of, refuse_newcomers
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip.keepalived.backend import KeepalivedBackend

MODULE = files("twinkeel.rollout") / "ansible" / "library" / "generations.py"


def run(folder: Path, state: str, **arguments: Any) -> dict[str, Any]:
    places = {"folder": str(folder / "gen"), "notes": str(folder / "loaded.json"), "live": str(folder / "live.json")}
    given = {"state": state, **places, "_ansible_remote_tmp": str(folder / "ansible"), **arguments}
    output = StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(output):
        patch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode())
        patch.setattr(basic, "_ANSIBLE_PROFILE", "legacy")
        # Ansible sends it along with the module.
        for part in (candidate_files, keep_generation, reload_safety):
            patch.setitem(sys.modules, f"ansible.module_utils.{part.__name__.rpartition('.')[2]}", part)
        with pytest.raises(SystemExit):
            runpy.run_path(str(MODULE), run_name="__main__")
    result: dict[str, Any] = json.loads(output.getvalue())
    return result


def entry(path: Path, unit: str = "haproxy", on_change: str = "reload") -> dict[str, str]:
    return {"path": str(path), "unit": unit, "on_change": on_change}


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A systemctl for which every unit but keepalived is active."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "systemctl").write_text('#!/bin/sh\n[ "$3" != keepalived ]\n')
    (tmp_path / "bin" / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/usr/bin:/bin")


def test_content_mode_and_absence_come_back_and_each_service_is_told(tmp_path: Path, units: None) -> None:
    config, drop_in, new = tmp_path / "a.cfg", tmp_path / "b.conf", tmp_path / "c.conf"
    config.write_text("old\n")
    config.chmod(0o640)
    drop_in.write_text("same\n")
    entries = [entry(config), entry(drop_in, on_change="restart"), entry(new, unit="liveness", on_change="restart")]
    run(tmp_path, "kept", number=3, files=entries, units=["haproxy", "liveness", "keepalived"], about={"who": "me"})
    config.write_text("new\n")
    config.chmod(0o644)
    new.write_text("x\n")
    (tmp_path / "loaded.json").write_text("{}")
    restored = run(tmp_path, "restored", number=3, files=entries)
    assert config.read_text() == "old\n"
    assert stat.S_IMODE(config.stat().st_mode) == 0o640
    assert not new.exists()
    assert not (tmp_path / "loaded.json").exists()
    assert sorted(restored["files"]) == [str(config), str(new)]
    # haproxy.cfg alone differed: a reload. The unit whose file is gone was active. keepalived did not run before.
    assert restored["actions"] == {"haproxy": "reloaded", "liveness": "restarted", "keepalived": "stopped"}
    assert restored["bare"] is True


def test_the_folder_is_private_and_holds_the_newest_five(tmp_path: Path, units: None) -> None:
    file = tmp_path / "f"
    file.write_text("secret\n")
    for number in range(1, 8):
        run(tmp_path, "kept", number=number, files=[entry(file)])
    assert sorted(found.name for found in (tmp_path / "gen").iterdir()) == ["0003", "0004", "0005", "0006", "0007"]
    assert stat.S_IMODE((tmp_path / "gen").stat().st_mode) == 0o700
    kept = list((tmp_path / "gen" / "0007").iterdir())
    assert {stat.S_IMODE(each.stat().st_mode) for each in kept} == {0o600}
    assert run(tmp_path, "listed")["newest"] == 7
    meta = json.loads((tmp_path / "gen" / "0007" / "generation.json").read_text())
    assert meta["files"][0]["owner"] == getpass.getuser()


def test_files_of_an_earlier_run_are_kept_too(tmp_path: Path, units: None) -> None:
    gone = tmp_path / "firewall"
    gone.write_text("rules\n")
    (tmp_path / "live.json").write_text(json.dumps({"files": [entry(gone)], "who": "me"}))
    run(tmp_path, "kept", number=1)
    gone.unlink()
    assert run(tmp_path, "restored", number=1)["files"] == [str(gone)]
    assert gone.read_text() == "rules\n"


def test_what_broke_off_is_no_generation(tmp_path: Path, units: None) -> None:
    (tmp_path / "gen" / "unfinished").mkdir(parents=True)
    (tmp_path / "gen" / "0004").mkdir()
    assert run(tmp_path, "listed")["newest"] == 0
    assert "no generation 4" in run(tmp_path, "restored", number=4)["msg"]


def meta(number: int, *, bare: bool = False) -> dict[str, Any]:
    live = {} if bare else {"when": "then", "who": "ann@desk"}
    return {"number": number, "bare": bare, "live": live, "when": "now", "who": "bob@desk", "command": "twinkeel apply"}


def test_the_newest_whole_generation_is_chosen() -> None:
    found = {
        "lb-1": {1: meta(1, bare=True), 2: meta(2), 3: meta(3)},
        "lb-2": {1: meta(1, bare=True), 2: meta(2), 3: meta(3, bare=True)},
    }
    generations = merge(found)
    assert [(each.number, each.hosts, each.missing) for each in generations] == [
        (1, (), ("lb-1", "lb-2")),
        (2, ("lb-1", "lb-2"), ()),
        (3, ("lb-1",), ("lb-2",)),
    ]
    chosen = choose(generations, None)
    assert (chosen.number, chosen.applied_by, chosen.replaced_by) == (2, "ann@desk", "bob@desk")
    with pytest.raises(HostError, match="lb-2 has no generation 3"):
        choose(generations, 3)
    with pytest.raises(UsageError, match="no generation 9"):
        choose(generations, 9)
    with pytest.raises(HostError, match="nothing to go back to"):
        choose(generations[:1], None)


def test_a_run_of_several_sweeps_is_taken_back_as_a_whole() -> None:
    """What its later sweeps replaced was half of its way."""
    sweep = {"command": f"twinkeel apply{NEXT_SWEEP}"}
    metas = {1: meta(1), 2: meta(2), 3: meta(3) | sweep, 4: meta(4) | sweep}
    generations = merge({"lb-1": metas, "lb-2": metas})
    assert choose(generations, None).number == 2
    assert choose(generations, 4).number == 4


def test_a_kept_authority_is_told_from_the_files_that_need_it() -> None:
    kept = (RenderedFile(CA_PATH, "authority\n"), RenderedFile(CONFIG_PATH, "check-ssl verify required\n"))
    desired = desired_of({"lb-1": kept})
    assert (desired.ca, desired.trust) == ("authority\n", "verified")
    assert [file.path for file in desired.rendered.hosts["lb-1"]] == [CONFIG_PATH]
    assert desired_of({"lb-1": (RenderedFile(CONFIG_PATH, "verify none\n"),)}).trust == "bootstrap"


def test_a_host_that_was_no_load_balancer_then_has_nothing_to_go_back_to() -> None:
    whole = (RenderedFile("/etc/haproxy/haproxy.cfg", "x\n"), RenderedFile("/etc/keepalived/keepalived.conf", "x\n"))
    refuse_newcomers({"lb-1": whole, "lb-2": whole}, KeepalivedBackend(), 3)
    with pytest.raises(UsageError, match="generation 3 is from before lb-2 was a load balancer"):
        refuse_newcomers({"lb-1": whole, "lb-2": (RenderedFile("/etc/haproxy/kubernetes-ca.pem", "x\n"),)}, KeepalivedBackend(), 3)


def test_the_program_keeps_what_the_module_keeps(tmp_path: Path, units: None) -> None:
    """Twinkeel runs the program over its own connection; an exported project runs the module."""
    config, absent = tmp_path / "a.cfg", tmp_path / "absent"
    config.write_text("old\n")
    options = {"files": [entry(config), entry(absent)], "units": ["haproxy", "keepalived"], "number": 7, "about": {"who": "me"}}
    options["vrrp_daemon"] = {"unit": "keepalived", "config_path": str(config)}
    run(tmp_path, "kept", **options)
    places = {"folder": str(tmp_path / "now"), "notes": str(tmp_path / "loaded.json"), "live": str(tmp_path / "live.json")}
    asked = json.dumps({**options, **places, "keep": 5})
    subprocess.run([sys.executable, "-c", KEEP_NOW, asked], check=True, cwd="/")
    for name in ("generation.json", "000"):
        assert (tmp_path / "now/0007" / name).read_bytes() == (tmp_path / "gen/0007" / name).read_bytes()


class Hosts:
    """Notes what each host is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = 1) -> CommandResult:
        self.told.append((machine.name, argv[0]))
        return CommandResult(machine.name, tuple(argv), 0, "", "")


@pytest.mark.parametrize("refused", [True, False])
def test_what_was_kept_is_dropped_only_where_the_candidates_are_refused(lab_home_topology: Topology, refused: bool) -> None:
    hosts, wanted = Hosts(), desired(lab_home_topology, None, None)

    async def judge() -> None:
        async with generation_kept(hosts, lab_home_topology, wanted, 3, {}):  # type: ignore[arg-type]
            if refused:
                raise HostError("haproxy refuses the candidate")

    if refused:
        with pytest.raises(HostError, match="refuses"):
            asyncio.run(judge())
    else:
        asyncio.run(judge())
    last = "rm" if refused else "sh"
    assert sorted(hosts.told) == sorted((name, what) for name in ("lb-1", "lb-2") for what in ("python3", last))


def test_the_oldest_are_pruned(tmp_path: Path) -> None:
    for number in (1, 2, 9, 10, 11, 12):
        (tmp_path / f"{number:04d}").mkdir()
    (tmp_path / "unfinished").mkdir()
    subprocess.run(["sh", "-c", PRUNE, "sh", str(tmp_path), "5"], check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0002", "0009", "0010", "0011", "0012", "unfinished"]
