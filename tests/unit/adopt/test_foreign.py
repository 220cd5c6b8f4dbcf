"""The six pairs that documents tell of: each becomes a spec that passes `check`, and every line is carried or told."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from foreign_pairs import FOREIGN, foreign_pair

from twinkeel.adopt.adopt import Adopted, adopt
from twinkeel.adopt.compare import rendered_files
from twinkeel.adopt.difference import differences
from twinkeel.adopt.notes import Given, NewAddresses
from twinkeel.app.check import check_source
from twinkeel.audit.pair import Pair
from twinkeel.bench.peer_files import PASSWORD
from twinkeel.errors import UsageError
from twinkeel.source import SourceFile

GIVEN = Given(load_balancers={"lb-1": NewAddresses("192.168.1.111"), "lb-2": NewAddresses("192.168.1.112")})
MULTICAST = ("seed", "kubeadm", "rke2", "k0s")
COMMON = {
    "interface": "eth0",
    "load_balancers": {"lb-1": "192.168.1.111", "lb-2": "192.168.1.112"},
    "control_plane": {"master-1": "192.168.1.101", "master-2": "192.168.1.102", "master-3": "192.168.1.103"},
}
V2 = {"vrrp_version": 2, "profile": "steady"}
PASS = {"authentication": "password"}
CHECKS = {
    "seed": (
        V2 | PASS | {"transport": "multicast", "advert_interval": 5, "check_fast_interval": 2, "check_timeout": 2},
        {"type": "tcp"},
    ),
    "kubeadm": (
        V2 | PASS | {"transport": "multicast", "failback": 0, "check_fast_interval": 2, "check_timeout": 10, "connect_timeout": 5},
        None,
    ),
    "rke2": (
        V2
        | {"transport": "multicast", "failback": 0, "check_interval": 10, "check_fast_interval": 10, "check_timeout": 10}
        | {"connect_timeout": 5},
        {"type": "tcp"},
    ),
    "kubemarine": (
        V2 | PASS | {"check_fast_interval": 2, "check_timeout": 2, "check_fall": 2, "check_rise": 3, "connect_timeout": 10},
        {"type": "tcp"},
    ),
    "openshift": (
        V2 | PASS | {"check_interval": 5, "check_fast_interval": 5, "check_timeout": 5, "check_rise": 1, "connect_timeout": 10},
        None,
    ),
    "k0s": (
        V2
        | PASS
        | {
            "transport": "multicast",
            "check_interval": 1,
            "check_timeout": 1,
            "check_fall": 1,
            "check_rise": 1,
            "connect_timeout": 5,
        },
        None,
    ),
}
# What the six pairs have and a spec says by itself, or the spec's files have in the same words.
KEPT = re.compile(
    r"^(global|defaults|global_defs \{|\}|virtual_ipaddress \{|authentication \{|unicast_peer \{|server .*"
    r"|default-server .*|vrrp_instance .*|track_script \{)$"
)


def imported(name: str, folder: Path) -> tuple[Pair, Adopted]:
    pair = foreign_pair(name, folder)
    return pair, adopt(pair, {}, GIVEN)


@pytest.mark.parametrize("name", FOREIGN)
def test_the_spec_says_the_same_and_passes_check(name: str, tmp_path: Path) -> None:
    _, adopted = imported(name, tmp_path)
    checked = check_source(SourceFile("twinkeel.yaml", adopted.text), Path("twinkeel.yaml"))
    assert [item.message for item in checked.diagnostics if item.severity == "error"] == []
    spec: dict[str, Any] = yaml.safe_load(adopted.text)
    assert {key: spec[key] for key in COMMON} == COMMON
    assert spec["endpoint"]["vip"] == {"address": "192.168.1.110/24", "vrid": 6}
    failover, api_check = CHECKS[name]
    assert spec["failover"] == failover
    assert spec.get("kubernetes", {}).get("api_check") == api_check


@pytest.mark.parametrize("name", FOREIGN)
def test_every_line_is_in_the_specs_files_or_is_told(name: str, tmp_path: Path) -> None:
    pair, adopted = imported(name, tmp_path)
    told = {(place.source.name, place.span.line) for each in adopted.left for place in (each.place, *each.also)}
    rendered = rendered_files(adopted.secrets, adopted.text)
    for host in pair.hosts:
        assert host.haproxy is not None
        assert host.keepalived is not None
        texts = "\n".join(rendered[host.name].values())
        lines = {re.sub(r"\s+", " ", line.split("#")[0].strip()) for line in texts.splitlines()}
        for source in (*host.haproxy.file.sources, *host.keepalived.config.sources):
            for number, line in enumerate(source.lines, 1):
                words = re.sub(r"\s+", " ", line.split("#")[0].strip())
                same = words in lines or _in_other_words(words, lines)
                assert not words or same or (source.name, number) in told or KEPT.match(words), f"{source.name}:{number}: {line}"


def _in_other_words(words: str, lines: set[str]) -> bool:
    """Times in milliseconds, peers with their TTL, backends by our names."""
    found = re.fullmatch(r"timeout (\S+) (\d+)s", words)
    if found and f"timeout {found[1]} {int(found[2]) * 1000}ms" in lines:
        return True
    peer = re.fullmatch(r"[\d.]+", words)
    if peer and any(line.startswith(f"{words} min_ttl") for line in lines):
        return True
    vip = re.fullmatch(r"[\d.]+/\d+", words)
    return words.startswith("default_backend ") or bool(vip and f"{words} dev eth0" in lines)


@pytest.mark.parametrize("name", FOREIGN)
def test_no_secret_is_told(name: str, tmp_path: Path) -> None:
    pair, adopted = imported(name, tmp_path)
    told = [adopted.text, repr(adopted.left), repr(adopted.assumed), repr(adopted.needed)]
    compared = differences(pair, adopted)
    told += [f"{each.before} {each.after}" for each in (*compared.better, *compared.merely)]
    shown = "\n".join(each for each in told if "SourceFile" not in each)
    assert PASSWORD not in shown
    assert PASSWORD not in "".join(f"{each.what} {each.why} {each.instead}" for each in adopted.left)
    assert adopted.secrets.vrrp_password == (None if name == "rke2" else PASSWORD)


@pytest.mark.parametrize("name", MULTICAST)
def test_multicast_pairs_need_their_addresses_from_the_user(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        adopt(foreign_pair(name, tmp_path), {}, Given())
    assert raised.value.what == "the files do not say: the IPv4 address of lb-1; the IPv4 address of lb-2"
    assert raised.value.hint == "--load-balancer NAME=ADDRESS"


@pytest.mark.parametrize("name", sorted(set(FOREIGN) - set(MULTICAST)))
def test_unicast_pairs_need_nothing(name: str, tmp_path: Path) -> None:
    assert adopt(foreign_pair(name, tmp_path), {}, Given()).text == imported(name, tmp_path)[1].text


@pytest.mark.parametrize("name", FOREIGN)
def test_a_better_difference_names_the_rules_that_it_mends(name: str, tmp_path: Path) -> None:
    compared = differences(*imported(name, tmp_path))
    named = {rule for each in compared.better for rule in each.rules}
    assert named == set(compared.mended)
    assert {"no-hard-stop-after", "no-announcement-refresh"} - named <= (
        {"no-announcement-refresh"} if name == "openshift" else set()
    )
    assert not any(each.rules for each in compared.merely)
    assert ("", "hard-stop-after 10m", ("no-hard-stop-after",)) in [
        (each.before, each.after, each.rules) for each in compared.better
    ]
    assert "/etc/systemd/system/twinkeel-liveness.service" in compared.files


@pytest.mark.parametrize("name", FOREIGN)
def test_the_documentation_has_the_figures(name: str, tmp_path: Path) -> None:
    pair, adopted = imported(name, tmp_path)
    compared = differences(pair, adopted)
    lines = sum(1 + len(each.also) for each in adopted.left)
    page = (Path(__file__).parents[3] / "docs/import.md").read_text()
    assert f"\n| {name} | {lines} | {len(compared.mended)} | {', '.join(compared.remaining)} |\n" in page
