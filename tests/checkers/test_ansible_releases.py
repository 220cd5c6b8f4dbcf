"""Every ansible-core that we allow runs the playbooks and the exported project, and warns of nothing that will be gone.

TWINKEEL_ANSIBLE_VENVS names a folder with one environment a release, like `ansible-2.18`; the one beside this Python is always
tried. The runs are real ones on this machine: real HAProxy and Keepalived judge the candidates, and HAProxy is started. Files,
network and processes are the run's own (namespaces). systemd is a stand-in, so Keepalived is not started.
"""

import os
import re
import shlex
import shutil
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from awx import command, encrypt, environment, imported, lay_out
from twinkeel.export.export import SECRETS_FILE, export_project
from twinkeel.plan.model import Desired
from twinkeel.render.render import render
from twinkeel.rollout.stepped_playbook import GO
from twinkeel.rollout.write_project import PLAYBOOK, write_project
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology

ALLOWED = ("2.18", "2.19", "2.20", "2.21")
HERE = Path(sys.executable).parent
VENVS = os.environ.get("TWINKEEL_ANSIBLE_VENVS")
PROGRAMS = {"here": HERE} | ({name: Path(VENVS) / f"ansible-{name}" / "bin" for name in ALLOWED} if VENVS else {})
ONE_BALANCER = [("  lb-2: 192.168.1.112\n", "")]
METRICS = ("ssh: {user: root}", "ssh: {user: root}\nhaproxy: {metrics: {address: host, user: prometheus}}")
PLAYBOOKS = (PLAYBOOK, "rollout.yml", "undo.yml", "keep.yml", "give_back.yml")

SYSTEMCTL = """\
#!/bin/sh
case "$*" in
    *show*) printf 'LoadState=loaded\\nActiveState=active\\nSubState=running\\nUnitFileState=enabled\\nId=x\\n' ;;
    *"restart haproxy"*|*"start haproxy"*|*"reload haproxy"*) mkdir -p /run/haproxy; haproxy -D -f /etc/haproxy/haproxy.cfg ;;
    *is-active*) shift; for unit in "$@"; do echo "$SAYS"; done ;;
    *is-enabled*) shift; for unit in "$@"; do echo enabled; done ;;
esac
exit 0
"""
# Everything that the roles write is laid over by a file system in memory; nothing leaves the namespaces.
ALONE = """\
set -e
mount -t tmpfs tmpfs "$1"
for folder in /etc /usr/local /var/lib /run; do
    mkdir -p "$1/up$folder" "$1/work$folder"
    mount -t overlay overlay -o "lowerdir=$folder,upperdir=$1/up$folder,workdir=$1/work$folder" "$folder"
done
ip link set lo up
ip link add eth0 type veth peer name other
ip address add 192.168.1.111/24 dev eth0
ip link set other up
ip link set eth0 up
shift
exec "$@"
"""


class Turns(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(GO)


@pytest.fixture(params=PROGRAMS)
def bin_folder(request: pytest.FixtureRequest) -> Path:
    folder = PROGRAMS[request.param]
    if not (folder / "ansible-playbook").exists():
        pytest.skip(f"{folder} has no ansible-playbook")
    if request.param != "here":
        said = subprocess.run([folder / "ansible-playbook", "--version"], capture_output=True, text=True, check=True).stdout
        assert f"[core {request.param}." in said
    return folder


@pytest.fixture
def alone(tmp_path: Path) -> list[str]:
    """The words before a command that has files, network and processes of its own."""
    if os.geteuid() != 0 or not shutil.which("haproxy", path="/usr/sbin") or not shutil.which("keepalived", path="/usr/sbin"):
        pytest.skip("needs root, haproxy and keepalived")
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "systemctl").write_text(SYSTEMCTL)
    (fake / "systemctl").chmod(0o755)
    (tmp_path / "memory").mkdir()
    own = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return [*own, "sh", "-c", ALONE, "sh", str(tmp_path / "memory")]


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "turns"
    with socketserver.ThreadingUnixStreamServer(str(path), Turns) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield path
        server.shutdown()


def play(folder: Path, bin_folder: Path, *arguments: str, before: tuple[str, ...] = (), units: str = "active") -> str:
    """What it says on both outputs; it must end as `units` let expect, and warn of nothing that will be gone."""
    environment = {
        "HOME": str(folder.parent),
        "LANG": "C.UTF-8",
        "PATH": f"{folder.parent / 'fake'}:{bin_folder}:/usr/sbin:/usr/bin:/sbin:/bin",
        "SAYS": units,
        "ANSIBLE_DEPRECATION_WARNINGS": "true",
        "ANSIBLE_LOCAL_TEMP": str(folder.parent / "local"),
        "ANSIBLE_REMOTE_TEMP": str(folder.parent / "remote"),
    }
    argv = [*before, str(bin_folder / "ansible-playbook"), *arguments]
    ended = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300)
    said = ended.stdout + ended.stderr
    assert ended.returncode == (0 if units == "active" else 2), said
    assert "[DEPRECATION WARNING]" not in said, said
    return said


@pytest.fixture
def one(build_edited: Callable[..., Topology]) -> Topology:
    return build_edited(*ONE_BALANCER)


def test_it_accepts_every_playbook(one: Topology, bin_folder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    write_project(folder, one, Desired(render(one), "the authority\n", "verified"))
    for playbook in PLAYBOOKS:
        play(folder, bin_folder, "--syntax-check", playbook, "-e", '{"group_sizes": [1]}')
    export_project(one, Secrets(), tmp_path / "exported")
    play(tmp_path / "exported", bin_folder, "--syntax-check", "site.yml")


@pytest.mark.parametrize(("playbook", "units"), [(PLAYBOOK, "active"), ("rollout.yml", "active"), ("rollout.yml", "failed")])
def test_it_runs_a_rollout_and_takes_it_back(
    one: Topology, bin_folder: Path, tmp_path: Path, alone: list[str], turns: Path, playbook: str, units: str
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    write_project(folder, one, Desired(render(one, "bootstrap"), None, "bootstrap"))
    more = f'{{"group_sizes": [1], "turns": "{turns}", "generation_number": 1, "ansible_connection": "local"}}'
    said = play(folder, bin_folder, "-v", playbook, "-e", more, before=tuple(alone), units=units)
    assert re.search(r"lb-1 +: ok=\d+ +changed=[1-9]", said)
    assert ("lb-1 was put back to its last good files" in said) == (units != "active")


def test_it_runs_the_exported_project(one: Topology, bin_folder: Path, tmp_path: Path, alone: list[str]) -> None:
    folder = tmp_path / "exported"
    export_project(one, Secrets(), folder)
    said = play(folder, bin_folder, "-v", "site.yml", "-e", '{"ansible_connection": "local"}', before=tuple(alone))
    assert re.search(r"lb-1 +: ok=\d+ +changed=[1-9]", said)


def test_two_jobs_of_awx_and_the_second_changes_nothing(
    build_edited: Callable[..., Topology], tmp_path: Path, alone: list[str]
) -> None:
    """ansible-runner, laid out as AWX does it, with the release beside this Python. The vault's password comes from a prompt."""
    repository, jobs = tmp_path / "repository", [tmp_path / "job-1", tmp_path / "job-2"]
    export_project(build_edited(*ONE_BALANCER, METRICS), Secrets(metrics_password="hunter2hunter2"), repository / "north")  # noqa: S106
    encrypt(repository / "north" / SECRETS_FILE, "a vault's password")
    hosts = imported(repository, "north")
    for variables in hosts["_meta"]["hostvars"].values():
        variables["ansible_connection"] = "local"
    for each in jobs:
        lay_out(each, repository, hosts, "a vault's password")
    # Nothing may be written into a job's copy of the repository: an image may have it read-only.
    sealed = "mount --bind {0} {0} && mount -o remount,bind,ro {0}"
    script = " && ".join(
        f"{sealed.format(each / 'project')} && echo job && {shlex.join(command(each, 'north/site.yml'))}" for each in jobs
    )
    path = f"{tmp_path / 'fake'}:{HERE}:/usr/sbin:/usr/bin:/sbin:/bin"
    surroundings = {**environment(tmp_path), "PATH": path, "SAYS": "active", "ANSIBLE_REMOTE_TEMP": str(tmp_path / "remote")}
    ended = subprocess.run([*alone, "sh", "-c", script], env=surroundings, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    changed = [re.findall(r"lb-1 +: ok=\d+ +changed=(\d+)", said) for said in ended.stdout.split("job\n")[1:]]
    assert [int(count) > 0 for (count,) in changed] == [True, False], ended.stdout
    assert "hunter2" not in ended.stdout
