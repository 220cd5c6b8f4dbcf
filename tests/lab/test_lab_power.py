"""Power, cable and packages of hosts, in a second lab at the same addresses while the first one is up."""

import json

from labs import Lab

PING = ["ping", "-c1", "-W1"]


def host_state(lab: Lab, name: str) -> dict[str, str]:
    hosts = json.loads(lab.command("status", "--format", "json").stdout)["hosts"]
    return next(host for host in hosts if host["name"] == name)


def addresses(lab: Lab, name: str) -> list[str]:
    shown = json.loads(lab.run(name, ["ip", "-json", "-4", "address", "show", "eth0"]).stdout)
    return [item["local"] for item in shown[0]["addr_info"]]


def test_two_labs_with_the_same_addresses_do_not_meet(lab: Lab, small_lab: Lab) -> None:
    ours, theirs = (one.run("lb-1", ["cat", "/etc/machine-id"]).stdout for one in (lab, small_lab))
    assert ours != theirs
    assert small_lab.run("lb-1", [*PING, "192.168.1.115"]).returncode != 0, "worker-1 is only in the first lab"
    assert lab.run("lb-1", [*PING, "192.168.1.115"]).returncode == 0


def test_a_bare_load_balancer_installs_its_packages_without_a_network(small_lab: Lab) -> None:
    assert small_lab.run("lb-2", ["sh", "-c", "command -v haproxy keepalived"]).returncode != 0
    ended = small_lab.run("lb-2", ["sh", "-ec", "apt-get update; apt-get install -y haproxy keepalived"])
    assert ended.returncode == 0, ended.stderr
    assert small_lab.run("lb-2", ["systemctl", "is-active", "haproxy"]).stdout.strip() == "active"
    assert small_lab.run("lb-2", ["systemctl", "is-enabled", "keepalived"]).stdout.strip() == "enabled"


def test_a_power_loss_ends_everything_and_takes_run_time_addresses_with_it(small_lab: Lab) -> None:
    assert small_lab.run("lb-1", ["ip", "address", "add", "192.168.1.110/24", "dev", "eth0"]).returncode == 0
    assert small_lab.run("lb-2", [*PING, "192.168.1.110"]).returncode == 0
    small_lab.run("lb-1", ["sh", "-c", "echo kept > /root/file; sync /root/file"])

    small_lab.command("power-off", "lb-1")

    assert host_state(small_lab, "lb-1") == {
        "name": "lb-1",
        "role": "load_balancer",
        "address": "192.168.1.111",
        "power": "off",
        "link": "down",
        "systemd": "off",
        "versions": {},
    }
    assert small_lab.run("lb-2", [*PING, "192.168.1.110"]).returncode != 0
    assert small_lab.run("lb-1", ["true"]).returncode == 2
    small_lab.command("power-on", "lb-1")
    assert addresses(small_lab, "lb-1") == ["192.168.1.111"]
    assert small_lab.run("lb-2", [*PING, "lb-1"]).returncode == 0
    assert small_lab.run("lb-1", ["cat", "/root/file"]).stdout == "kept\n"


def test_power_can_be_cut_from_inside_the_client(small_lab: Lab) -> None:
    for word, power in (("power-off", "off"), ("power-on", "on")):
        ended = small_lab.run("client", ["twinkeel", "lab", word, "lb-1"])
        assert ended.returncode == 0, ended.stderr
        assert host_state(small_lab, "lb-1")["power"] == power
    assert small_lab.run("lb-2", [*PING, "lb-1"]).returncode == 0


def test_a_reboot_is_a_new_boot_with_a_new_network(small_lab: Lab) -> None:
    count = ["sh", "-c", "journalctl --list-boots | wc -l"]
    before = int(small_lab.run("lb-1", count).stdout)
    small_lab.run("lb-1", ["ip", "address", "add", "192.168.1.110/24", "dev", "eth0"])
    small_lab.command("reboot", "lb-1")
    assert int(small_lab.run("lb-1", count).stdout) == before + 1
    assert addresses(small_lab, "lb-1") == ["192.168.1.111"]
    assert host_state(small_lab, "lb-1")["systemd"] in ("running", "starting")


def test_a_host_that_shuts_itself_down_stays_off_until_it_gets_power(small_lab: Lab) -> None:
    assert small_lab.run("lb-2", [*PING, "master-1"]).returncode == 0
    small_lab.run("master-1", ["systemctl", "poweroff", "--force"])
    until_silent = "for i in $(seq 1000); do ping -c1 -W1 master-1 || exit 0; sleep 0.1; done; exit 1"
    assert small_lab.run("lb-2", ["sh", "-c", until_silent]).returncode == 0, "it still answers"
    assert host_state(small_lab, "master-1")["power"] == "off"
    small_lab.command("power-on", "master-1")
    assert small_lab.run("lb-2", [*PING, "master-1"]).returncode == 0


def test_a_pulled_cable_stays_out_over_a_reboot(small_lab: Lab) -> None:
    small_lab.command("cut", "lb-2")
    assert host_state(small_lab, "lb-2")["link"] == "down"
    assert "NO-CARRIER" in small_lab.run("lb-2", ["ip", "link", "show", "eth0"]).stdout
    small_lab.command("reboot", "lb-2")
    assert small_lab.run("lb-1", [*PING, "lb-2"]).returncode != 0
    small_lab.command("heal", "lb-2")
    assert small_lab.run("lb-1", ["ping", "-c1", "-W3", "lb-2"]).returncode == 0
