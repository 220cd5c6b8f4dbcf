"""The Ansible project that is written for a run: whole and readable. Ansible judges it in tests/process."""

import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from twinkeel.plan.model import Desired, FileChange, HostPlan, Plan
from twinkeel.render.render import render
from twinkeel.render.second_chance import CONFIG_PATH
from twinkeel.render.systemd import LINGER_PROGRAM
from twinkeel.rollout.write_project import INVENTORY, write_project
from twinkeel.topology.model import Topology

Build = Callable[..., Topology]

KEEP_CONNECTIONS = ["twinkeel-linger-at-shutdown", "twinkeel-second-chance"]
READ_WITH_EACH_MOVE = ("/etc/systemd/system/twinkeel-linger.service", LINGER_PROGRAM, CONFIG_PATH)


def written(folder: Path, topology: Topology, ca: str | None = None, made: Plan | None = None) -> dict[str, Any]:
    write_project(folder, topology, Desired(render(topology), ca, "verified"), made)
    group: dict[str, Any] = YAML(typ="safe").load((folder / INVENTORY).read_text())["load_balancers"]
    return group


def test_hosts_are_worked_on_in_the_order_given(tmp_path: Path, lab_home_topology: Topology) -> None:
    made = Plan((HostPlan("lb-2"), HostPlan("lb-1")), (), "verified", (("lb-2",), ("lb-1",)))
    assert list(written(tmp_path, lab_home_topology, made=made)["hosts"]) == ["lb-2", "lb-1"]


def test_the_roles_are_told_the_plan_and_what_must_still_be_so(tmp_path: Path, lab_home_topology: Topology) -> None:
    changes = (FileChange("/a", "new", "", ""), FileChange("/b", "removed", "", ""), FileChange("/c", "left over", "", ""))
    busy = HostPlan("lb-2", changes, actions={"haproxy": "reload", "keepalived": "none"})
    hosts = written(tmp_path, lab_home_topology, made=Plan((busy, HostPlan("lb-1", actions={})), (), "verified"))["hosts"]
    told = {"differs": ["/a", "/b"], "actions": {"haproxy": "reload", "keepalived": "none"}}
    assert (hosts["lb-2"]["planned"], hosts["lb-2"]["candidates"]) == (told, {**told, "needed": True})
    assert hosts["lb-1"]["candidates"] == {"differs": [], "actions": {}, "needed": False}


def test_without_a_plan_the_roles_find_out(tmp_path: Path, lab_home_topology: Topology) -> None:
    for host in written(tmp_path, lab_home_topology)["hosts"].values():
        assert "planned" not in host
        assert "candidates" not in host


def test_every_rendered_file_is_there_and_known_to_its_service(tmp_path: Path, lab_home_topology: Topology) -> None:
    hosts = written(tmp_path, lab_home_topology, "the authority\n")["hosts"]
    for name, rendered in render(lab_home_topology).hosts.items():
        entries = {entry["path"]: entry for entry in hosts[name]["rendered_files"]}
        assert set(entries) == {file.path for file in rendered}
        for file in rendered:
            entry = entries[file.path]
            assert (tmp_path / "files" / entry["src"]).read_text() == file.content
            assert (entry["mode"], entry["owner"], entry["group"]) == (f"{file.mode:04o}", file.owner, file.group)
            # A file that no service reads would be changed on a host, and nothing would come of it.
            read_anew = file.path.startswith("/etc/tmpfiles.d/") or file.path in READ_WITH_EACH_MOVE
            assert "unit" in entry or read_anew, file.path
        (early,) = hosts[name]["early_files"]
        assert (early["path"], early["unit"], early["on_change"]) == ("/etc/haproxy/kubernetes-ca.pem", "haproxy", "reload")
        assert (tmp_path / "files" / early["src"]).read_text() == "the authority\n"


def test_before_there_is_an_authority_none_is_installed(tmp_path: Path, lab_home_topology: Topology) -> None:
    assert all(host["early_files"] == [] for host in written(tmp_path, lab_home_topology)["hosts"].values())


@pytest.mark.parametrize(
    ("path", "on_change"),
    [
        ("/etc/haproxy/haproxy.cfg", "reload"),
        ("/etc/systemd/system/haproxy.service.d/twinkeel.conf", "restart"),
        ("/etc/keepalived/keepalived.conf", "reload"),
        ("/usr/local/lib/twinkeel/haproxy-liveness", "restart"),
    ],
)
def test_only_units_and_programs_need_a_restart(tmp_path: Path, lab_home_topology: Topology, path: str, on_change: str) -> None:
    entries = written(tmp_path, lab_home_topology)["hosts"]["lb-1"]["rendered_files"]
    assert next(entry for entry in entries if entry["path"] == path)["on_change"] == on_change


@pytest.mark.parametrize(
    ("firewall", "wanted"),
    [
        ("nftables", {"/etc/twinkeel/firewall.nft": "reload", "/etc/systemd/system/twinkeel-firewall.service": "restart"}),
        ("ufw", {"/usr/local/lib/twinkeel/firewall-ufw": "restart", "/etc/systemd/system/twinkeel-firewall.service": "restart"}),
        ("firewalld", {"/etc/firewalld/policies/twinkeel.xml": "reload"}),
    ],
)
def test_a_firewalls_files_are_known_to_its_unit(
    tmp_path: Path, build_edited: Build, firewall: str, wanted: dict[str, str]
) -> None:
    group = written(tmp_path, build_edited(("ssh: {user: root}", f"ssh: {{user: root}}\nsystem: {{firewall: {firewall}}}")))
    host = group["hosts"]["lb-1"]
    unit = "firewalld" if firewall == "firewalld" else "twinkeel-firewall"
    found = {entry["path"]: entry["on_change"] for entry in host["rendered_files"] if entry.get("unit") == unit}
    assert found == wanted
    # It is brought up before the services that it lets through.
    assert host["units"] == [unit, *KEEP_CONNECTIONS, "haproxy", "twinkeel-liveness", "keepalived"]
    assert group["vars"]["packages"] == ["haproxy", "keepalived", "nftables"]
    assert group["vars"]["selinux_booleans"] == ["haproxy_connect_any", "keepalived_connect_any"]


def test_ssh_is_strict_and_uses_the_specs_files_alone(tmp_path: Path, build_edited: Build) -> None:
    access = "ssh: {user: ops, port: 2222, identity_file: /a b/key, known_hosts_file: /a b/known}"
    host = written(tmp_path, build_edited(("ssh: {user: root}", access)))["hosts"]["lb-1"]
    assert (host["ansible_host"], host["ansible_port"], host["ansible_user"]) == ("192.168.1.111", 2222, "ops")
    assert host["ansible_become"] is True
    assert host["ansible_ssh_private_key_file"] == "/a b/key"
    # Let ssh itself say what it understands.
    shown = subprocess.run(
        ["ssh", "-G", *shlex.split(host["ansible_ssh_common_args"]), "x"], capture_output=True, text=True, check=True
    ).stdout
    assert "stricthostkeychecking true" in shown
    assert "identitiesonly yes" in shown
    assert "batchmode yes" in shown
    assert "globalknownhostsfile /dev/null" in shown
    assert "userknownhostsfile /a b/known" in shown.replace('"', "")


def test_root_does_not_become(tmp_path: Path, lab_home_topology: Topology) -> None:
    host = written(tmp_path, lab_home_topology)["hosts"]["lb-1"]
    assert host["ansible_become"] is False
    assert "ansible_ssh_private_key_file" not in host
