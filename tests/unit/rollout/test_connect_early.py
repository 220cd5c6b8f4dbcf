"""The connection that is made before Ansible needs it has the options that Ansible has: else it is another, or a laxer one."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

from twinkeel.rollout.connect_early import connected_early, early_argv
from twinkeel.topology.model import Topology


def test_it_is_as_strict_as_ansibles(lab_home_topology: Topology) -> None:
    machine = lab_home_topology.load_balancers[0].machine
    ssh = replace(machine.ssh, user="ops", port=2222, identity_file="/a key", known_hosts_file="/known hosts")
    argv = early_argv(replace(machine, ssh=ssh), Path("/run/x"))
    options = {argv[index + 1] for index, word in enumerate(argv) if word == "-o"}
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null", "IdentitiesOnly=yes"} <= options
    assert {'UserKnownHostsFile="/known hosts"', 'IdentityFile="/a key"', 'User="ops"', 'Port="2222"'} <= options
    assert {"ControlMaster=auto", 'ControlPath="/run/x/%C"'} <= options
    assert (argv[0], argv[1], argv[-1]) == ("ssh", "-fN", "192.168.1.111")


def test_what_is_left_to_ssh_is_not_named(lab_home_topology: Topology) -> None:
    machine = lab_home_topology.load_balancers[0].machine
    argv = early_argv(replace(machine, ssh=replace(machine.ssh, user="", port=0)), Path("/run/x"))
    assert not [word for word in argv if word.startswith(("User=", "Port="))]


def test_a_host_that_does_not_answer_holds_nobody_up(lab_home_topology: Topology, tmp_path: Path) -> None:
    machine = lab_home_topology.load_balancers[0].machine
    here = replace(machine.ssh, port=1, address=ip_address("127.0.0.1"))
    with connected_early([replace(machine, ssh=here)], tmp_path):
        assert list(tmp_path.iterdir()) == []
