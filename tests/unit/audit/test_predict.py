"""Predictions where weights, preemption and missing files decide."""

from dataclasses import replace

import pytest

from twinkeel.audit.audit import audit
from twinkeel.audit.examples import example_pair
from twinkeel.audit.ours import default_outcomes
from twinkeel.audit.outcome import Outcome
from twinkeel.audit.pair import Pair
from twinkeel.audit.predict import API_FAULTS, FAULTS, predict
from twinkeel.audit.rule import Example
from twinkeel.faults.reactions import NONE

SCRIPT = 'vrrp_script haproxy {{\n    script "{command}"\n    interval 2\n    fall 2\n    weight {weight}\n}}\n'
INSTANCE = """\
vrrp_instance api {{
    state BACKUP
    {extra}
    interface eth0
    virtual_router_id 71
    priority {priority}
    virtual_ipaddress {{
        192.168.1.110/24
    }}
    track_script {{
        haproxy
    }}
}}
"""
PGREP = "/usr/bin/pgrep -x haproxy"
CURL = "/usr/bin/curl -fs -m 1 http://127.0.0.1:8404/live"


def pair_of(weight: int, *priorities: int, command: str = PGREP, extra: str = "") -> dict[str, Outcome]:
    texts = [SCRIPT.format(command=command, weight=weight) + INSTANCE.format(priority=each, extra=extra) for each in priorities]
    example = Example(keepalived=texts[0], peer_keepalived=texts[1] if len(texts) > 1 else "")
    return {each.fault: each for each in predict(example_pair(example))}


def downtime(outcome: Outcome) -> tuple[float, float]:
    assert outcome.downtime is not None, outcome
    return round(outcome.downtime.low, 2), round(outcome.downtime.high, 2)


def test_without_weight_the_holder_resigns() -> None:
    # Two checks of 2 s, then the skew of priority 100: 0.61 s; a script takes up to 0.1 s, a reaction up to 0.05 s.
    assert downtime(pair_of(0, 101, 100)["haproxy-kill"]) == (2.61, 4.76)


def test_with_a_weight_the_backup_waits_for_its_timer() -> None:
    assert downtime(pair_of(-2, 101, 100)["haproxy-kill"]) == (4.61, 7.76)


def test_preempt_delay_comes_on_top() -> None:
    assert downtime(pair_of(-2, 101, 100, extra="preempt_delay 30")["haproxy-kill"]) == (34.61, 37.76)


@pytest.mark.parametrize(
    ("weight", "priorities", "extra"),
    [(-2, (110, 100), ""), (2, (110, 100), ""), (-20, (101, 100), "nopreempt"), (-1, (101, 100), "")],
)
def test_it_does_not_heal(weight: int, priorities: tuple[int, int], extra: str) -> None:
    assert pair_of(weight, *priorities, extra=extra)["haproxy-kill"].end == "never"


def test_a_bonus_moves_it_too() -> None:
    # As OpenShift has it: 40 + 20 on both, the failed one has 40.
    assert downtime(pair_of(20, 40, 40)["haproxy-kill"])[0] == pytest.approx(2 + 2 + (256 - 60) / 256, abs=0.01)


def test_a_hang_is_noticed_by_a_request_alone() -> None:
    assert pair_of(0, 101, 100)["haproxy-hang"].end == "never"
    assert downtime(pair_of(0, 101, 100, command=CURL)["haproxy-hang"]) == (3.61, 5.66)


def test_a_script_that_is_not_here_is_said_to_be_not_known() -> None:
    outcomes = pair_of(0, 101, 100, command="/etc/keepalived/check.sh")
    assert outcomes["haproxy-hang"].end == "unknown"
    assert "its script is not here" in outcomes["haproxy-kill"].effect


def test_of_one_host_the_partner_has_the_same() -> None:
    assert downtime(pair_of(0, 101)["power-loss"]) == downtime(pair_of(0, 101, 101)["power-loss"])


def test_a_request_longer_than_the_interval_delays_the_next_one() -> None:
    # Checks of 3 s every 2 s: the next one begins after 4 s. But Keepalived's own limit is the interval, 2 s.
    slow = downtime(pair_of(0, 101, 100, command=CURL.replace("-m 1", "-m 3"))["haproxy-hang"])
    assert slow == (4.61, 6.66)


def test_a_backend_without_checks_does_not_heal() -> None:
    text = "backend kubernetes\n    server a 10.0.0.1:6443 check\n    server b 10.0.0.2:6443\n"
    outcomes = {each.fault: each for each in predict(example_pair(Example(haproxy=text)))}
    assert {outcomes[fault].end for fault in API_FAULTS if fault != "api-server-kill"} == {"never"}
    assert set(outcomes) == set(API_FAULTS)


def test_the_default_pair_has_every_fault() -> None:
    ours = default_outcomes()
    assert set(ours) == {*FAULTS, *API_FAULTS}
    assert all(each.end == "heals" for each in ours.values())


def test_a_pair_without_faults_has_no_finding_for_them() -> None:
    text = SCRIPT.format(command=PGREP, weight=-2) + INSTANCE.format(priority=101, extra="")
    peer = SCRIPT.format(command=PGREP, weight=-2) + INSTANCE.format(priority=100, extra="")
    names = {each.rule.name for each in audit(example_pair(Example(keepalived=text, peer_keepalived=peer))).found}
    assert not names & {"weight-too-small", "nopreempt-with-weight", "peers-disagree"}


def test_the_death_of_the_vrrp_part_costs_the_timer() -> None:
    outcomes = pair_of(0, 101, 100)
    assert downtime(outcomes["keepalived-kill"]) == (0.0, 0.05)
    assert downtime(outcomes["vrrp-process-kill"]) == (2.61, 3.66)
    assert downtime(pair_of(0, 255, 100)["vrrp-process-kill"]) == (0.0, 0.05)


@pytest.mark.parametrize(("version", "seconds"), [(3, (0.53, 0.75)), (2, (2.65, 3.67))])
def test_in_version_3_a_backup_counts_with_the_holders_interval(version: int, seconds: tuple[float, float]) -> None:
    globals_ = f"global_defs {{\n    vrrp_version {version}\n}}\n"
    texts = [
        globals_ + SCRIPT.format(command=PGREP, weight=0) + INSTANCE.format(priority=priority, extra=f"advert_int {interval}")
        for priority, interval in ((100, 0.2), (90, 0.5))
    ]
    outcomes = predict(example_pair(Example(keepalived=texts[0], peer_keepalived=texts[1])))
    assert downtime(outcomes[0]) == seconds


@pytest.mark.parametrize("extra", ["", "nopreempt"])
def test_a_script_that_stops_keepalived_moves_the_address_whatever_its_weight(extra: str) -> None:
    text = SCRIPT.format(command="/etc/keepalived/check.sh", weight=-2)
    first, second = (text + INSTANCE.format(priority=each, extra=extra) for each in (120, 100))
    script = "#!/bin/sh\npidof haproxy || { sleep 1; systemctl stop keepalived; exit 1; }\n"
    found = {each.fault: each for each in predict(_with_script(first, second, script))}
    # The first run of 2 s, its pause, then the skew of priority 100; with nopreempt either host may be the backup.
    assert downtime(found["haproxy-kill"]) == (0.53 if extra else 0.61, 3.76)
    assert found["haproxy-hang"].end == "never"


def _with_script(first: str, second: str, script: str) -> Pair:
    pair = example_pair(Example(keepalived=first, peer_keepalived=second, script=script))
    return Pair(tuple(replace(host, scripts=pair.hosts[0].scripts) for host in pair.hosts))


def api_faults(backend: str) -> dict[str, Outcome]:
    return {each.fault: each for each in predict(example_pair(Example(haproxy=f"backend kubernetes\n{backend}")))}


@pytest.mark.parametrize("number", ["3", "2-4"])
def test_a_template_is_as_many_servers_as_it_says(number: str) -> None:
    found = api_faults(f"    server-template m {number} api.example.com:6443 check\n")["api-server-kill"]
    assert found.end == "heals"
    assert "1 new connection in 3 " in found.effect


def test_servers_that_get_no_connections_have_no_share() -> None:
    servers = "".join(f"    server m{each} 10.0.0.{each}:6443 check {extra}\n" for each, extra in enumerate(SPARE, 1))
    found = api_faults(servers)["api-server-kill"]
    assert "1 new connection in 2 " in found.effect


SPARE = ("", "", "backup", "disabled")


def test_a_backup_is_used_when_the_only_server_is_down() -> None:
    found = api_faults("    server a 10.0.0.1:6443 check\n    server b 10.0.0.2:6443 check backup\n")["api-server-kill"]
    assert downtime(found) == (4.0, 6.0)
    assert found.degraded is None
    assert "b is used" in found.effect


def test_a_disabled_server_is_no_second_one() -> None:
    found = api_faults("    server a 10.0.0.1:6443 check\n    server b 10.0.0.2:6443 check disabled\n")["api-server-kill"]
    assert found.end == "never"


def test_a_refused_connection_goes_elsewhere_without_any_check() -> None:
    servers = "    server a 10.0.0.1:6443\n    server b 10.0.0.2:6443\n"
    found = api_faults(servers)
    assert (found["api-server-kill"].end, found["api-server-kill"].downtime) == ("heals", NONE)
    assert "at once" in found["api-server-kill"].effect
    assert found["control-plane-power-loss"].end == "never"
    assert "after its retries" in api_faults(f"    option redispatch\n{servers}")["api-server-kill"].effect
    assert api_faults(f"    no option redispatch\n{servers}")["api-server-kill"].end == "never"


@pytest.mark.parametrize(
    ("option", "parameters", "end"),
    [
        ("", "check check-ssl verify none", "heals"),
        ("option tcp-check\n    tcp-check connect ssl\n", "check", "heals"),
        ("tcp-check connect ssl\n", "check", "never"),
        ("option tcp-check\n", "check", "never"),
    ],
)
def test_a_hung_api_server_finishes_no_tls_handshake(option: str, parameters: str, end: str) -> None:
    servers = "".join(f"    server m{each} 10.0.0.{each}:6443 {parameters}\n" for each in (1, 2))
    assert api_faults(f"    {option}\n{servers}")["api-server-hang"].end == end


@pytest.mark.parametrize(
    ("script", "haproxy_kill"), [("#!/bin/sh\nexec {}\n", "heals"), ("exec {}\n", "never"), ("#!/bin/sh\r\nexec {}\r\n", "never")]
)
def test_a_script_that_cannot_start_notices_nothing(script: str, haproxy_kill: str) -> None:
    text = SCRIPT.format(command="/etc/keepalived/check.sh", weight=0) + INSTANCE.format(priority=100, extra="")
    outcomes = {each.fault: each for each in predict(example_pair(Example(keepalived=text, script=script.format(CURL))))}
    assert outcomes["haproxy-kill"].end == haproxy_kill
    assert outcomes["haproxy-hang"].end == haproxy_kill


@pytest.mark.parametrize(("user", "assumes"), [("", True), ("    script_user nobody\n", False)])
def test_a_script_without_a_user_may_be_switched_off(user: str, assumes: bool) -> None:
    text = SCRIPT.format(command=CURL, weight=0) + INSTANCE.format(priority=100, extra="")
    given = f"global_defs {{\n    enable_script_security\n{user}}}\n{text}"
    outcomes = {each.fault: each for each in predict(example_pair(Example(keepalived=given)))}
    assert ("keepalived_script" in outcomes["haproxy-kill"].effect) == assumes


GROUP = """\
vrrp_sync_group both {{
    group {{
        api
        ingress
    }}
    {lines}
}}
vrrp_instance ingress {{
    interface eth0
    virtual_router_id 72
    priority {priority}
    virtual_ipaddress {{
        192.168.1.120/24
    }}
    {tracks}
}}
"""
TRACKS = "track_script {\n        haproxy\n    }"


def grouped(weight: int, *, api: bool = True, ingress: str = "", lines: str = "") -> dict[str, Outcome]:
    """Two instances in one sync group; `api` tracks the script where it is said to, `ingress` where it is given a block."""
    texts = []
    for priority in (110, 100):
        own = INSTANCE.format(priority=priority, extra="")
        text = SCRIPT.format(command=PGREP, weight=weight) + (own if api else own.replace(TRACKS, ""))
        texts.append(text + GROUP.format(priority=priority, tracks=ingress, lines=lines))
    return {each.fault: each for each in predict(example_pair(Example(keepalived=texts[0], peer_keepalived=texts[1])))}


def test_a_member_of_a_sync_group_has_no_weighted_check() -> None:
    outcome = grouped(-20)["haproxy-kill"]
    assert outcome.end == "never"
    assert "ignores the weighted check of a member of a sync group" in outcome.effect
    assert grouped(-20, lines="sync_group_tracking_weight", ingress=TRACKS)["haproxy-kill"].end == "heals"


def test_each_member_moves_with_what_another_one_tracks() -> None:
    assert grouped(0, api=False, ingress=TRACKS)["haproxy-kill"].end == "heals"
    assert grouped(0, api=False)["haproxy-kill"].end == "never"


def test_what_the_group_tracks_keeps_its_weight() -> None:
    by_group = grouped(-20, api=False, lines=TRACKS)["haproxy-kill"]
    assert downtime(by_group) == downtime(pair_of(-20, 110, 100)["haproxy-kill"])
