"""The lab on other releases of Debian and Ubuntu: hosts, daemons, apply and the three default drills.

With TWINKEEL_TEST_SUITES=1 alone: an image takes a minute or more to make and each lab three more, and the other lab tests have
this machine's own release.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import EXAMPLE, Lab, make_lab

from twinkeel.debian.sources import machine_release
from twinkeel.debian.suites import SUITES

# Milliseconds. Any machine, however busy: what is measured belongs to benchmarks.
BUDGET = "5000"
# By suite: HAProxy, Keepalived, etcd.
DAEMONS = {
    "bookworm": ("2.6.", "2.2.", "3.4."),
    "trixie": ("3.0.", "2.3.", "3.5."),
    "sid": ("", "", "3."),
    "noble": ("2.8.", "2.2.", "3.4."),
}
ALL = os.environ.get("TWINKEEL_TEST_SUITES") == "1"


@pytest.fixture(scope="module", params=[name for name in SUITES if name != machine_release()[1]])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    suite = request.param
    if not ALL:
        pytest.skip(f"TWINKEEL_TEST_SUITES=1 makes the image of {suite} and tries it")
    for made in make_lab(f"test-{suite}", EXAMPLE, "--suite", suite):
        ended = made.run("operator", ["twinkeel", "apply"])
        assert ended.returncode == 0, ended.stdout + ended.stderr
        yield made


def test_hosts_are_of_the_suite_and_tell_their_daemons(lab: Lab) -> None:
    shown = json.loads(lab.command("status", "--format", "json").stdout)
    assert shown["suite"] == lab.layout.suite
    assert f"VERSION_CODENAME={lab.layout.suite}" in lab.run("lb-1", ["cat", "/etc/os-release"]).stdout or lab.layout.suite == "sid"
    assert {host["name"]: host["systemd"] for host in shown["hosts"]} == dict.fromkeys(lab.layout.names, "running")
    of = {host["name"]: host["versions"] for host in shown["hosts"]}
    haproxy, keepalived, etcd = DAEMONS[lab.layout.suite]
    for name in ("lb-1", "lb-2"):
        assert of[name]["haproxy"].startswith(haproxy)
        assert of[name]["keepalived"].startswith(keepalived)
    assert all(of[name]["etcd"].startswith(etcd) for name in ("master-1", "master-2", "master-3"))
    assert of["client"] == {}


def test_no_host_starts_what_only_others_need(lab: Lab) -> None:
    for name in ("lb-1", "lb-2"):
        assert lab.run(name, ["systemctl", "is-active", "etcd", "containerd"]).stdout.split() == ["inactive", "inactive"]


def test_a_second_apply_finds_nothing_to_do(lab: Lab) -> None:
    ended = lab.run("operator", ["twinkeel", "apply"])
    assert (ended.returncode, "nothing to change" in ended.stdout) == (0, True), ended.stdout + ended.stderr


def test_the_three_default_drills(lab: Lab, tmp_path: Path) -> None:
    ended = lab.drill(tmp_path, "--budget", BUDGET)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    trials = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(trial["scenario"], trial["verdict"]) for trial in trials] == [
        ("reboot-holder", "pass"),
        ("haproxy-stop", "pass"),
        ("power-loss", "pass"),
    ]
