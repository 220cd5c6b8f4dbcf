"""Each error rule about Keepalived, in a real pair: the fault happens, and after the fix it does not."""

import pwd
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from second_chance.segment import wait_for

from audit_faults.judged import Files, found
from audit_faults.pair import (
    CHECK,
    GLOBALS,
    HAPROXY,
    MASTER,
    SETTLE,
    VIP,
    Balancer,
    Segment,
    at_once,
    elapsed,
    instance,
    script,
)

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="the check scripts need curl")
MOVED, STAYED = "lb-2", "lb-1"


def pair(head: str, tail_one: str, tail_other: str) -> tuple[str, str]:
    return GLOBALS + head + tail_one, GLOBALS + head + tail_other


def with_weight(weight: int, lines: str = "", priority: int = 0) -> tuple[str, str]:
    head = script(lines=f"    weight {weight}\n" if weight else "")
    return pair(head, instance(1, priority, lines, "haproxy"), instance(2, 0, lines, "haproxy"))


def misspelt(name: str) -> tuple[str, str]:
    return pair(script(), instance(1, track=name), instance(2, track=name))


def grouped(weight: int) -> tuple[str, str]:
    """The pair's only instance as the only member of a sync group."""
    return tuple(f"{each}vrrp_sync_group both {{\n    group {{\n        api\n    }}\n}}\n" for each in with_weight(weight))  # type: ignore[return-value]


def without_user(user: str) -> tuple[str, str]:
    head = GLOBALS.replace("    script_user root\n", "") + script(lines=user)
    return head + instance(1, track="haproxy"), head + instance(2, track="haproxy")


# Rule, the files in which HAProxy's death moves nothing, and those in which it does.
STUCK = {
    "untracked-haproxy": (pair("", instance(1), instance(2)), misspelt("haproxy")),
    "weight-too-small": (with_weight(-2), with_weight(-20)),
    "nopreempt-with-weight": (with_weight(-20, "    nopreempt\n"), with_weight(0, "    nopreempt\n")),
    "owner-with-weight": (with_weight(-160, priority=255), with_weight(-160, priority=254)),
    "undefined-tracker": (misspelt("ha-proxy"), misspelt("haproxy")),
    "weight-in-sync-group": (grouped(-20), grouped(0)),
    "script-without-user": (without_user(""), without_user("    user root\n")),
}


Pairs = tuple[Segment, Segment]
Both = tuple[str, str]
"""The keepalived.conf of both hosts."""


def says(rule: str, faulty: bool, *files: Files) -> None:
    assert bool(found(rule, *files)) == faulty, rule


@pytest.mark.parametrize("rule", STUCK)
def test_the_address_stays_with_a_dead_haproxy(rule: str, pairs: Pairs) -> None:
    if rule == "script-without-user" and "keepalived_script" in {each.pw_name for each in pwd.getpwall()}:
        pytest.skip("this machine has a user keepalived_script")

    def body(hosts: Segment, files: Both, faulty: bool) -> None:
        says(rule, faulty, *(Files(HAPROXY, each) for each in files))
        with hosts.running(files[0]) as haproxy:
            # Without preemption the first one keeps the address.
            hosts.wait_for_holder("lb-1")
            hosts.other.start_keepalived(files[1])
            wait_for(hosts.other.waits_as_backup, "the second one is no backup")
            haproxy["lb-1"].kill()
            haproxy["lb-1"].wait()
            if faulty:
                assert hosts.stays(STAYED)
            else:
                hosts.wait_for_holder(MOVED)

    at_once(pairs, body, *STUCK[rule])


def test_preempt_delay_with_weight(pairs: Pairs) -> None:
    def body(hosts: Segment, files: Both, faulty: bool) -> float:
        says("preempt-delay-with-weight", faulty, *(Files(HAPROXY, each) for each in files))
        with hosts.running(*files) as haproxy:
            hosts.wait_for_holder("lb-1")
            haproxy["lb-1"].kill()
            return elapsed(lambda: hosts.holders() == ["lb-2"])

    delayed, at_once_ = at_once(pairs, body, with_weight(-20, "    preempt_delay 4\n"), with_weight(-20))
    assert delayed > at_once_ + 2


# Rule, files with which both hosts hold the address; mended ones are the plain pair.
TWO_HOLDERS = {
    "own-address-as-peer": (instance(1, unicast_peer=f"{{\n        {MASTER}\n    }}"), instance(2)),
    "one-sided-peers": (instance(1, unicast_peer="{\n        10.9.0.9\n    }"), instance(2)),
    "peers-disagree": (instance(1), instance(2, virtual_router_id="72")),
}


@pytest.mark.parametrize("rule", TWO_HOLDERS)
def test_both_hold_the_address(rule: str, pairs: Pairs) -> None:
    def body(hosts: Segment, files: Both, faulty: bool) -> None:
        says(rule, faulty, *(Files(keepalived=each) for each in files))
        with hosts.running(*files):
            assert hosts.stays(*(("lb-1", "lb-2") if faulty else ("lb-1",)))

    at_once(pairs, body, pair("", *TWO_HOLDERS[rule]), pair("", instance(1), instance(2)))


UNBALANCED = instance(1).replace("    virtual_ip", "    authentication {\n        auth_type PASS\n    virtual_ip")
CHECKED = script() + instance(1, track="haproxy")
# Rule, a file with which the host never gets the address, and a mended one.
NOBODY = {
    "missing-vrid": (GLOBALS + instance(1, virtual_router_id=""), GLOBALS + instance(1)),
    "invalid-address": (GLOBALS + instance(1, virtual_ipaddress="{\n        10.9.0.300/24\n    }"), GLOBALS + instance(1)),
    "unbalanced-braces": (GLOBALS + UNBALANCED, GLOBALS + UNBALANCED.replace("PASS\n", "PASS\n    }\n")),
    "check-port": (GLOBALS + CHECKED.replace("8404", "8405"), GLOBALS + CHECKED),
    "byte-order-mark": (f"\ufeff{instance(1)}{GLOBALS}", instance(1) + GLOBALS),
}


@pytest.mark.parametrize("rule", NOBODY)
def test_nobody_gets_the_address(rule: str, pairs: Pairs) -> None:
    def body(hosts: Segment, config: str, faulty: bool) -> None:
        says(rule, faulty, Files(HAPROXY, config))
        with hosts.running(config):
            if faulty:
                assert hosts.stays()
            else:
                hosts.wait_for_holder("lb-1")

    at_once(pairs, body, *NOBODY[rule])


def test_repeated_vrid(pairs: Pairs) -> None:
    """Keepalived ends: neither address is there."""

    def body(hosts: Segment, vrid: str, faulty: bool) -> None:
        other = instance(1, virtual_router_id=vrid, virtual_ipaddress="{\n        10.9.0.101/24\n    }").replace("api", "web")
        config = GLOBALS + instance(1) + other
        says("repeated-vrid", faulty, Files(keepalived=config))
        with hosts.running(config):
            if faulty:
                assert hosts.stays()
                assert hosts.holders("10.9.0.101") == []
            else:
                hosts.wait_for_holder("lb-1")
                hosts.wait_for_holder("lb-1", "10.9.0.101")

    at_once(pairs, body, "71", "72")


# Rule, and host 1's instance with a priority that does not count. Host 2 has 150; mended, host 1 has 200.
NOT_THE_PRIORITY = {"number-out-of-range": instance(1, 300), "repeated-keyword": instance(1, 200, "    priority 90\n")}


@pytest.mark.parametrize("rule", NOT_THE_PRIORITY)
def test_another_host_holds_the_address(rule: str, pairs: Pairs) -> None:
    def body(hosts: Segment, text: str, faulty: bool) -> None:
        files = pair("", text, instance(2, 150))
        says(rule, faulty, *(Files(keepalived=each) for each in files))
        with hosts.running(*files):
            hosts.wait_for_holder("lb-2" if faulty else "lb-1")
            assert hosts.stays("lb-2" if faulty else "lb-1")

    at_once(pairs, body, NOT_THE_PRIORITY[rule], instance(1, 200))


def test_equal_priorities(pairs: Pairs) -> None:
    """A warning, not an error, and in the article: `state MASTER` decides nothing, whoever has the address keeps it."""

    def body(hosts: Segment, priority: int, faulty: bool) -> None:
        head = script(lines="    weight -2\n")
        states = (instance(1, priority, "    state MASTER\n", "haproxy"), instance(2, 100, "    state BACKUP\n", "haproxy"))
        files = pair(head, *states)
        says("equal-priorities", faulty, *(Files(HAPROXY, each) for each in files))
        with hosts.running("", files[1]):
            hosts.wait_for_holder("lb-2")
            hosts.one.start_keepalived(files[0])
            if faulty:
                wait_for(hosts.one.waits_as_backup, "the first one is no backup")
                assert hosts.stays("lb-2")
            else:
                hosts.wait_for_holder("lb-1")

    at_once(pairs, body, 100, 101)


def test_unknown_state(pairs: Pairs) -> None:
    """`MASTER` means among others that nopreempt is dropped; with `Master` the host stays a backup."""

    def body(hosts: Segment, state: str, faulty: bool) -> None:
        config = GLOBALS + instance(1, lines=f"    state {state}\n    nopreempt\n")
        says("unknown-state", faulty, Files(keepalived=config))
        with hosts.running("", GLOBALS + instance(2)):
            hosts.wait_for_holder("lb-2")
            hosts.one.start_keepalived(config)
            if faulty:
                assert hosts.stays("lb-2")
            else:
                hosts.wait_for_holder("lb-1")

    at_once(pairs, body, "Master", "MASTER")


@contextmanager
def cut(host: Balancer) -> Iterator[None]:
    """The host is off the network: what its partner sees of a loss of power."""
    host.run("ip", "link", "set", "eth0", "down")
    try:
        yield
    finally:
        host.run("ip", "link", "set", "eth0", "up")


def test_fractional_interval(pairs: Pairs) -> None:
    """What version 2 makes of a third of a second, when the holder is lost."""

    def body(hosts: Segment, version: str, faulty: bool) -> float:
        files = [
            each.replace("vrrp_version 3", version) for each in pair("", *(instance(each, advert_int="0.3") for each in (1, 2)))
        ]
        says("fractional-interval", faulty, *(Files(keepalived=each) for each in files))
        with hosts.running(*files):
            hosts.wait_for_holder("lb-1")
            with cut(hosts.one):
                return elapsed(lambda: hosts.other.has(VIP))

    second, third = at_once(pairs, body, "vrrp_version 2", "vrrp_version 3")
    assert second > third + 1


def test_strict_vrrp(pairs: Pairs) -> None:
    """The holder has the address and drops whatever is sent there."""

    def body(hosts: Segment, line: str, faulty: bool) -> None:
        plain = instance(1, unicast_src_ip="", unicast_peer="")
        config = GLOBALS.replace("    script_user", f"{line}    script_user") + plain
        says("strict-vrrp", faulty, Files(keepalived=config))
        with hosts.running(config):
            hosts.wait_for_holder("lb-1")
            wait_for(lambda: answers(hosts, f"http://{MASTER}:8404/live"), "no answer at the host's own address")
            if faulty:
                assert not answers(hosts, f"http://{VIP}:8404/live")
            else:
                wait_for(lambda: answers(hosts, f"http://{VIP}:8404/live"), "no answer at the virtual IP")

    at_once(pairs, body, "    vrrp_strict\n", "")


def test_vip_is_host_address(pairs: Pairs) -> None:
    """The other host takes what is this one's own address."""

    def body(hosts: Segment, vip: str, faulty: bool) -> None:
        files = pair("", *(instance(each, 100 * each, virtual_ipaddress=f"{{\n        {vip}/24\n    }}") for each in (1, 2)))
        says("vip-is-host-address", faulty, *(Files(keepalived=each) for each in files))
        with hosts.running(*files):
            wait_for(lambda: hosts.other.has(vip), "the other host does not take it")
            assert hosts.other.has(MASTER) == faulty

    at_once(pairs, body, MASTER, VIP)


def test_lone_instance(pairs: Pairs) -> None:
    def body(hosts: Segment, other: str, faulty: bool) -> None:
        files = pair("", instance(1), other)
        says("lone-instance", faulty, *(Files(keepalived=each) for each in files))
        with hosts.running(*files):
            hosts.wait_for_holder("lb-1")
            with cut(hosts.one):
                if faulty:
                    time.sleep(SETTLE)
                    assert not hosts.other.has(VIP)
                else:
                    wait_for(lambda: hosts.other.has(VIP), "nobody took over")

    elsewhere = instance(2, virtual_router_id="99", virtual_ipaddress="{\n        10.9.0.101/24\n    }")
    at_once(pairs, body, elsewhere, instance(2))


SCRIPT = f"#!/bin/sh\nexec {CHECK}\n"


@pytest.mark.parametrize("broken", [SCRIPT.removeprefix("#!/bin/sh\n"), SCRIPT.replace("\n", "\r\n")], ids=["none", "windows"])
def test_broken_shebang(broken: str, pairs: Pairs) -> None:
    """Keepalived takes a script that it cannot start for one that succeeds."""

    def body(hosts: Segment, content: str, faulty: bool) -> None:
        files = checked_by("/run/check.sh")
        says("broken-shebang", faulty, *(Files(HAPROXY, each, content) for each in files))
        for host in (hosts.one, hosts.other):
            host.write("/run/check.sh", content)
            host.run("chmod", "755", "/run/check.sh")
        with hosts.running(*files) as haproxy:
            hosts.wait_for_holder("lb-1")
            haproxy["lb-1"].kill()
            if faulty:
                assert hosts.stays(STAYED)
            else:
                hosts.wait_for_holder(MOVED)

    at_once(pairs, body, broken, SCRIPT)


def checked_by(command: str, lines: str = "") -> Both:
    return pair(script(command, lines), instance(1, track="haproxy"), instance(2, track="haproxy"))


def test_curl_without_fail(pairs: Pairs) -> None:
    """HAProxy answers 503 to everybody: for curl that is an answer."""
    refusing = HAPROXY.replace("    monitor-uri /live\n", "    http-request return status 503\n")

    def body(hosts: Segment, command: str, faulty: bool) -> None:
        files = checked_by(command)
        says("curl-without-fail", faulty, *(Files(HAPROXY, each) for each in files))
        with hosts.running(*files) as haproxy:
            hosts.wait_for_holder("lb-1")
            # The new one listens before the old one ends.
            hosts.one.start_haproxy(refusing)
            haproxy["lb-1"].kill()
            if faulty:
                assert hosts.stays(STAYED)
            else:
                hosts.wait_for_holder(MOVED)

    at_once(pairs, body, CHECK.replace("-fs", "-s"), CHECK)


def test_request_without_deadline(pairs: Pairs) -> None:
    """HAProxy hangs; the check waits as long as Keepalived lets it (here 20 s)."""

    def body(hosts: Segment, command: str, faulty: bool) -> None:
        files = checked_by(command, "    timeout 20\n")
        says("request-without-deadline", faulty, *(Files(HAPROXY, each) for each in files))
        with hosts.running(*files) as haproxy:
            hosts.wait_for_holder("lb-1")
            haproxy["lb-1"].send_signal(signal.SIGSTOP)
            if faulty:
                time.sleep(SETTLE)
                assert hosts.stays(STAYED)
            else:
                hosts.wait_for_holder(MOVED)

    at_once(pairs, body, CHECK.replace(" -m 1", ""), CHECK)


API = """\
frontend api
    bind :6443
    mode tcp
    default_backend k8s
backend k8s
    mode tcp
    server a {}:7000
    server b 10.9.0.3:7001 disabled
"""


def test_backends_differ(pairs: Pairs) -> None:
    """After a move the clients are sent to a server that is not there."""

    def body(hosts: Segment, second: str, faulty: bool) -> None:
        configs = [HAPROXY + API.format(address) for address in ("10.9.0.3", second)]
        files = pair("", instance(1), instance(2))
        says("backends-differ", faulty, *map(Files, configs, files))
        with hosts.running(*files, haproxy=configs):
            hosts.client.start_haproxy(HAPROXY.replace(":8404", ":7000"))
            hosts.wait_for_holder("lb-1")
            wait_for(lambda: answers(hosts, f"http://{VIP}:6443/live"), "the first host leads nowhere")
            with cut(hosts.one):
                wait_for(lambda: hosts.other.has(VIP), "nobody took over")
                if faulty:
                    assert not answers(hosts, f"http://{VIP}:6443/live")
                else:
                    wait_for(lambda: answers(hosts, f"http://{VIP}:6443/live"), "the second host leads nowhere")

    at_once(pairs, body, "10.9.0.66", "10.9.0.3")


def answers(hosts: Segment, url: str) -> bool:
    return hosts.client.succeeds("curl", "-fs", "-m", "1", "-o", "/dev/null", url)
