"""Each cross check finds its bad example at its exact place, and lets its near miss pass."""

from collections.abc import Callable
from pathlib import Path

import pytest
from rule_cases import CASES, RELEASE_2_32, Edits, kubernetes, more, vips

from twinkeel.render.render import render
from twinkeel.source import Span
from twinkeel.spec.load import Loaded
from twinkeel.spec.rules import ABOUT_KUBESPRAY, RULES
from twinkeel.topology.build import build

Edited = Callable[..., Loaded]


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


@pytest.mark.parametrize("code", sorted(ABOUT_KUBESPRAY))
def test_load_balancers_can_be_rendered_in_spite_of_what_kubespray_would_refuse(load_edited: Edited, code: str) -> None:
    loaded = load_edited(*CASES[code][0])
    assert loaded.spec is None
    assert loaded.readable is not None
    assert render(build(loaded.readable, Path("/srv"))).hosts


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
        ([more("monitoring: {address: 192.168.1.112}")], "S076", (23, 23)),
        ([more("monitoring: {address: host, port: 8404}")], "S055", (23, 35)),
        ([more("monitoring: {address: host, port: 8405}\nhaproxy: {metrics: {address: host}}")], "S055", (23, 35)),
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


def test_after_its_hint_the_finding_about_anonymous_requests_is_gone(load_edited: Edited) -> None:
    anonymous = kubernetes("api_check: {type: tcp}, variables: {kube_api_anonymous_auth: false}")
    assert load_edited(anonymous).diagnostics == ()


@pytest.mark.parametrize(("check", "codes"), [("tcp", {"S089"}), ("https", set())])
def test_a_check_among_the_defaults_counts_where_the_backend_has_none(load_edited: Edited, check: str, codes: set[str]) -> None:
    raw = "haproxy: {extra: {defaults: option ssl-hello-chk}}\nssh: {"
    loaded = load_edited(("network_plugin: calico", f"network_plugin: calico, api_check: {{type: {check}}}"), ("ssh: {", raw))
    assert {item.code for item in loaded.diagnostics} == codes


@pytest.mark.parametrize("text", ["'yes'", "'False'", "'{% if x %}[a]{% endif %}x]'", "'{a: 1}'"])
def test_texts_that_newer_ansible_takes_for_texts(load_edited: Edited, text: str) -> None:
    asked = kubernetes(f"variables: {{a: {text}}}")
    assert {item.code for item in load_edited(*RELEASE_2_32, asked).diagnostics} == {"S093"}
    assert load_edited(asked).diagnostics == ()


def test_after_its_hint_a_routed_virtual_ip_is_accepted(load_edited: Edited) -> None:
    alone = load_edited(("vip: 192.168.1.110/24", "vip: 10.9.0.5/32")).diagnostics
    assert {item.code for item in alone} == {"S024"}
    assert "`routed: true`" in alone[0].hint
    assert load_edited(("vip: 192.168.1.110/24", "vip: {address: 10.9.0.5/32, routed: true}")).diagnostics == ()
    in_a_subnet = load_edited(("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, routed: true}")).diagnostics
    assert [(item.code, item.hint) for item in in_a_subnet] == [("S024", "write 192.168.1.110/32, or delete `routed`")]


@pytest.mark.parametrize(
    ("next_hop", "said"),
    [
        ("192.168.1.120/24", None),
        ("fd00::120/64", "is no IPv4 address"),
        ("192.168.1.120", "no prefix length of a subnet"),
        ("192.168.1.255/24", "cannot be a machine's address in 192.168.1.0/24"),
        ("192.168.1.0/24", "cannot be a machine's address in 192.168.1.0/24"),
        ("192.168.1.121/30", "`lb-1` is outside the next hop's subnet 192.168.1.120/30"),
        ("10.0.0.7/24", "`lb-1` is outside the next hop's subnet 10.0.0.0/24"),
        ("192.168.1.112/24", "is the address of `lb-2`"),
        ("192.168.1.101/24", "is the address of `master-1`"),
    ],
)
def test_a_next_hop_is_a_free_address_of_the_load_balancers_subnet(load_edited: Edited, next_hop: str, said: str | None) -> None:
    entry = f"vip: {{address: 10.9.0.5/32, routed: true, next_hop: '{next_hop}'}}"
    found = load_edited(("vip: 192.168.1.110/24", entry)).diagnostics
    assert [(item.code, item.span.line) for item in found] == ([] if said is None else [("S108", 8)])
    assert all(said in item.message for item in found if said)


def test_two_virtual_ips_have_two_next_hops(load_edited: Edited) -> None:
    def of(second: str) -> list[tuple[str, str]]:
        entries = (
            f"{{address: 10.9.0.{n}/32, routed: true, next_hop: {hop}/24}}" for n, hop in ((5, "192.168.1.120"), (6, second))
        )
        return [(item.code, item.message) for item in load_edited(vips(", ".join(entries))).diagnostics]

    assert of("192.168.1.121") == []
    assert of("192.168.1.120") == [("S108", "the next hop 192.168.1.120 is another virtual IP's next hop")]


def test_after_its_hint_a_virtual_ip_of_another_network_is_accepted(load_edited: Edited) -> None:
    outside = load_edited(vips("192.168.1.110/24, 10.9.0.5/24"))
    assert {item.code for item in outside.diagnostics} == {"S027"}
    assert "`interface`" in outside.diagnostics[0].hint
    assert load_edited(vips("192.168.1.110/24, {address: 10.9.0.5/24, interface: ens3}")).diagnostics == ()
