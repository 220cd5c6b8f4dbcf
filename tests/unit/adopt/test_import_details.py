"""What an import makes of single lines, and what it tells of them."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.adopt.adopt import Adopted, adopt
from twinkeel.adopt.notes import Given, NewAddresses
from twinkeel.adopt.pair_files import pair_of
from twinkeel.errors import SpecError, UsageError

HAPROXY = """\
global
    log /dev/log local0
    user haproxy
defaults
    mode tcp
    log global
    timeout connect 5s
    timeout client 1h
    timeout server 1h
frontend kube
    bind *:6443
    default_backend masters
backend masters
    option httpchk GET /readyz
    http-check expect status 200
    balance leastconn
    default-server check check-ssl verify none inter 2s fall 3 rise 2
    server m1.lab.example 10.0.0.1:6443
    server m2.lab.example 10.0.0.2:6443
    server m3.lab.example 10.0.0.3:6443
"""
KEEPALIVED = """\
global_defs {{
    vrrp_version 3
}}
vrrp_instance api {{
    state BACKUP
    nopreempt
    interface ens3
    virtual_router_id 77
    priority {priority}
    advert_int 1
    unicast_src_ip {own}
    unicast_peer {{
        {peer}
    }}
    virtual_ipaddress {{
        10.0.0.10/24
    }}
}}
"""
Edit = tuple[str, str]


def pair_files(haproxy: tuple[Edit, ...] = (), keepalived: tuple[Edit, ...] = ()) -> dict[str, dict[str, str]]:
    hosts = (("lb-a", "10.0.0.11", "10.0.0.12", 100), ("lb-b", "10.0.0.12", "10.0.0.11", 150))
    return {
        name: {
            "/etc/haproxy/haproxy.cfg": edited(HAPROXY, haproxy),
            "/etc/keepalived/keepalived.conf": edited(KEEPALIVED.format(own=own, peer=peer, priority=priority), keepalived),
        }
        for name, own, peer, priority in hosts
    }


def edited(text: str, edits: tuple[Edit, ...]) -> str:
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


def imported(
    haproxy: tuple[Edit, ...] = (), keepalived: tuple[Edit, ...] = (), options: Given | None = None
) -> tuple[dict[str, Any], Adopted]:
    files = pair_files(haproxy, keepalived)
    adopted = adopt(pair_of(files), files, options or Given())
    return yaml.safe_load(adopted.text), adopted


def told(adopted: Adopted) -> dict[str, str]:
    return {each.what: each.instead for each in adopted.left}


def test_the_plain_pair() -> None:
    spec, adopted = imported()
    assert spec["domain"] == "lab.example"
    assert spec["endpoint"] == {"name": "10.0.0.10", "vip": {"address": "10.0.0.10/24", "vrid": 77}}
    # The one with the higher priority comes first.
    assert spec["load_balancers"] == {"lb-b": "10.0.0.12", "lb-a": "10.0.0.11"}
    assert list(spec["load_balancers"]) == ["lb-b", "lb-a"]
    assert spec["control_plane"] == {"m1": "10.0.0.1", "m2": "10.0.0.2", "m3": "10.0.0.3"}
    assert spec["interface"] == "ens3"
    assert {each.key for each in adopted.assumed} == {"name", "domain", "endpoint.name"}
    assert told(adopted)["verify none"] == "`verify required`"


def test_a_place_is_the_lines_own_and_the_same_line_of_the_other_host_is_told_once() -> None:
    _, adopted = imported((("balance leastconn", "balance source"),))
    (left,) = [each for each in adopted.left if each.what == "balance source"]
    assert (left.place.source.name, left.place.span.line, left.place.span.column) == ("lb-a:/etc/haproxy/haproxy.cfg", 16, 5)
    assert [str(place) for place in left.also] == ["lb-b:/etc/haproxy/haproxy.cfg:16:5"]


def test_options_say_what_the_files_do_not() -> None:
    given = Given(name="mine", domain="x.org", endpoint="api.x.org", vips=("10.0.0.10/16",))
    spec, adopted = imported(options=given)
    assert (spec["name"], spec["domain"], spec["endpoint"]["name"]) == ("mine", "x.org", "api.x.org")
    assert spec["endpoint"]["vip"]["address"] == "10.0.0.10/16"
    assert adopted.assumed == ()


@pytest.mark.parametrize(
    ("line", "failover"),
    [
        (("    nopreempt\n", "    preempt_delay 90\n"), {"failback": 90}),
        (("    nopreempt\n", ""), {"failback": 0}),
        # Keepalived drops nopreempt in an instance that starts as MASTER.
        (("state BACKUP", "state MASTER"), {"failback": 0}),
        (("advert_int 1", "advert_int 0.3"), {"advert_interval": 0.3}),
    ],
)
def test_vrrp_timers(line: Edit, failover: dict[str, Any]) -> None:
    spec, _ = imported(keepalived=(line,))
    assert failover.items() <= spec["failover"].items()


def test_router_id_1_cannot_be_said() -> None:
    spec, adopted = imported(keepalived=(("virtual_router_id 77", "virtual_router_id 1"),))
    assert spec["endpoint"]["vip"] == "10.0.0.10/24"
    assert "both load balancers change together" in told(adopted)["virtual_router_id 1"]


def test_a_password_is_cut_as_keepalived_cuts_it_and_never_told() -> None:
    block = "    authentication {\n        auth_type PASS\n        auth_pass very-secret-one\n    }\n    virtual_ipaddress"
    spec, adopted = imported(keepalived=(("    virtual_ipaddress", block), ("vrrp_version 3", "vrrp_version 2")))
    assert spec["failover"]["authentication"] == "password"
    assert adopted.secrets.vrrp_password == "very-sec"  # noqa: S105
    assert "very-sec" not in adopted.text + "".join(told(adopted)) + "".join(told(adopted).values())


def test_a_password_of_version_3_is_left_behind() -> None:
    block = "    authentication {\n        auth_type PASS\n        auth_pass abcdefgh\n    }\n    virtual_ipaddress"
    spec, adopted = imported(keepalived=(("    virtual_ipaddress", block),))
    assert "authentication" not in spec["failover"]
    assert "auth_pass ********" in told(adopted)


def test_two_addresses_of_one_instance_become_two_instances() -> None:
    spec, adopted = imported(keepalived=(("10.0.0.10/24\n", "10.0.0.10/24\n        10.0.0.20/24\n"),))
    assert [vip if isinstance(vip, str) else vip["address"] for vip in spec["endpoint"]["vips"]] == ["10.0.0.10/24", "10.0.0.20/24"]
    assert told(adopted)["vrrp_instance api"].startswith("`vrrp_instance api-10.0.0.10 and vrrp_instance api-10.0.0.20")


def test_a_second_tcp_frontend_becomes_a_service() -> None:
    web = (
        "frontend web\n    bind :443\n    default_backend web\nbackend web\n    option httpchk GET /ping\n"
        "    server w1 10.0.0.31:30443 check port 9000 send-proxy-v2\n    server m1 10.0.0.1:30443 check port 9000 send-proxy-v2\n"
    )
    spec, _ = imported((("frontend kube\n", f"{web}frontend kube\n"),))
    assert spec["services"] == {
        "web": {
            "port": 443,
            "targets": ["10.0.0.31", "m1"],
            "target_port": 30443,
            "proxy_protocol": "v2",
            "check": {"type": "http", "path": "/ping", "port": 9000},
        }
    }


def test_what_no_key_says_is_kept_as_raw_lines_with_the_defaults_that_it_had() -> None:
    stats = "listen stats\n    bind 10.0.0.11:9000\n    mode http\n    stats enable\nfrontend kube\n"
    edits = (
        ("frontend kube\n", stats),
        ("    user haproxy\n", "    user haproxy\n    tune.bufsize 32768\n"),
        ("    bind *:6443\n", "    bind *:6443\n    tcp-request connection reject if { src 10.9.0.0/16 }\n"),
    )
    spec, adopted = imported(edits)
    extra = spec["haproxy"]["extra"]
    assert extra["global"] == "tune.bufsize 32768"
    assert extra["frontend"] == "tcp-request connection reject if { src 10.9.0.0/16 }"
    assert extra["sections"].splitlines()[:3] == ["defaults", "    mode tcp", "    log global"]
    assert extra["sections"].splitlines()[-4:] == ["listen stats", "    bind 10.0.0.11:9000", "    mode http", "    stats enable"]
    assert not [what for what in told(adopted) if "stats" in what or "tune" in what or "tcp-request" in what]


def test_a_section_with_a_password_is_not_put_into_the_spec() -> None:
    stats = "listen stats\n    bind :9000\n    mode http\n    stats auth admin:hunter2hunter2\nfrontend kube\n"
    spec, adopted = imported((("frontend kube\n", stats),))
    assert "haproxy" not in spec
    assert "stats auth admin:**************" in told(adopted)
    assert "hunter2" not in "".join(told(adopted))


def test_metrics_of_a_host_are_a_key() -> None:
    serves = "    http-request use-service prometheus-exporter if { path /metrics }\n"
    metrics = f"frontend prom\n    bind 0.0.0.0:9101\n    mode http\n{serves}"
    spec, _ = imported((("frontend kube\n", f"{metrics}frontend kube\n"),))
    assert spec["haproxy"] == {"metrics": {"address": "0.0.0.0", "port": 9101}}  # noqa: S104


def test_two_likely_frontends_are_asked_about() -> None:
    other = "frontend other-kube\n    bind *:6443\n    default_backend masters\nfrontend kube\n"
    with pytest.raises(UsageError) as raised:
        imported((("frontend kube\n", other),))
    assert raised.value.hint == "--frontend NAME, one of: other-kube, kube"
    spec, _ = imported((("frontend kube\n", other),), options=Given(frontend="kube"))
    assert spec["control_plane"]


def test_servers_by_name_need_addresses() -> None:
    edit = (("server m2.lab.example 10.0.0.2:6443", "server m2.lab.example m2.lab.example:6443"),)
    with pytest.raises(UsageError) as raised:
        imported(edit)
    assert raised.value.hint == "--control-plane m2=ADDRESS"
    spec, _ = imported(edit, options=Given(control_plane={"m2": NewAddresses("10.0.0.2")}))
    assert spec["control_plane"]["m2"] == "10.0.0.2"


def test_a_listen_section_is_compared_with_both_of_ours() -> None:
    one = "listen api\n    bind 10.0.0.10:6443\n    balance source\n    option tcplog\n"
    edits = (
        ("frontend kube\n    bind *:6443\n    default_backend masters\nbackend masters\n", one),
        ("    balance leastconn\n", ""),
    )
    spec, adopted = imported(edits)
    assert list(spec["control_plane"]) == ["m1", "m2", "m3"]
    assert told(adopted)["listen api"] == "`frontend kubernetes-endpoint and backend kubernetes-api`"
    assert told(adopted)["bind 10.0.0.10:6443"] == "`bind *:6443`"
    assert "option tcplog" not in told(adopted)


def test_a_log_host_has_its_port() -> None:
    spec, adopted = imported((("log /dev/log local0", "log 10.0.0.50 local0"),))
    assert spec["haproxy"] == {"log": "10.0.0.50:514"}
    assert not [what for what in told(adopted) if "log" in what]


def test_a_label_is_told_beside_the_same_address() -> None:
    vips = "10.0.0.10/24 label ens3:1\n        10.0.0.20/24\n"
    _, adopted = imported(keepalived=(("10.0.0.10/24\n", vips),))
    assert told(adopted)["10.0.0.10/24 label ens3:1"] == "`10.0.0.10/24 dev ens3`"


def test_of_one_host_the_user_may_name_the_partner() -> None:
    text = KEEPALIVED.replace("    unicast_src_ip {own}\n    unicast_peer {{\n        {peer}\n    }}\n", "").format(priority=100)
    files = {"lb-a": {**pair_files()["lb-a"], "/etc/keepalived/keepalived.conf": text}}
    given = Given(load_balancers={"lb-a": NewAddresses("10.0.0.11"), "lb-b": NewAddresses("10.0.0.12")})
    spec = yaml.safe_load(adopt(pair_of(files), files, given).text)
    assert spec["load_balancers"] == {"lb-a": "10.0.0.11", "lb-b": "10.0.0.12"}
    assert spec["failover"]["transport"] == "multicast"


def test_a_link_of_vrrps_own_is_told_by_the_hosts_other_address() -> None:
    vip = (("10.0.0.10/24\n", "203.0.113.10/24 dev ens4\n"),)
    spec, _ = imported(keepalived=vip)
    assert spec["endpoint"]["vip"] == {"address": "203.0.113.10/24", "vrid": 77, "interface": "ens4"}
    own = {"lb-a": NewAddresses("203.0.113.11"), "lb-b": NewAddresses("203.0.113.12")}
    spec, _ = imported(keepalived=vip, options=Given(load_balancers=own))
    assert spec["endpoint"]["vip"] == {"address": "203.0.113.10/24", "vrid": 77}
    assert spec["load_balancers"]["lb-a"] == {"address": "203.0.113.11", "vrrp_address": "10.0.0.11", "vrrp_interface": "ens3"}
    with pytest.raises(UsageError, match="the own address of lb-b, beside that of its VRRP link"):
        imported(keepalived=vip, options=Given(load_balancers={"lb-a": own["lb-a"]}))


def test_one_hosts_files_know_the_partner_by_its_peer() -> None:
    files = {"lb-a": pair_files()["lb-a"]}
    adopted = adopt(pair_of(files), files, Given())
    assert yaml.safe_load(adopted.text)["load_balancers"] == {"lb-a": "10.0.0.11", "lb-1": "10.0.0.12"}
    assert "load_balancers.lb-1" in {each.key for each in adopted.assumed}


@settings(max_examples=80)
@given(data=st.data())
def test_hostile_files_end_in_a_spec_or_a_message(data: st.DataObject) -> None:
    files = pair_files()
    for host in files:
        for path, text in files[host].items():
            files[host][path] = data.draw(broken(text))
    with suppress(UsageError, SpecError):
        adopt(pair_of(files), files, Given())


def broken(text: str) -> st.SearchStrategy[str]:
    lines = text.splitlines()
    junk = st.sampled_from(
        ["}", "{", '"', "server", "bind", "bind :", "server x y:99999", "virtual_ipaddress {", "::/0", ".if", "é\0"]
    )
    change: Callable[[list[tuple[int, str | None]]], str] = lambda edits: "\n".join(changed(lines, edits))  # noqa: E731
    return st.lists(st.tuples(st.integers(0, len(lines) - 1), st.none() | junk), max_size=6).map(change)


def changed(lines: list[str], edits: list[tuple[int, str | None]]) -> list[str]:
    made = list(lines)
    for place, text in edits:
        made[place] = text or ""
    return made
