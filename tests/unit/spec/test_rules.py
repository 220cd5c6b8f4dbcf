"""Each cross check: one bad example with its exact place, and one near miss that must pass."""

from collections.abc import Callable

import pytest

from twinkeel.source import Span
from twinkeel.spec.load import Loaded
from twinkeel.spec.rules import RULES

Edited = Callable[..., Loaded]
Edits = list[tuple[str, str]]

# code -> (edits that break the rule, the place, what the message or hint says, edits that nearly do)
CASES: dict[str, tuple[Edits, tuple[int, int], str, Edits]] = {
    "S020": ([("worker-2:", "master-1:")], (18, 3), "`master-1` is described in two ways", [("worker-2:", "master-11:")]),
    "S021": ([("192.168.1.105", "192.168.1.115")], (17, 13), "`worker-1` has the address of `master-3`", [("1.105", "1.106")]),
    "S022": (
        [("  lb-1: 192.168.1.111", "  master-1: 192.168.1.101")],
        (7, 9),
        "API server's own on `master-1`",
        [("  lb-1: 192.168.1.111", "  master-1: 192.168.1.101"), ("port: 6443", "port: 8443")],
    ),
    "S023": ([("192.168.1.124", "224.0.0.18")], (18, 13), "(multicast)", [("192.168.1.124", "223.0.0.18")]),
    "S024": ([("192.168.1.110/24", "192.168.1.110")], (8, 8), "such as 192.168.1.110/24", [("110/24", "110/27")]),
    "S025": ([("192.168.1.110/24", "192.168.1.101/24")], (8, 8), "address of `master-1`", [("1.110/24", "1.109/24")]),
    "S026": ([("192.168.1.110/24", "192.168.1.255/24")], (8, 8), "broadcast address of 192.168.1.0/24", [("1.110/24", "1.254/24")]),
    "S027": ([("192.168.1.112", "192.168.2.112")], (11, 9), "outside the virtual IP's subnet", [("1.112", "1.12")]),
    "S028": (
        [("192.168.1.124", "10.233.64.9")],
        (18, 13),
        "inside kubernetes.pod_network 10.233.64.0/18",
        [("192.168.1.124", "10.233.128.1")],
    ),
    "S029": (
        [("network_plugin: calico", "pod_network: 10.233.0.0/16")],
        (21, 64),
        "overlap",
        [("network_plugin: calico", "pod_network: 10.232.0.0/16")],
    ),
    "S030": (
        [("network_plugin: calico", "pod_network: 10.233.64.0/22")],
        (21, 64),
        "room for 4 nodes, a /24 each; the cluster has 5",
        [("network_plugin: calico", "pod_network: 10.233.64.0/21")],
    ),
    "S031": ([("  master-3: 192.168.1.105\n", "")], (12, 1), "use 1 or 3", []),
    "S032": ([("  master-2: 192.168.1.103\n  master-3: 192.168.1.105\n", "")], (12, 1), "lost with it", []),
    "S033": ([("  lb-2: 192.168.1.112\n", "")], (9, 1), "add a second one", []),
    "S034": ([("worker-2:", "bastion:")], (18, 3), "`bastion`", [("worker-2:", "bastion-1:")]),
    "S035": (
        [(", server: 192.168.1.176", "")],
        (19, 13),
        "add `server: ADDRESS`",
        [("mode: manual, server: 192.168.1.176", "mode: coredns")],
    ),
    "S036": ([("mode: manual", "mode: coredns")], (19, 30), "means nothing while dns.mode is coredns", []),
    "S037": ([("version: 1.35.4", "version: v1.35.4")], (21, 23), "write 1.35.4", [("version: 1.35.4", "version: 1.33.11")]),
    "S038": ([("v2.31.0", "master")], (21, 42), "not a release's tag", [("v2.31.0", "v2.30.1")]),
    "S039": ([("lb.lab-home.com", "lb")], (6, 9), "write lb.lab-home.com", [("lb.lab-home.com", "192.168.1.110")]),
    "S040": ([("port: 6443", "port: 8404")], (7, 9), "HAProxy's own loopback listener", [("port: 6443", "port: 8403")]),
    "S041": (
        [("ssh: {user: root}", "power: {off: 'bmc off', on: 'bmc on {host}'}")],
        (22, 14),
        "put {host}",
        [("ssh: {user: root}", "power: {off: 'bmc off {host}', on: 'bmc on {host}'}")],
    ),
}


def test_every_rule_has_an_example() -> None:
    assert sorted(CASES) == sorted(rule.code for rule in RULES)
    assert all(rule.check.__doc__ for rule in RULES)


@pytest.mark.parametrize("code", CASES)
def test_the_bad_example_is_found_at_its_place_and_nothing_else_is(load_edited: Edited, code: str) -> None:
    edits, place, said, _ = CASES[code]
    loaded = load_edited(*edits)
    assert [(item.code, item.span.line, item.span.column) for item in loaded.diagnostics if item.span] == [(code, *place)]
    diagnostic = loaded.diagnostics[0]
    assert said in f"{diagnostic.message}\n{diagnostic.hint}"
    assert diagnostic.hint
    severity = next(rule.severity for rule in RULES if rule.code == code)
    assert diagnostic.severity == severity
    assert (loaded.spec is None) == (severity == "error")


@pytest.mark.parametrize("code", CASES)
def test_the_near_miss_passes(load_edited: Edited, code: str) -> None:
    assert load_edited(*CASES[code][3]).diagnostics == ()


@pytest.mark.parametrize(
    ("edits", "code", "place"),
    [
        ([("192.168.1.110/24", "192.168.1.0/24")], "S026", (8, 8)),
        ([("192.168.1.110/24", "192.168.1.110/28")], "S026", (10, 9)),
        ([("192.168.1.110/24", "127.0.0.1/24")], "S023", (8, 8)),
        ([("192.168.1.111", "0.0.0.0")], "S023", (10, 9)),  # noqa: S104
        ([("server: 192.168.1.176", "server: 10.233.0.3")], "S028", (19, 29)),
        ([("network_plugin: calico", "service_network: 10.233.64.0/20")], "S029", (21, 68)),
        ([("version: 1.35.4", "version: latest")], "S037", (21, 23)),
        ([("lb.lab-home.com", "lb-1.lab-home.com")], "S039", (6, 9)),
        ([("lb.lab-home.com", "192.168.1.109")], "S039", (6, 9)),
        ([("ssh: {user: root}", "ssh: {port: 6443}")], "S040", (7, 9)),
    ],
)
def test_other_forms_of_the_same_mistake(load_edited: Edited, edits: Edits, code: str, place: tuple[int, int]) -> None:
    found = {(item.code, item.span.line, item.span.column) for item in load_edited(*edits).diagnostics if item.span}
    assert (code, *place) in found


def test_both_places_of_a_duplicate_are_named(load_edited: Edited) -> None:
    """The seed's own mistake: master-3 with worker-1's address."""
    diagnostic = load_edited(("192.168.1.105", "192.168.1.115")).diagnostics[0]
    assert diagnostic.span == Span(17, 13, 13)
    assert diagnostic.related == ((Span(15, 13, 13), "`master-3` is here"),)


def test_an_address_given_in_a_mapping_is_found_there(load_edited: Edited) -> None:
    loaded = load_edited(("worker-2: 192.168.1.124", "worker-2: {interface: eth1, address: 192.168.1.115}"))
    assert [item.span for item in loaded.diagnostics] == [Span(18, 40, 13)]


def test_every_broken_rule_is_reported_at_once(load_edited: Edited) -> None:
    loaded = load_edited(
        ("192.168.1.110/24", "192.168.1.101/24"), ("worker-2:", "bastion:"), ("version: 1.35.4", "version: v1.35.4")
    )
    assert [item.code for item in loaded.diagnostics] == ["S025", "S034", "S037"]


def test_codes_are_unique_and_in_order() -> None:
    codes = [rule.code for rule in RULES]
    assert codes == sorted(set(codes))
