"""The exact commands, their guards, and the order in which backends and nodes come and go."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import CommandResult
from twinkeel.kubespray.command import Action, Request, build_commands, process_environment, with_whole_paths
from twinkeel.kubespray.guards import check_step, confirm_reset, find_nodes, guard, guard_order, guard_upgrade
from twinkeel.kubespray.inventory import write_inventory
from twinkeel.kubespray.release import Release
from twinkeel.kubespray.workflow import alone, describe, plan
from twinkeel.topology.model import Topology

RELEASE = Release("v2.31.0", Path("/data/kubespray/v2.31.0"))
FOLDER = Path("/data/clusters/lab-home")
OLD, NEW, NEWER = "master-1: 192.168.1.101", "master-0: 192.168.1.99", "master-9: 192.168.1.98"
START = (
    "/data/kubespray/v2.31.0/environment/bin/ansible-playbook",
    "-i",
    "/data/clusters/lab-home/inventory/hosts.yaml",
    "--become",
)


def request(topology: Topology, action: Action, *names: str, dead: bool = False, extra: tuple[str, ...] = ()) -> Request:
    return Request(action, find_nodes(topology, names), dead, extra)


@pytest.mark.parametrize(
    ("action", "names", "dead", "expected"),
    [
        ("run", (), False, [("cluster.yml",)]),
        ("scale", (), False, [("scale.yml",)]),
        ("scale", ("worker-2",), False, [("playbooks/facts.yml",), ("--limit", "worker-2.lab-home.com", "scale.yml")]),
        (
            "upgrade",
            (),
            False,
            # This cluster has dns.mode manual.
            [
                (
                    "-e",
                    '{"kube_version": "1.35.4", "serial": 1, '
                    '"kubeadm_ignore_preflight_errors": ["CoreDNSUnsupportedPlugins", "CoreDNSMigration"]}',
                    "upgrade-cluster.yml",
                )
            ],
        ),
        (
            "remove-node",
            ("worker-1", "worker-2.lab-home.com"),
            False,
            [
                (
                    *("-e", '{"node": "worker-1.lab-home.com,worker-2.lab-home.com", "skip_confirmation": true}'),
                    "remove-node.yml",
                )
            ],
        ),
        (
            "remove-node",
            ("worker-1",),
            True,
            [
                (
                    "-e",
                    '{"node": "worker-1.lab-home.com", "skip_confirmation": true, '
                    '"reset_nodes": false, "allow_ungraceful_removal": true}',
                    "remove-node.yml",
                )
            ],
        ),
        ("reset", (), False, [("-e", '{"reset_confirmation": true}', "reset.yml")]),
        (
            "recover",
            ("master-1",),
            False,
            [
                (
                    *("-i", "/data/clusters/lab-home/inventory/broken.yaml", "--limit", "etcd,kube_control_plane"),
                    *("-e", '{"etcd_retries": 10}', "recover-control-plane.yml"),
                )
            ],
        ),
    ],
)
def test_the_exact_commands(
    lab_home_topology: Topology, action: Action, names: tuple[str, ...], dead: bool, expected: list[tuple[str, ...]]
) -> None:
    asked = request(lab_home_topology, action, *names, dead=dead)
    guard(lab_home_topology, asked)
    runs = build_commands(lab_home_topology, RELEASE, FOLDER, asked)
    full = [(*START, *options[:-1], f"/data/kubespray/v2.31.0/checkout/{options[-1]}") for options in expected]
    assert [run.argv for run in runs] == full
    assert {run.environment["ANSIBLE_CACHE_PLUGIN_CONNECTION"] for run in runs} == {"/data/clusters/lab-home/facts"}
    assert {str(run.folder) for run in runs} == {"/data/kubespray/v2.31.0/checkout"}


def test_an_upgrade_with_coredns_checks_it_and_one_without_keeps_what_is_ignored(lab_home_topology: Topology) -> None:
    for mode, variables, expected in (
        ("coredns", {}, None),
        ("none", {"kubeadm_ignore_preflight_errors": ["Swap"]}, ["Swap", "CoreDNSUnsupportedPlugins", "CoreDNSMigration"]),
    ):
        cluster = replace(lab_home_topology.cluster, dns_mode=mode, variables=variables)
        topology = replace(lab_home_topology, cluster=cluster)
        (invocation,) = build_commands(topology, RELEASE, FOLDER, request(topology, "upgrade"))
        given = json.loads(invocation.argv[invocation.argv.index("-e") + 1])
        assert given.get("kubeadm_ignore_preflight_errors") == expected
        assert "kubeadm_scale_down_coredns_enabled" not in given
    newer = replace(topology, cluster=replace(topology.cluster, release=replace(topology.cluster.release, tag="v2.32.0")))
    (invocation,) = build_commands(newer, RELEASE, FOLDER, request(newer, "upgrade"))
    assert json.loads(invocation.argv[invocation.argv.index("-e") + 1])["kubeadm_scale_down_coredns_enabled"] is False


def test_the_commands_for_ansible_2_9(build_edited: Callable[..., Topology]) -> None:
    topology = build_edited(("version: 1.35.4, kubespray: v2.31.0", "version: 1.20.2, kubespray: v2.16.0"))
    release = Release("v2.16.0", Path("/data/kubespray/v2.16.0"))
    facts, scale = build_commands(topology, release, FOLDER, request(topology, "scale", "worker-2"))
    assert facts.argv[-1] == "/data/kubespray/v2.16.0/checkout/facts.yml"
    assert scale.argv[-1] == "/data/kubespray/v2.16.0/checkout/scale.yml"
    (removal,) = build_commands(topology, release, FOLDER, request(topology, "remove-node", "worker-2"))
    assert '{"node": "worker-2.lab-home.com", "delete_nodes_confirmation": "yes"}' in removal.argv
    plugins = Path(removal.environment["ANSIBLE_CALLBACK_PLUGINS"])
    assert (plugins / f"{removal.environment['ANSIBLE_STDOUT_CALLBACK']}.py").is_file()
    assert removal.environment["ANSIBLE_CALLBACK_WHITELIST"] == ""


@pytest.mark.parametrize(
    ("action", "tag", "switched"), [("recover", "v2.32.0", True), ("run", "v2.32.0", False), ("recover", "v2.31.0", False)]
)
def test_the_recovery_of_a_release_with_texts_in_its_conditions(
    build_edited: Callable[..., Topology], action: Action, tag: str, switched: bool
) -> None:
    topology = build_edited(("version: 1.35.4, kubespray: v2.31.0", f"version: 1.35.4, kubespray: {tag}"))
    names = ["master-1"] if action == "recover" else []
    (run,) = build_commands(topology, Release(tag, Path("/data/kubespray") / tag), FOLDER, request(topology, action, *names))
    assert (run.environment.get("ANSIBLE_ALLOW_BROKEN_CONDITIONALS") == "true") is switched


def test_the_users_own_ansible_settings_stay_outside(build_edited: Callable[..., Topology]) -> None:
    topology = build_edited(("ssh: {user: root}", "ssh: {user: root, identity_file: k/id, known_hosts_file: known hosts}"))
    run = build_commands(topology, RELEASE, FOLDER, Request("run"))[0]
    assert run.argv[4:6] == ("--private-key", "/srv/cluster/k/id")
    assert run.environment["ANSIBLE_SSH_ARGS"].endswith("-o UserKnownHostsFile='/srv/cluster/known hosts'")
    inherited = {"ANSIBLE_BECOME_PASS": "x", "PYTHONPATH": "/x", "PATH": "/bin", "HOME": "/root", "ANSIBLE_CONFIG": "/etc/a.cfg"}
    child = process_environment(run, inherited)
    assert child["PATH"] == "/data/kubespray/v2.31.0/environment/bin:/bin"
    assert child["ANSIBLE_CONFIG"] == "/data/kubespray/v2.31.0/checkout/ansible.cfg"
    assert not {"ANSIBLE_BECOME_PASS", "PYTHONPATH"} & set(child)


@pytest.mark.parametrize(
    ("action", "names", "what"),
    [
        ("remove-node", (), "no node is named"),
        ("remove-node", ("master-1",), "first control-plane host"),
        ("remove-node", ("master-2",), "2 etcd hosts would be left"),
        ("scale", ("master-3",), "scale.yml adds workers only"),
        ("recover", (), "no broken node"),
        ("recover", ("worker-1",), "neither a control-plane nor an etcd host"),
        ("recover", ("master-1", "master-2", "master-3"), "no control-plane host is healthy"),
    ],
)
def test_what_is_refused(lab_home_topology: Topology, action: Action, names: tuple[str, ...], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        guard(lab_home_topology, request(lab_home_topology, action, *names))


@pytest.mark.parametrize(
    ("typed", "passed"),
    [
        ("-e @site.yaml", "-e @/here/site.yaml"),
        ("-e@a/site.yaml", "-e@/here/a/site.yaml"),
        ("--extra-vars=@site.yaml", "--extra-vars=@/here/site.yaml"),
        ("-e @/etc/site.yaml", "-e @/etc/site.yaml"),
        ("--become-password-file secret -v", "--become-password-file /here/secret -v"),
        ("--become-password-file=../secret", "--become-password-file=/here/../secret"),
        ("-e mail=a@b --limit x", "-e mail=a@b --limit x"),
    ],
)
def test_files_are_those_of_the_users_folder(typed: str, passed: str) -> None:
    assert with_whole_paths(typed.split(), Path("/here")) == tuple(passed.split())


@pytest.mark.parametrize("extra", ["-K", "--ask-pass", "-i", "ignore_assert_errors=true"])
def test_options_that_are_not_passed_on(lab_home_topology: Topology, extra: str) -> None:
    with pytest.raises(UsageError):
        guard(lab_home_topology, request(lab_home_topology, "run", extra=("-e", extra)))


def test_names_that_nobody_has(lab_home_topology: Topology) -> None:
    with pytest.raises(UsageError, match="no node 'lb-1'"):
        find_nodes(lab_home_topology, ["lb-1"])
    with pytest.raises(UsageError, match="not the cluster's name"):
        confirm_reset(lab_home_topology, "lab")
    confirm_reset(lab_home_topology, "lab-home")


def test_a_backend_goes_before_its_node_and_comes_after_it(lab_home_topology: Topology) -> None:
    def planned(action: Action, *names: str) -> tuple[list[str] | None, list[str] | None]:
        made = plan(lab_home_topology, RELEASE, FOLDER, request(lab_home_topology, action, *names))
        sides = (made.before, made.after)
        before, after = ([machine.name for machine in side.control_plane] if side else None for side in sides)
        return before, after

    assert planned("remove-node", "master-2", "master-3") == (["master-1"], None)
    assert planned("remove-node", "worker-1") == (None, None)
    assert planned("run") == (None, ["master-1", "master-2", "master-3"])
    assert planned("recover", "master-1") == (None, ["master-2", "master-3", "master-1"])
    assert planned("upgrade") == planned("reset") == planned("scale") == (None, None)
    text = describe(plan(lab_home_topology, RELEASE, FOLDER, request(lab_home_topology, "remove-node", "master-2", "master-3")))
    assert text.index("without the backends master-2, master-3") < text.index("remove-node.yml")


def test_a_worker_that_serves_something_becomes_a_backend_after_it_is_there(build_edited: Callable[..., Topology]) -> None:
    topology = build_edited(("ssh: {user: root}", "ssh: {user: root}\nservices: {web: {port: 80, targets: [workers]}}"))
    for names in ((), ("worker-2",)):
        assert plan(topology, RELEASE, FOLDER, request(topology, "scale", *names)).after is topology
    left = plan(topology, RELEASE, FOLDER, request(topology, "remove-node", "worker-2")).before
    assert left is not None
    assert [target.name for service in left.services for target in service.targets] == ["worker-1"]


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ([NEW, OLD], [NEWER], "master-0 is new, and stands before master-1 in control_plane"),
        ([OLD, NEW], [NEWER], "master-0 is new, and stands before master-2 in control_plane"),
        ([OLD], [NEWER, NEW], ""),
    ],
)
def test_new_control_plane_hosts_stand_at_the_end(
    lab_home_topology: Topology, build_edited: Callable[..., Topology], tmp_path: Path, first: list[str], last: list[str], said: str
) -> None:
    topology = build_edited(
        (f"  {OLD}", "".join(f"  {name}\n" for name in first).rstrip()),
        ("master-3: 192.168.1.105", "master-3: 192.168.1.105" + "".join(f"\n  {name}" for name in last)),
    )
    guard_order(topology, tmp_path)
    write_inventory(lab_home_topology, tmp_path)
    guard_order(topology, tmp_path)
    (tmp_path / "inventory/artifacts").mkdir()
    (tmp_path / "inventory/artifacts/admin.conf").touch()
    if said:
        with pytest.raises(UsageError, match=said):
            guard_order(topology, tmp_path)
    else:
        guard_order(topology, tmp_path)


def test_the_inventory_of_a_recovery_and_what_stays(lab_home_topology: Topology, tmp_path: Path) -> None:
    made = plan(lab_home_topology, RELEASE, tmp_path, request(lab_home_topology, "recover", "master-1"))
    write_inventory(made.topology, tmp_path, made.request.nodes)
    inventory = tmp_path / "inventory"
    broken = (inventory / "broken.yaml").read_text()
    assert broken.count("master-1.lab-home.com: {}") == 2
    # A host that is lost cannot be asked for them, and a newer Ansible does not find the facts that an older one kept.
    assert broken.count("main_access_ip: 192.168.1.") == broken.count("main_ip: 192.168.1.") == 5
    group = (inventory / "hosts.yaml").read_text().split("kube_control_plane:")[1]
    assert group.index("master-2") < group.index("master-1")
    (inventory / "credentials").mkdir()
    write_inventory(lab_home_topology, tmp_path)
    assert not (inventory / "broken.yaml").exists()
    assert (inventory / "credentials").is_dir()
    assert (tmp_path / "inventory").stat().st_mode & 0o77 == 0
    with alone(tmp_path), pytest.raises(UsageError, match="another playbook works"), alone(tmp_path):
        pass


@pytest.mark.parametrize(
    ("running", "wanted"), [("1.34.3", "1.35.0"), ("1.35.4", "1.35.4"), ("1.35.0", "1.35.4"), ("1.34.1-beta.1", "1.35.0")]
)
def test_steps_that_an_upgrade_may_take(running: str, wanted: str) -> None:
    check_step(running, wanted)


@pytest.mark.parametrize(("running", "wanted", "what"), [("1.33.1", "1.35.0", "skips"), ("1.35.4", "1.35.3", "downgrade")])
def test_steps_that_an_upgrade_may_not_take(running: str, wanted: str, what: str) -> None:
    with pytest.raises(UsageError, match=what):
        check_step(running, wanted)


class Hosts:
    """A reader whose first host is lost."""

    async def run(self, machine: object, argv: object, *, timeout: float = 1.0) -> CommandResult:
        name = machine.name  # type: ignore[attr-defined]
        if name == "master-1":
            raise HostError("lost", where=name)
        return CommandResult(name, (), 0, "Kubernetes v1.33.1\n", "")

    async def read_file(self, machine: object, path: str) -> bytes:
        raise AssertionError


def test_the_running_version_is_asked_of_a_host_that_answers(lab_home_topology: Topology) -> None:
    with pytest.raises(UsageError, match=r"runs 1\.33\.1: 1\.35\.4 skips"):
        asyncio.run(guard_upgrade(lab_home_topology, Hosts()))
