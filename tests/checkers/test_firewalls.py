"""The firewalls' own programs on the rendered rules, in a network namespace without a network."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian_root import run
from golden_files import golden

from twinkeel.render.firewall import FIREWALLD_PATH, NFTABLES_PATH, UFW_PATH
from twinkeel.render.second_chance import RULES_PATH

SOURCES = ("10.35.9.0/24", "10.35.0.50", "fd00:35::/64")
"""Who may read the metrics of the one spec with firewalld."""


def of_first_hosts(path: str) -> dict[str, Path]:
    """A spec's load balancers differ in their peers alone; these programs take seconds."""
    return {name: copy for name, copy in golden(path).items() if name.endswith("/lb-1")}


NFTABLES, FIREWALLD, UFW = of_first_hosts(NFTABLES_PATH), of_first_hosts(FIREWALLD_PATH), of_first_hosts(UFW_PATH)


@pytest.fixture
def work(root: Path) -> Iterator[Path]:
    folder = root / "tmp/firewall"
    shutil.rmtree(folder, ignore_errors=True)  # A run that was killed left it.
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def test_every_backend_has_golden_files() -> None:
    assert all(len(copies) >= 2 for copies in (NFTABLES, FIREWALLD, UFW))


@pytest.mark.parametrize("name", NFTABLES)
def test_nft_loads_the_table_again_and_again(name: str, root: Path, work: Path) -> None:
    shutil.copy(NFTABLES[name], work / "rules")
    script = (
        "nft add table inet other && nft -c -f /tmp/firewall/rules && nft -f /tmp/firewall/rules && nft list table inet twinkeel"
        " && nft -f /tmp/firewall/rules && nft list ruleset"
    )
    ended = run(root, "sh", "-ec", script)
    assert (ended.returncode, ended.stderr) == (0, "")
    once, both = ended.stdout.split("table inet other", 1)
    assert once.strip() in both, "loading it again must give the same table, and leave the other one"
    assert "policy accept" in once
    rules = [line.strip() for line in once.splitlines() if "vrrp" in line]
    if name.startswith("bgp/"):
        assert rules == []
        assert [line.strip().endswith("drop") for line in once.splitlines() if "dport 179" in line] == [False, False, False, True]
        return
    assert rules[-1].endswith("drop")
    assert all("ttl 255" in rule or "hoplimit 255" in rule for rule in rules[:-1])


def test_nft_loads_the_rules_that_keep_connections(root: Path, work: Path) -> None:
    rules = of_first_hosts(RULES_PATH)["dual-stack/lb-1"].read_text()
    # The interface that copies leave by must be there when the rules are loaded: here it is the loopback.
    (work / "rules").write_text(rules.replace('"eth0"', '"lo"'))
    script = "nft -c -f /tmp/firewall/rules && nft -f /tmp/firewall/rules && nft -f /tmp/firewall/rules && nft list ruleset"
    ended = run(root, "sh", "-ec", script)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.count("table ip twinkeel_second_chance {") == ended.stdout.count("table ip6 twinkeel_second_chance {") == 1
    assert ended.stdout.count("dup to ") == ended.stdout.count('device "lo"') > 4


def test_nft_is_strict(root: Path, work: Path) -> None:
    good = NFTABLES["dual-stack/lb-1"].read_text()
    (work / "rules").write_text(good.replace("ip6 saddr fd00:31::12", "ip saddr fd00:31::12"))
    assert run(root, "nft", "-c", "-f", "/tmp/firewall/rules").returncode != 0


@pytest.fixture
def policies(root: Path) -> Iterator[Path]:
    folder = root / "etc/firewalld/policies"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("name", FIREWALLD)
def test_firewalld_reads_the_policy(name: str, root: Path, policies: Path) -> None:
    shutil.copy(FIREWALLD[name], policies / "twinkeel.xml")
    checked = run(root, "firewall-offline-cmd", "--check-config")
    assert (checked.returncode, checked.stderr.strip()) == (0, "")
    shown = run(root, "firewall-offline-cmd", "--info-policy=twinkeel").stdout
    ports = re.findall(r'^  <port port="(\d+)"', FIREWALLD[name].read_text(), re.MULTILINE)
    assert f"ports: {' '.join(f'{port}/tcp' for port in ports)}\n" in shown
    assert "target: CONTINUE" in shown
    rules = [line.strip() for line in shown.splitlines() if 'protocol value="vrrp"' in line]
    assert [rule.rsplit(" ", 1)[1] for rule in rules] == ["accept"] * (len(rules) - 1) + ["drop"]
    everything = FIREWALLD[name].read_text()
    assert len(rules) == everything.count('<protocol value="vrrp"/>')
    readers = [line.strip() for line in shown.splitlines() if 'port port="8405"' in line]
    assert bool(readers) == ('port="8405"' in everything), "metrics for some alone, or no metrics"
    assert not readers or [rule.rsplit(" ", 1)[1] for rule in readers] == ["accept"] * (len(readers) - 1) + ["drop"]
    assert sum(source in rule for source in SOURCES for rule in readers) == len(readers[1:])


@pytest.mark.parametrize(("old", "new"), [('protocol="tcp"', 'protocol="tcpp"'), ('value="vrrp"', 'value="vrp"'), ("<drop/>", "")])
def test_firewalld_is_strict(old: str, new: str, root: Path, policies: Path) -> None:
    good = FIREWALLD["separate-etcd/lb-1"].read_text()
    assert old in good
    (policies / "twinkeel.xml").write_text(good.replace(old, new))
    assert run(root, "firewall-offline-cmd", "--check-config").returncode != 0


@pytest.fixture
def ufw(root: Path) -> Iterator[Path]:
    """ufw as it is installed: off, and without rules of its own; whatever an earlier run left."""
    for name in ("user.rules", "user6.rules"):
        shutil.copy(root / "usr/share/ufw" / name, root / "etc/ufw")
    yield root / "etc/ufw"
    for name in ("user.rules", "user6.rules"):
        shutil.copy(root / "usr/share/ufw" / name, root / "etc/ufw")


def added(root: Path) -> list[str]:
    return run(root, "ufw", "show", "added").stdout.splitlines()[1:]


@pytest.mark.parametrize("name", UFW)
def test_ufw_gets_the_rules_once_and_is_not_turned_on(name: str, root: Path, work: Path, ufw: Path) -> None:
    shutil.copy(UFW[name], work / "rules")
    run(root, "ufw", "allow", "2222/tcp", "comment", "ssh")
    first = run(root, "sh", "/tmp/firewall/rules")
    assert (first.returncode, first.stderr) == (0, "")
    rules = added(root)
    wanted = UFW[name].read_text().split("<<'EOF'\n")[1].split("EOF\n")[0].splitlines()
    assert sorted(rules) == sorted([*(f"ufw {rule} comment 'twinkeel'" for rule in wanted), "ufw allow 2222/tcp comment 'ssh'"])
    for file, readers in (("user.rules", 2), ("user6.rules", 1)):
        noted = [line for line in (ufw / file).read_text().splitlines() if line.startswith("### tuple") and " 8405 " in line]
        expected = ["allow"] * readers + ["deny"] if "8405" in "".join(wanted) else []
        assert [line.split()[3] for line in noted] == expected, "what is let in must stand before what is not"
    vrrp = [rule for rule in rules if "vrrp" in rule]
    assert vrrp[-1].startswith("ufw deny to any proto vrrp"), "what is let in must stand before what is not"
    again = run(root, "sh", "/tmp/firewall/rules")
    assert (again.returncode, again.stdout) == (0, "")
    assert "Status: inactive" in run(root, "ufw", "status").stdout


def test_ufw_takes_a_new_peer_before_the_old_one_goes(root: Path, work: Path, ufw: Path) -> None:
    script = UFW["multi-vip-ingress/lb-1"].read_text()
    assert "allow from 10.33.0.12 proto vrrp" in script
    for text in (script, script.replace("10.33.0.12", "10.33.0.13").replace("allow 5000/tcp\n", "")):
        (work / "rules").write_text(text)
        assert run(root, "sh", "/tmp/firewall/rules").returncode == 0
    rules = added(root)
    assert "ufw allow from 10.33.0.13 proto vrrp comment 'twinkeel'" in rules
    assert not [rule for rule in rules if "10.33.0.12" in rule or "5000" in rule]
    assert rules.index("ufw allow from 10.33.0.13 proto vrrp comment 'twinkeel'") < rules.index(
        "ufw deny to any proto vrrp comment 'twinkeel'"
    )


@pytest.mark.parametrize("name", UFW)
def test_shellcheck_accepts_the_script(name: str, root: Path, work: Path) -> None:
    shutil.copy(UFW[name], work / "script")
    ended = run(root, "shellcheck", "/tmp/firewall/script")
    assert (ended.returncode, ended.stdout) == (0, "")


def test_shellcheck_is_strict(root: Path, work: Path) -> None:
    (work / "script").write_text(UFW["multi-vip-ingress/lb-1"].read_text().replace('"$rule"', "$rule"))
    assert "SC2086" in run(root, "shellcheck", "/tmp/firewall/script").stdout
