"""Ansible's event stream, what it comes to, secrets in it, and the likely causes of failures."""

import json

import pytest

from twinkeel.kubespray.causes import likely_cause
from twinkeel.kubespray.events import (
    HIDDEN_BY_THE_RELEASE,
    HostResult,
    PlayBegan,
    RunEnded,
    TaskBegan,
    failure_message,
    parse_event,
)
from twinkeel.kubespray.progress import Progress
from twinkeel.kubespray.redact import HIDDEN, redact

OK = {"_event": "v2_runner_on_ok", "task": {"name": "t"}, "hosts": {"node-1": {"changed": True}}}


def test_every_kind_of_event() -> None:
    assert parse_event(json.dumps(OK)) == HostResult("node-1", "t", "changed")
    assert parse_event(json.dumps({"_event": "v2_playbook_on_play_start", "play": {"name": "p"}})) == PlayBegan("p")
    assert parse_event(json.dumps({"_event": "v2_playbook_on_handler_task_start", "task": {"name": "h"}})) == TaskBegan("h", "")
    stats = {"a": {"failures": 1, "unreachable": 0}, "b": {"failures": 0, "unreachable": 1}, "c": {"failures": 0, "unreachable": 0}}
    assert parse_event(json.dumps({"_event": "v2_playbook_on_stats", "stats": stats})) == RunEnded(("a",), ("b",))
    lost = {"_event": "v2_runner_on_unreachable", "task": {"name": "t"}, "hosts": {"node-1": {"msg": "timed out"}}}
    assert parse_event(json.dumps(lost)) == HostResult("node-1", "t", "unreachable", "timed out")


@pytest.mark.parametrize("line", ["", "text", "[1]", "{}", '{"_event": "v2_runner_on_ok"}', '{"_event": "other"}'])
def test_what_is_no_event(line: str) -> None:
    assert parse_event(line) is None


def test_a_line_that_was_cut_anywhere_is_no_event() -> None:
    whole = json.dumps(OK)
    assert [parse_event(whole[:end]) for end in range(len(whole))] == [None] * len(whole)


def test_the_message_of_a_loop_is_that_of_the_item_that_failed() -> None:
    result = {"msg": "One or more items failed", "results": [{"msg": "fine"}, {"failed": True, "msg": "bad", "stderr": "very bad"}]}
    assert failure_message(result) == "bad\nvery bad"
    hidden = {"censored": "the output has been hidden due to the fact that 'no_log: true' was specified", "changed": False}
    assert "unsafe_show_logs=true shows it" in failure_message(hidden)
    assert failure_message({}) == "it failed without a message"


def test_the_slowest_tasks_and_a_rescued_failure() -> None:
    state = Progress(began=0)
    now = 0
    for number, seconds in enumerate([3, 1, 9, 2, 5, 4, 7, 8]):
        state.take(TaskBegan(f"t{number}", ""), now)
        now += seconds * 10**9
    state.take(HostResult("a", "t7", "failed", "no"), now)
    state.take(HostResult("b", "t7", "failed", "no"), now)
    state.take(TaskBegan("rescue", ""), now)
    assert state.got_over is None
    state.take(HostResult("a", "rescue", "ok"), now)
    assert state.got_over == HostResult("a", "t7", "failed", "no")
    assert (state.hosts["a"]["failed"], state.hosts["a"]["ignored"], state.hosts["b"]["failed"]) == (0, 1, 1)
    assert [failure.host for failure in state.failures()] == ["b"]
    state.take(RunEnded(("b",), ()), now)
    assert [failure.host for failure in state.failures()] == ["b"]
    assert state.slowest() == [(9.0, "t2"), (8.0, "t7"), (7.0, "t6"), (5.0, "t4"), (4.0, "t5")]
    assert (state.tasks, state.elapsed(now)) == (9, 39.0)


@pytest.mark.parametrize(
    "text",
    [
        '{"kube_encrypt_token": "SECRET"}',
        "kubeadm join --token abcdef.0123456789abcdef --certificate-key SECRET",
        "--certificate-key=SECRET",
        "password: SECRET",
        "Authorization: Bearer SECRETSECRET",
        "https://user:SECRET@registry.example.org/",
        "-----BEGIN RSA PRIVATE KEY-----\nSECRET\n-----END RSA PRIVATE KEY-----",
        '"-----BEGIN EC PRIVATE KEY-----\\nSECRET',
        '{"client-key-data": "SECRET\\"SECRET"}',
        "export API_TOKEN=SECRET",
    ],
)
def test_secrets_are_hidden(text: str) -> None:
    shown = redact(text)
    assert "SECRET" not in shown
    assert "0123456789abcdef" not in shown
    assert HIDDEN in shown


@pytest.mark.parametrize(
    "text",
    [
        "Create kubeadm token for joining nodes with 24h expiration",
        "Check if secret exists",
        "token: {{ x }}",
        "kube_version: 1.35.4",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("task", "message", "cause"),
    [
        ("kubeadm | Initialize", "lookup lb.lab-home.com on 10.0.0.53:53: no such host", "#12851"),
        ("kubeadm | Initialize", "dial tcp 192.168.1.110:6443: i/o timeout for kubeadm :6443 i/o timeout", "#5139"),
        ("Get nodes", "The connection to the server 127.0.0.1:6443 was refused - did you specify the right host?", "#6839"),
        ("kubeadm | Initialize", "dial tcp 192.168.1.110:6443: connect: connection refused", "#5139"),
        ("kubeadm | Initialize", "[ERROR Port-6443]: Port 6443 is in use", "#12257"),
        ("kubeadm | Initialize", "error execution phase upload-config/kubeadm: could not bootstrap", "kubeadm#3294"),
        (
            "Kubeadm | Initialize",
            "[ERROR SystemVerification]: cgroups v1 support is deprecated and will be removed",
            "version 1 of control",
        ),
        (
            "kubelet",
            "kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is",
            "version 1 of control groups",
        ),
        (
            "Kubeadm | Upgrade first control plane node to 1.36.2",
            "[ERROR CoreDNSUnsupportedPlugins]: start version '' not supported\n"
            "[ERROR CoreDNSMigration]: CoreDNS will not be upgraded: start version '' not supported",
            "no CoreDNS",
        ),
        (
            "Kubeadm | scale down coredns replicas to 0 if not using coredns dns_mode",
            'Error from server (NotFound): deployments.apps "coredns" not found',
            "no longer starts",
        ),
        ("Initialize", "this version of kubeadm only supports external etcd version >= 3.5.24-0, got 3.5.16", "3.5.24"),
        (
            "kubernetes-apps/cluster_roles : Apply workaround to allow all nodes with cert O=system:nodes to register",
            'error: error validating "/etc/kubernetes/node-crb.yml": error validating data: the server is currently unable to '
            "handle the request; if you choose to ignore these errors, turn validation off with --validate=false",
            "a newer Go",
        ),
        ("Join", "x509: certificate is valid for 10.0.0.1, not 192.168.1.110", "#6560"),
        ("Check 2.18.0 <= Ansible version < 2.19.0", "Ansible must be between 2.18.0 and 2.19.0 exclusive", "#12571"),
        ("Gathering Facts", "Missing sudo password", "sudo on the host"),
        ("Gathering Facts", "/bin/sh: 1: /usr/bin/python3: not found", "Python is missing"),
        ("Copy", "OSError: [Errno 28] No space left on device", "a disk is full"),
        ("Gathering Facts", "root@10.0.0.1: Permission denied (publickey).", "refuses the SSH key"),
        (
            "Download_file | Download item",
            "Request failed: <urlopen error [Errno 101] Network is unreachable>",
            "a download failed",
        ),
        ("container-engine/runc : Download_file | Download item", HIDDEN_BY_THE_RELEASE, "a download failed"),
        ("Download_file | Download item", "OSError: [Errno 28] No space left on device", "a disk is full"),
        ("Update package management cache (APT)", "Failed to update apt cache: unknown reason", "package repository"),
        (
            "upgrade/pre-upgrade : Drain node",
            "Task failed: Conditional result (True) was derived from value of type 'str' at \"<CLI option '-e'>\". "
            "Conditionals must have a boolean result.",
            "wants true or false",
        ),
        ("kubernetes/preinstall : Stop if memory is too small for masters", "ansible_memtotal_mb >= 1500", "less memory"),
        ("kubernetes/preinstall : Stop if swap enabled", "assertion: ansible_swaptotal_mb == 0", "the host swaps"),
        (
            "kubernetes/control-plane : Joining control plane node to the cluster.",
            'error execution phase preflight: couldn\'t validate the identity of the API Server: configmaps "cluster-info" is '
            'forbidden: User "system:anonymous" cannot get resource "configmaps" in API group "" in the namespace "kube-public"',
            "anonymous",
        ),
        (
            "kubernetes/kubeadm : Pull control plane certs down",
            'error downloading certs: error downloading the secret: Secret "kubeadm-certs" was not found in the "kube-system"',
            "expired after two hours",
        ),
        (
            "download : Download_container | Download image",
            "toomanyrequests: You have reached your pull rate limit.",
            "pull no more",
        ),
        ("Stop if even number of etcd hosts", "groups.get('etcd') | length is not divisibleby 2", "even number of etcd"),
    ],
)
def test_likely_causes(task: str, message: str, cause: str) -> None:
    found = likely_cause(task, message)
    assert found is not None
    assert cause in found.cause


def test_no_cause_is_made_up() -> None:
    assert likely_cause("Create directories", "the mode is odd") is None
    # kubeadm warns of it also where it was told to go on.
    assert likely_cause("Initialize", "[WARNING SystemVerification]: cgroups v1 support is deprecated") is None
