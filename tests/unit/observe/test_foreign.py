"""What a pair does that the spec does not say is told, with its line, and nothing else."""

import pytest

from twinkeel.bench.configurations import CONFIGURATIONS, Configuration
from twinkeel.bench.peer_files import peer_files
from twinkeel.observe.ending import Ending
from twinkeel.observe.foreign import foreign_haproxy
from twinkeel.render.haproxy import CONFIG_PATH as HAPROXY
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED
from twinkeel.render.render import render
from twinkeel.topology.model import Topology
from twinkeel.vip.keepalived.foreign import foreign_keepalived

DOCUMENTS = [each for each in CONFIGURATIONS if each.profile is None]
HAND_MADE = """\
global_defs {
    notification_email { ops@example.org }
    smtp_alert true
}
vrrp_script check { script "/usr/local/bin/check # not a comment" }
! virtual_server 192.0.2.1 80 {
vrrp_instance API
{
    virtual_router_id 51
    virtual_ipaddress {
        192.168.1.110   # the API
        192.168.1.200/24 dev eth0
    }
    notify_master "/usr/local/bin/page me"
}
virtual_server 192.168.1.200 443 { delay_loop 6 }
include conf.d/*.conf
"""


def keepalived(topology: Topology, rendered: str = "") -> list[Ending]:
    return list(foreign_keepalived("k", HAND_MADE, rendered, topology, topology.load_balancers[0]))


def test_a_keepalived_that_does_more(lab_home_topology: Topology) -> None:
    ours = lab_home_topology.load_balancers[0].instances[0].vrid
    found = keepalived(lab_home_topology, "vrrp_instance vip { virtual_ipaddress { 192.168.1.110/24 dev eth0 } }")
    assert [str(each) for each in found] == [
        "k:3: smtp_alert true: it is not run any more",
        "k:5: vrrp_script check runs no more: our own watchdog asks HAProxy",
        f"k:9: virtual router 51 becomes {ours}",
        "k:12: API holds 192.168.1.200, which is no virtual IP of the spec: nobody holds it any more",
        "k:14: notify_master /usr/local/bin/page me: it is not run any more",
        "k:16: virtual_server 192.168.1.200 443, which the spec does not say: it ends",
        "k:17: includes conf.d/*.conf, which was not read",
    ]
    assert [str(each)[:3] for each in found if each.replaced] == ["k:5", "k:9"]


def test_what_the_rendered_file_has_as_well_does_not_end(lab_home_topology: Topology) -> None:
    """Raw lines of keepalived.extra, however they are laid out."""
    rendered = """\
global_defs { smtp_alert true }
vrrp_instance vip {
    virtual_ipaddress { 192.168.1.110/24 }
    notify_master "/usr/local/bin/page me"
}
vrrp_instance other {
    virtual_ipaddress { 192.168.1.200/24 dev eth0 }
}
virtual_server 192.168.1.200 443 {
    delay_loop 6
}
"""
    assert [each.place for each in keepalived(lab_home_topology, rendered)] == ["k:5", "k:9", "k:17"]
    assert "k:16" in [each.place for each in keepalived(lab_home_topology, rendered.replace("loop 6", "loop 7"))]


def test_a_haproxy_that_does_more(lab_home_topology: Topology) -> None:
    text = "frontend api\n  bind *:6443\n\nlisten stats # here\n  bind 127.0.0.1:9000,:9001 ssl\n  bind /run/x.sock\n"
    found = list(foreign_haproxy("h", text, "", lab_home_topology))
    assert [str(each) for each in found] == [
        "h:5: listen stats listens on 127.0.0.1:9000, which the spec has not: it ends",
        "h:5: listen stats listens on :9001, which the spec has not: it ends",
        "h:6: listen stats listens on /run/x.sock, which the spec has not: it ends",
    ]
    assert not any(each.replaced for each in found)
    kept = list(foreign_haproxy("h", text, "listen statistics\n  bind :9001\n  bind /run/x.sock\n", lab_home_topology))
    assert [each.what.split()[4] for each in kept] == ["127.0.0.1:9000,"]


@pytest.mark.parametrize("configuration", DOCUMENTS, ids=lambda each: each.id)
def test_every_place_that_is_told_is_a_line_of_the_file(lab_home_topology: Topology, configuration: Configuration) -> None:
    balancer = lab_home_topology.load_balancers[0]
    texts = {file.path: file.content for file in peer_files(configuration, lab_home_topology, balancer)}
    found = [
        *foreign_haproxy(HAPROXY, texts[HAPROXY], "", lab_home_topology),
        *foreign_keepalived(KEEPALIVED, texts[KEEPALIVED], "", lab_home_topology, balancer),
    ]
    for each in found:
        path, _, number = each.place.rpartition(":")
        assert texts[path].splitlines()[int(number) - 1].strip()


def test_our_own_files_do_nothing_that_the_spec_does_not_say(lab_home_topology: Topology) -> None:
    for balancer in lab_home_topology.load_balancers:
        texts = {file.path: file.content for file in render(lab_home_topology).hosts[balancer.machine.name]}
        told = list(foreign_keepalived("k", texts[KEEPALIVED], texts[KEEPALIVED], lab_home_topology, balancer))
        assert told == []


@pytest.mark.parametrize("text", ["}", "{", "a {", "a { b } } c", 'x "open', "\0{}}{{", ""])
def test_nothing_makes_it_fail(lab_home_topology: Topology, text: str) -> None:
    balancer = lab_home_topology.load_balancers[0]
    assert list(foreign_keepalived("k", text, "", lab_home_topology, balancer)) == []
    assert list(foreign_haproxy("h", text, "", lab_home_topology)) == []
