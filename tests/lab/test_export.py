"""The exported Ansible project on real hosts, run as its user would: without Twinkeel."""

import json
import re
import sys
from pathlib import Path

import pytest
from labs import Ended, Lab

PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))
BALANCERS = ("lb-1", "lb-2")
VIP = "192.168.1.110"


def good(ended: Ended) -> Ended:
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended


def operator(lab: Lab, *argv: str) -> Ended:
    return lab.run("operator", ["twinkeel", *argv])


def site(lab: Lab, folder: Path, *options: str) -> Ended:
    # No Twinkeel: a plain Ansible in the project's folder, with no settings of anybody's.
    command = f"cd {folder} && env -i HOME={folder} LANG=C.UTF-8 PATH=/usr/bin:/bin {PLAYBOOK} site.yml {' '.join(options)}"
    return lab.run("operator", ["sh", "-c", command])


def changes(ended: Ended) -> dict[str, int]:
    """How many tasks changed each host, from Ansible's recap."""
    return {name: int(count) for name, count in re.findall(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)", ended.stdout, re.MULTILINE)}


def holder(lab: Lab) -> str:
    (name,) = [name for name in BALANCERS if VIP in lab.run(name, ["ip", "-4", "address"]).stdout]
    return name


def worked_on(ended: Ended) -> list[str]:
    """Hosts in the order in which they got their files."""
    parts = ended.stdout.split("TASK [")
    return [
        name
        for part in parts
        if part.startswith("bring : Replace")
        for name in re.findall(r"^changed: \[(\S+)\]", part, re.MULTILINE)
    ]


@pytest.fixture(scope="module")
def project(api_lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported") / "project"
    good(operator(api_lab, "export", "ansible", str(folder)))
    return folder


@pytest.fixture(scope="module")
def converged(api_lab: Lab, project: Path) -> Ended:
    """The project's first run of the session."""
    return good(site(api_lab, project))


def test_it_serves_and_twinkeel_finds_no_drift(api_lab: Lab, converged: Ended) -> None:
    assert set(changes(converged)) >= set(BALANCERS)
    ca = str(api_lab.paths.pki / "ca.crt")
    answer = good(api_lab.run("client", ["curl", "-sS", "--max-time", "5", "--cacert", ca, f"https://{VIP}:6443/readyz"]))
    assert answer.stdout == "ok"
    good(operator(api_lab, "plan"))
    assert json.loads(good(operator(api_lab, "status", "--format", "json")).stdout)["healthy"] is True


def test_a_second_run_changes_nothing(api_lab: Lab, project: Path, converged: Ended) -> None:
    again = good(site(api_lab, project))
    assert all(count == 0 for count in changes(again).values()), again.stdout
    assert set(changes(again)) == {*BALANCERS, "master-1", "master-2", "master-3"}


def test_the_holder_is_worked_on_last_whoever_it_is(api_lab: Lab, project: Path, converged: Ended) -> None:
    orders = []
    for _ in range(2):
        held_by = holder(api_lab)
        for name in BALANCERS:
            good(api_lab.run(name, ["sh", "-c", "echo '# drift' >> /etc/haproxy/haproxy.cfg"]))
        orders.append(worked_on(good(site(api_lab, project))))
        assert orders[-1][-1] == held_by
    # The virtual IP moved when its holder was worked on, so the second run had the other order.
    assert orders[0] == list(reversed(orders[1]))
    good(operator(api_lab, "plan"))


def test_without_the_authority_and_with_a_host_that_is_down_it_refuses(api_lab: Lab, project: Path, converged: Ended) -> None:
    # A master that is away is no trouble while another one has the authority; with no answer at all nothing may change.
    limited = site(api_lab, project, "-e", '\'{"cluster_ca": "", "authority_unknown": ["master-1"]}\'')
    assert limited.returncode != 0
    assert "not every host was reached: master-1" in limited.stdout + limited.stderr
    good(operator(api_lab, "plan"))
