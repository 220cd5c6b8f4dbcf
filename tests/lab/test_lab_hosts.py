"""Nine real hosts with their own addresses, on a network of their own."""

import json
from pathlib import Path

from labs import Lab, network_of_this_machine

from twinkeel.lab import power

HOSTS = ("lb-1", "lb-2", "master-1", "master-2", "master-3", "worker-1", "worker-2", "client", "operator")
ADDRESSES = {
    "lb-1": "192.168.1.111",
    "lb-2": "192.168.1.112",
    "master-1": "192.168.1.101",
    "master-2": "192.168.1.103",
    "master-3": "192.168.1.105",
    "worker-1": "192.168.1.115",
    "worker-2": "192.168.1.124",
}


def test_every_host_runs_systemd_as_pid_1(lab: Lab) -> None:
    state = json.loads(lab.command("status", "--format", "json").stdout)
    assert [host["name"] for host in state["hosts"]] == list(HOSTS)
    assert {host["systemd"] for host in state["hosts"]} == {"running"}
    assert {(host["power"], host["link"]) for host in state["hosts"]} == {("on", "up")}
    inside = lab.run("master-1", ["cat", "/proc/1/comm", "/etc/hostname"])
    assert inside.stdout.split() == ["systemd", "master-1"]


def test_every_host_has_its_own_address_on_eth0(lab: Lab) -> None:
    for name, address in ADDRESSES.items():
        shown = json.loads(lab.run(name, ["ip", "-json", "-4", "address", "show", "eth0"]).stdout)
        assert address in [item["local"] for item in shown[0]["addr_info"]], name


def test_hosts_reach_each_other_by_name(lab: Lab) -> None:
    for name in HOSTS:
        assert lab.run("worker-2", ["ping", "-c1", "-W2", name]).returncode == 0, name
        assert lab.run("master-1", ["ping", "-c1", "-W2", f"{name}.lab-home.com"]).returncode == 0, name


def test_the_operator_reaches_every_host_over_ssh_with_known_keys(lab: Lab) -> None:
    for name in HOSTS:
        ssh = f"ssh -F none -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile={lab.paths.known_hosts_file}"
        ended = lab.run("operator", ["sh", "-c", f"{ssh} -i {lab.paths.identity_file} root@{name} hostname"])
        assert (ended.stdout.strip(), ended.returncode) == (name, 0), ended.stderr


def test_nothing_of_the_lab_is_in_the_machines_own_network(lab: Lab) -> None:
    assert network_of_this_machine() == lab.interfaces_before
    assert not any(f"{host.address}" in line for line in network_of_this_machine() for host in lab.layout.hosts)


def test_a_host_cannot_reach_anything_outside(lab: Lab) -> None:
    links = json.loads(lab.run("lb-1", ["ip", "-json", "link"]).stdout)
    assert {link["ifname"] for link in links} == {"lo", "eth0"}
    assert lab.run("lb-1", ["getent", "hosts", "deb.debian.org"]).returncode != 0


def test_hosts_share_no_control_group_in_any_hierarchy(lab: Lab) -> None:
    # Where two hosts share one, `systemctl stop` on the first can end a service of the second.
    leaders = [power.leader(lab.paths, lab.layout, lab.layout.host(name)) for name in ("lb-1", "lb-2")]
    first, second = (set(Path(f"/proc/{pid}/cgroup").read_text().splitlines()) for pid in leaders)
    assert first
    assert not first & second


def test_exec_returns_the_commands_exit_code_and_passes_its_input(lab: Lab) -> None:
    assert lab.run("lb-1", ["sh", "-c", "exit 7"]).returncode == 7
    assert lab.run("lb-1", ["cat"], stdin="three\nlines\nhere\n").stdout == "three\nlines\nhere\n"
    assert lab.run("operator", ["sh", "-c", "exit 9"]).returncode == 9
    assert lab.run("lb-1", ["sh", "-c", "kill -TERM $$"]).returncode == -15


def test_exec_in_a_host_does_not_leak_this_machines_environment(lab: Lab) -> None:
    names = {line.partition("=")[0] for line in lab.run("lb-1", ["env"]).stdout.splitlines()}
    assert names <= {"PATH", "HOME", "USER", "LANG", "TERM", "PWD", "SHLVL", "_"}


def test_exec_in_the_operator_knows_the_lab(lab: Lab) -> None:
    shown = lab.run("operator", ["sh", "-c", "echo $TWINKEEL_FILE; command -v twinkeel; cat /etc/hosts"]).stdout.splitlines()
    assert shown[0] == str(lab.paths.spec_file)
    assert shown[1].endswith("/bin/twinkeel")
    assert "192.168.1.110 lb.lab-home.com" in shown
    assert "192.168.1.101 master-1.lab-home.com master-1" in shown


def test_logs_are_the_hosts_own_journal(lab: Lab) -> None:
    shown = lab.command("logs", "worker-1", "-u", "ssh", "-n", "5").stdout
    assert "worker-1 sshd" in shown


def test_secrets_are_for_root_alone(lab: Lab) -> None:
    assert lab.paths.root.stat().st_mode & 0o777 == 0o700
    assert lab.paths.identity_file.stat().st_mode & 0o777 == 0o600
    assert lab.paths.spec_file.stat().st_mode & 0o777 == 0o600
