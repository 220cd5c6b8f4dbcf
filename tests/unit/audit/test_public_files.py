"""What public files have taught: findings that were false, and faults that were missed. The inputs are our own."""

import pytest

from twinkeel.audit.examples import example_pair
from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.pair import Pair
from twinkeel.audit.registry import RULES
from twinkeel.audit.rule import Example


def said(name: str, pair: Pair) -> list[str]:
    rule = next(rule for rule in RULES if rule.name == name)
    return [finding.message for finding in rule.check(pair)]


def haproxy(text: str, peer: str = "") -> Pair:
    return example_pair(Example(haproxy=text, peer_haproxy=peer))


def keepalived(text: str) -> Pair:
    return example_pair(Example(keepalived=text))


@pytest.mark.parametrize(
    "line",
    ["stats uri /haproxy", "stats auth a:b", "stats refresh 5s", "errorloc 503 http://sorry.example/", "http-error status 503"],
)
def test_a_backend_that_answers_by_itself_needs_no_server(line: str) -> None:
    text = f"frontend page\n    bind *:8404\n    default_backend answers\n\nbackend answers\n    mode http\n    {line}\n"
    assert said("empty-backend", haproxy(text)) == []


@pytest.mark.parametrize("port", [22, 80, 443, 2379, 8080, 9345, 22623, 30080, 32767])
def test_a_name_makes_no_api_server_of_another_service(port: int) -> None:
    pair = haproxy(f"backend k8s-dashboard\n    mode http\n    server a 10.0.0.1:{port} check\n")
    assert [proxy.name for host in pair.hosts if host.haproxy for proxy in api_backends(host.haproxy)] == []


@pytest.mark.parametrize("port", [6443, 7443, 8443, 16443])
def test_an_api_server_by_name(port: int) -> None:
    pair = haproxy(f"backend k8s-masters\n    server a 10.0.0.1:{port} check\n")
    assert [proxy.name for host in pair.hosts if host.haproxy for proxy in api_backends(host.haproxy)] == ["k8s-masters"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("*:80", "0.0.0.0:80"),
        (":80", ":80"),
        ("10.0.0.1:80 socks4 10.0.0.8:1080", "10.0.0.1:80 socks4 10.0.0.9:1080"),
        ("10.0.0.1:80 source 10.0.1.1", "10.0.0.1:80 source 10.0.1.2"),
        ("10.0.0.1:80 namespace red", "10.0.0.1:80 namespace blue"),
    ],
)
def test_the_same_address_by_another_way_is_another_server(one: str, other: str) -> None:
    assert said("duplicate-server", haproxy(f"backend b\n    server a {one}\n    server b {other}\n")) == []


def test_one_server_twice_by_the_same_way() -> None:
    text = "backend b\n    server a 10.0.0.1:80 source 10.0.1.1\n    server b 10.0.0.1:80 source 10.0.1.1\n"
    assert len(said("duplicate-server", haproxy(text))) == 1


def test_two_clusters_are_no_pair() -> None:
    text = "backend k8s\n    server a 10.0.{}.1:6443 check\n    server b 10.0.{}.2:6443 check\n"
    assert said("backends-differ", haproxy(text.format(0, 0), text.format(1, 1))) == []
    assert len(said("backends-differ", haproxy(text.format(0, 0), text.format(0, 1)))) == 2


def test_two_hosts_of_one_address_are_a_pair_whatever_their_servers() -> None:
    instance = "vrrp_instance api {\n    virtual_router_id 7\n    virtual_ipaddress {\n        10.0.0.9/24\n    }\n}\n"
    text = "backend k8s\n    server a 10.0.{}.1:6443 check\n"
    pair = example_pair(Example(text.format(0), instance, peer_haproxy=text.format(1), peer_keepalived=instance))
    assert len(said("backends-differ", pair)) == 2


def test_a_process_check_names_no_program_that_it_does_not_look_for() -> None:
    text = (
        'vrrp_script web {\n    script "/usr/bin/pidof nginx"\n}\n'
        "vrrp_instance api {\n    virtual_router_id 7\n    track_script {\n        web\n    }\n}\n"
    )
    (message,) = said("process-only-check", keepalived(text))
    assert "HAProxy" not in message


SCRIPT = 'vrrp_script check {{\n    script "/usr/local/bin/check"\n{user}}}\n'


@pytest.mark.parametrize(
    ("given", "user", "count"),
    [
        ("enable_script_security", "", 1),
        ("enable_script_security\n    script_user nobody", "", 0),
        ("enable_script_security", "    user nobody\n", 0),
        ("script_user nobody", "", 0),
        ("router_id a", "", 0),
    ],
)
def test_a_script_that_keepalived_switches_off(given: str, user: str, count: int) -> None:
    text = f"global_defs {{\n    {given}\n}}\n{SCRIPT.format(user=user)}"
    assert len(said("script-without-user", keepalived(text))) == count


@pytest.mark.parametrize(
    "line",
    [
        *(
            "reqadd X-A:\\ b",
            "rspidel ^Server",
            "reqirep ^a b",
            "block if TRUE",
            "redispatch",
            "clitimeout 5000",
            "option forceclose",
        ),
        *("option http-tunnel", "monitor-net 10.0.0.0/8", "appsession a len 9 timeout 1h", "grace 1s", "option http_proxy"),
        *("timeout clitimeout 5s", "mode health"),
    ],
)
def test_a_word_that_haproxy_knows_no_more(line: str) -> None:
    text = f"listen web\n    bind *:80\n    {line}\n    server a 10.0.0.1:80 check\n"
    assert len(said("removed-keyword", haproxy(text))) == 1


@pytest.mark.parametrize("text", ["global\n    nbproc 2\n", "listen web *:80\n    server a 10.0.0.1:80\n", "frontend f :80,:81\n"])
def test_what_sections_once_took(text: str) -> None:
    assert len(said("removed-keyword", haproxy(text))) == 1


@pytest.mark.parametrize(
    "text", ["global\n    nbthread 2\n", "listen web from web\n    bind *:80\n", "frontend f\n    option httpclose\n"]
)
def test_what_is_known_still(text: str) -> None:
    assert said("removed-keyword", haproxy(text)) == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("virtual_ipaddress {\n        THE_VIP\n    }", 1),
        ("virtual_ipaddress {\n        10.0.0.300/24\n    }", 1),
        ("virtual_ipaddress {\n        10.0.0.9/24 dev eth0\n        fd00::9/64\n    }", 0),
        ("virtual_ipaddress {\n        $VIP/24\n    }", 0),
        ("unicast_peer {\n        lb-2\n    }", 1),
        ("unicast_peer {\n        10.0.0.2 min_ttl 254\n    }", 0),
        ("unicast_src_ip lb-1", 1),
        ("mcast_src_ip 10.0.0.1", 0),
    ],
)
def test_an_address_that_is_none(line: str, count: int) -> None:
    text = f"vrrp_instance api {{\n    virtual_router_id 7\n    {line}\n}}\n"
    assert len(said("invalid-address", keepalived(text))) == count


@pytest.mark.parametrize(("kind", "count"), [("PASS", 0), ("AH", 0), ("pass", 1), ("PASS;", 1), ("none", 1)])
def test_a_kind_of_authentication_that_there_is_not(kind: str, count: int) -> None:
    block = f"    authentication {{\n        auth_type {kind}\n        auth_pass abc\n    }}\n"
    text = f"vrrp_instance api {{\n    virtual_router_id 7\n{block}}}\n"
    assert len(said("unknown-authentication", keepalived(text))) == count


def test_a_file_of_another_program_is_told_once_and_for_all() -> None:
    text = "vrrp_script a {\n    fall 2\n}\n" + "".join(f"{'word' * 9}{number} x\n" for number in range(9_000))
    assert len(said("unknown-keyword", keepalived(text))) == 20


@pytest.mark.parametrize(
    ("condition", "count"),
    [("if TRUE", 1), ("if HTTP", 1), ("unless FALSE", 1), ("if LOCALHOST", 0), ("if { src 10.0.0.0/8 }", 0), ("unless outside", 0)],
)
def test_who_may_use_the_page_of_statistics(condition: str, count: int) -> None:
    text = f"listen stats\n    bind *:8404\n    mode http\n    stats enable\n    stats admin {condition}\n"
    assert len(said("open-admin", haproxy(text))) == count


def test_a_backend_whose_servers_are_chosen_at_run_time() -> None:
    text = "frontend f\n    bind *:80\n    default_backend b\n\nbackend b\n    use-server %[lua.choose] if TRUE\n"
    assert said("empty-backend", haproxy(text)) == []


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("vvrp_script check {\n    script /bin/true\n}\n", ["vvrp_script is no word of Keepalived's here (vrrp_script is)"]),
        ("vrrp_script check {\n    script /bin/true\n    fail 2\n}\n", ["fail is no word of Keepalived's here (fall is)"]),
        (
            "vrrp_instance api {\n    virtual_router_id 7\n    quorum_up x\n}\n",
            ["quorum_up is no word of Keepalived's here"],
        ),
        ("cat <<\n", ["cat is no word of Keepalived's here"]),
        ("virtual_server 10.0.0.9 80 {\n    whatever 1\n}\nbfd_instance b {\n    x 1\n}\nstatic_ipaddress {\n}\n", []),
        ("vrrp_instance api {\n    virtual_router_id 7\n    $MORE\n    authentication {\n        auth_type PASS\n    }\n}\n", []),
        (
            "global_defs {\n}\ntrack_file f {\n    file /run/f\n}\n~SEQ(n, 1, 2) vrrp_script s$n {\n    fall 2\n}\n",
            [],
        ),
    ],
)
def test_a_word_that_keepalived_does_not_know(text: str, messages: list[str]) -> None:
    assert [each.partition(":")[0] for each in said("unknown-keyword", keepalived(text))] == messages
