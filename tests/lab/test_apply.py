"""Apply, status and kubeconfig on real hosts: bare load balancers become the endpoint of a real cluster."""

import json
import re
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import Ended, Lab
from ruamel.yaml import YAML

BALANCERS = ("lb-1", "lb-2")
MASTERS = ("master-1", "master-2", "master-3")
VIP = "192.168.1.110"
LIVE_FILES = ("/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf", "/etc/systemd/system/haproxy.service.d/twinkeel.conf")

# Runs the project with one file of one load balancer spoiled: no spec gives such a file.
SPOILED = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from twinkeel.rollout.run_playbook import run_playbook
from twinkeel.rollout.write_project import write_project
from twinkeel.cli.load import load_topology
from twinkeel.plan.model import Desired
from twinkeel.render.render import render

spec, folder, path, old, new = sys.argv[1:]
topology = load_topology(Path(spec))
rendered = render(topology)
assert any(old in file.content for file in rendered.hosts["lb-2"] if file.path == path)

def spoil(file):
    return replace(file, content=file.content.replace(old, new)) if file.path == path else file

rendered = replace(rendered, hosts={**rendered.hosts, "lb-2": tuple(map(spoil, rendered.hosts["lb-2"]))})
write_project(Path(folder) / "project", topology, Desired(rendered, None, "verified"))
sys.exit(str(asyncio.run(run_playbook(Path(folder), Path(folder) / "log", lambda event: None)).error))
"""


def operator(lab: Lab, *argv: str) -> Ended:
    return lab.run("operator", ["twinkeel", *argv])


def good(ended: Ended) -> Ended:
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def holders(lab: Lab) -> list[str]:
    return [name for name in BALANCERS if VIP in lab.run(name, ["ip", "-4", "address"]).stdout]


def fingerprint(lab: Lab, host: str) -> str:
    """The live files and the running processes: equal twice means that nothing was touched."""
    command = f"sha256sum {' '.join(LIVE_FILES)}; systemctl show -p MainPID haproxy keepalived; stat -c '%y' {' '.join(LIVE_FILES)}"
    return good(lab.run(host, ["sh", "-c", command])).stdout


def edited_spec(lab: Lab, folder: Path, *edits: tuple[str, str]) -> str:
    text = lab.paths.spec_file.read_text()
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (folder / "twinkeel.yaml").write_text(text)
    return str(folder / "twinkeel.yaml")


@pytest.fixture(scope="module")
def first(lab: Lab) -> Ended:
    """The first apply of the session; on a lab that was kept it may find nothing to change."""
    return good(operator(lab, "apply"))


@pytest.fixture
def applied(lab: Lab, first: Ended) -> Iterator[Lab]:
    """A system that is as it must be, and is brought back to that."""
    yield lab
    good(operator(lab, "apply"))


def test_bare_load_balancers_become_the_endpoint(lab: Lab, first: Ended) -> None:
    assert f"{VIP} is on {holders(lab)[0]}, /readyz answers, TLS verified" in first.stderr
    assert len(holders(lab)) == 1
    for name in BALANCERS:
        units = lab.run(name, ["systemctl", "is-enabled", "haproxy", "keepalived", "twinkeel-liveness"]).stdout.split()
        assert units == ["enabled"] * 3
        assert good(lab.run(name, ["cat", "/run/twinkeel/haproxy-down"])).stdout.strip() == "0"
    # curl on the client, with the cluster's own authority: nothing of ours judges the answer.
    ca = lab.paths.pki / "ca.crt"
    answer = good(lab.run("client", ["curl", "-sS", "--max-time", "5", "--cacert", str(ca), f"https://{VIP}:6443/readyz"]))
    assert answer.stdout == "ok"


def test_a_second_apply_changes_nothing_and_says_so(lab: Lab, first: Ended) -> None:
    before = [fingerprint(lab, name) for name in BALANCERS]
    second = good(operator(lab, "apply"))
    assert second.stdout.startswith("nothing to change")
    assert [fingerprint(lab, name) for name in BALANCERS] == before
    third = json.loads(good(operator(lab, "apply", "--format", "json")).stdout.splitlines()[-1])
    assert (third["changed"], third["trust"], third["holder"]) == ({"lb-1": 0, "lb-2": 0}, "verified", holders(lab)[0])


def test_nothing_is_left_behind_but_a_private_log(lab: Lab, first: Ended, tmp_path: Path) -> None:
    ended = good(lab.run("operator", ["env", f"TMPDIR={tmp_path}", "twinkeel", "apply", "--format", "json"]))
    assert list(tmp_path.iterdir()) == []
    assert lab.run("operator", ["ss", "-tnH", "state", "established", "( dport = 22 )"]).stdout == ""
    assert stat.S_IMODE(Path(json.loads(ended.stdout.splitlines()[-1])["log"]).stat().st_mode) == 0o600


def test_the_holder_is_worked_on_last(lab: Lab, first: Ended) -> None:
    (holder,) = holders(lab)
    order = re.search(r"order: (\S+), (\S+)", operator(lab, "apply").stderr)
    assert order is not None
    assert order[2] == holder


def test_drift_is_put_right_by_a_reload_on_that_host_alone(applied: Lab) -> None:
    (holder,) = holders(applied)
    before = {name: fingerprint(applied, name) for name in BALANCERS}
    good(applied.run(holder, ["sh", "-c", "echo '# drift' >> /etc/haproxy/haproxy.cfg"]))
    result = json.loads(good(operator(applied, "apply", "--format", "json")).stdout.splitlines()[-1])
    assert [name for name, count in result["changed"].items() if count] == [holder]
    assert "# drift" not in applied.run(holder, ["cat", "/etc/haproxy/haproxy.cfg"]).stdout
    pids = [line for line in before[holder].splitlines() if line.startswith("MainPID")]
    assert [line for line in fingerprint(applied, holder).splitlines() if line.startswith("MainPID")] == pids
    # The virtual IP left it before it was worked on, and stays where it went.
    assert holders(applied) == [name for name in BALANCERS if name != holder]


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("/etc/haproxy/haproxy.cfg", "balance leastconn", "balance nonsense", "haproxy refuses the candidate"),
        ("/etc/keepalived/keepalived.conf", "virtual_router_id", "virtual_router_it", "keepalived refuses the candidate"),
    ],
)
def test_a_broken_candidate_is_refused_and_every_live_file_stays(
    lab: Lab, first: Ended, tmp_path: Path, path: str, old: str, new: str, words: str
) -> None:
    before = [fingerprint(lab, name) for name in BALANCERS]
    script = tmp_path / "spoiled.py"
    script.write_text(SPOILED)
    spec = str(lab.paths.spec_file)
    ended = lab.run("operator", [sys.executable, str(script), spec, str(tmp_path / "run"), path, old, new])
    assert words in ended.stderr
    assert "where: lb-2" in ended.stderr
    assert [fingerprint(lab, name) for name in BALANCERS] == before


def test_a_host_that_cannot_be_reached_stops_it_before_anything_changes(lab: Lab, first: Ended, tmp_path: Path) -> None:
    spec = edited_spec(lab, tmp_path, ("192.168.1.112", "192.168.1.250"))
    ended = operator(lab, "apply", "-f", spec)
    assert ended.returncode == 3
    assert re.search(r"did not answer within 5 s|cannot be reached|is not known", ended.stderr)
    assert "lb-2 (root@192.168.1.250, port 22)" in ended.stderr
    assert "changed" not in ended.stderr


def test_a_wrong_key_is_named(lab: Lab, first: Ended, tmp_path: Path) -> None:
    key = tmp_path / "key"
    good(lab.run("operator", ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)]))
    ended = lab.run("operator", ["env", f"TWINKEEL_SSH_IDENTITY_FILE={key}", "twinkeel", "apply"])
    assert ended.returncode == 3
    assert "the host refuses our SSH key" in ended.stderr
    assert str(key) in ended.stderr


def test_a_user_with_sudo_can_apply_and_one_without_is_told(applied: Lab, tmp_path: Path) -> None:
    hosts = (*BALANCERS, *MASTERS)
    make = (
        "id ops > /dev/null 2>&1 || useradd -m -s /bin/sh ops; mkdir -p ~ops/.ssh; cp ~/.ssh/authorized_keys ~ops/.ssh/; "
        "chown -R ops ~ops/.ssh; echo 'ops ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ops"
    )
    for name in hosts:
        good(applied.run(name, ["sh", "-c", make]))
    document = YAML(typ="safe").load(applied.paths.spec_file.read_text())
    document["ssh"]["user"] = "ops"
    with (tmp_path / "twinkeel.yaml").open("w") as stream:
        YAML().dump(document, stream)
    spec = str(tmp_path / "twinkeel.yaml")
    assert good(operator(applied, "apply", "-f", spec)).stdout.startswith("nothing to change")
    for name in hosts:
        good(applied.run(name, ["rm", "/etc/sudoers.d/ops"]))
    ended = operator(applied, "apply", "-f", spec)
    assert ended.returncode == 3
    assert "sudo does not let us become root" in ended.stderr


def test_status_of_a_healthy_system(lab: Lab, first: Ended) -> None:
    shown = json.loads(good(operator(lab, "status", "--format", "json")).stdout)
    assert shown["healthy"] is True
    assert shown["vips"] == [{"address": VIP, "holders": holders(lab), "ready": True}]
    assert sorted(each["vrrp_state"] for each in shown["load_balancers"]) == ["BACKUP", "MASTER"]
    for each in shown["load_balancers"]:
        assert each["haproxy"] == "active"
        assert each["backends"] == [{"name": name, "status": "UP"} for name in MASTERS]
    assert shown["control_plane"] == [{"name": name, "ready": True} for name in MASTERS]
    assert shown["problems"] == []


def test_status_sees_a_stopped_keepalived_and_a_stopped_api_server(applied: Lab) -> None:
    (standby,) = set(BALANCERS) - set(holders(applied))
    good(applied.run(standby, ["systemctl", "stop", "keepalived"]))
    good(applied.run("master-2", ["systemctl", "stop", "kube-apiserver"]))
    try:
        ended = operator(applied, "status", "--format", "json")
    finally:
        good(applied.run("master-2", ["systemctl", "start", "kube-apiserver"]))
    shown = json.loads(ended.stdout)
    assert (ended.returncode, shown["healthy"]) == (1, False)
    assert {each["name"]: each["vrrp_state"] for each in shown["load_balancers"]}[standby] == "STOPPED"
    assert [each["name"] for each in shown["control_plane"] if not each["ready"]] == ["master-2"]


def test_status_where_nobody_answers(lab: Lab, first: Ended, tmp_path: Path) -> None:
    text = re.sub(r"192\.168\.1\.1(\d\d)\b", r"192.168.1.2\1", lab.paths.spec_file.read_text())
    (tmp_path / "twinkeel.yaml").write_text(re.sub(r"192\.168\.1\.2(7|6)\d", "192.168.1.99", text))
    ended = operator(lab, "status", "-f", str(tmp_path / "twinkeel.yaml"))
    assert ended.returncode == 3, ended.stdout + ended.stderr
    assert "lb-1" in ended.stdout


def test_the_kubeconfig_is_private_points_at_the_vip_and_works(lab: Lab, first: Ended, tmp_path: Path) -> None:
    path = tmp_path / "config"
    shown = json.loads(good(operator(lab, "kubeconfig", "-o", str(path), "--format", "json")).stdout)
    assert shown["server"] == f"https://{VIP}:6443"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    document = YAML(typ="safe").load(path.read_text())
    assert [entry["cluster"]["server"] for entry in document["clusters"]] == [f"https://{VIP}:6443"]
    nodes = good(lab.run("client", ["kubectl", "--kubeconfig", str(path), "get", "nodes", "-o", "name"])).stdout.split()
    assert len(nodes) == 5
    assert "unchanged" in good(operator(lab, "kubeconfig", "-o", str(path))).stdout
    printed = good(operator(lab, "kubeconfig", "--stdout")).stdout
    assert YAML(typ="safe").load(printed) == document


def test_a_file_of_somebody_else_is_not_replaced(lab: Lab, first: Ended, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("mine\n")
    ended = operator(lab, "kubeconfig", "-o", str(path))
    assert ended.returncode == 2
    assert path.read_text() == "mine\n"


def test_a_certificate_without_the_endpoints_name_is_refused(lab: Lab, first: Ended, tmp_path: Path) -> None:
    spec = edited_spec(lab, tmp_path, ("lb.lab-home.com", "api.lab-home.com"))
    path = tmp_path / "config"
    ended = operator(lab, "kubeconfig", "-f", spec, "-o", str(path))
    assert ended.returncode == 3
    assert "does not verify for api.lab-home.com" in ended.stderr
    assert "supplementary_addresses_in_ssl_keys" in ended.stderr
    assert not path.exists()


def test_without_an_admin_conf_every_host_is_named(lab: Lab, first: Ended, tmp_path: Path) -> None:
    for name in MASTERS:
        good(lab.run(name, ["mv", "/etc/kubernetes/admin.conf", "/etc/kubernetes/admin.conf.away"]))
    try:
        ended = operator(lab, "kubeconfig", "-o", str(tmp_path / "config"))
    finally:
        for name in MASTERS:
            good(lab.run(name, ["mv", "/etc/kubernetes/admin.conf.away", "/etc/kubernetes/admin.conf"]))
    assert ended.returncode == 3
    for name in MASTERS:
        assert f"{name}: there is no /etc/kubernetes/admin.conf" in ended.stderr
