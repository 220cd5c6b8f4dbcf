"""For each alert: series of a pair in which it fires, and a near miss in which it does not. Made-up figures, a minute apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from twinkeel.monitor.alerts.upkeep import DAY

MINUTES = 320
VIP, SERVERS = "192.168.1.110", ("master-1", "master-2", "master-3")
LB1, LB2 = "lb-1", "lb-2"
STATES = ("master", "backup", "fault", "standby", "stopped")
SERVER_STATES = ("DOWN", "UP", "MAINT", "DRAIN", "NOLB")

HEARD = "twinkeel_vrrp_advertisements_heard_total"

Series = dict[str, str]


def s(metric: str, balancer: str, cluster: str = "lab-home", **labels: str) -> str:
    every = {"cluster": cluster, "load_balancer": balancer, **labels}
    return metric + "{" + ",".join(f'{name}="{value}"' for name, value in every.items()) + "}"


def always(value: float) -> str:
    return f"{value:g}+0x{MINUTES}"


def from_minute(minute: int, before: str, after: str) -> str:
    """`before` up to a minute, then `after`; `_` is no sample, `stale` an end."""
    first = f"{before}x{minute - 1}" if before == "_" else f"{before}+0x{minute - 1}"
    return f"{first} {after}" if after in ("stale",) else f"{first} {after}+0x{MINUTES}"


def healthy(cluster: str = "lab-home") -> Series:
    """Everything is well; lb-1 holds the virtual IP."""
    found: Series = {}
    for balancer in (LB1, LB2):
        holds = balancer == LB1
        found |= {
            s("twinkeel_collected_timestamp_seconds", balancer, cluster): f"0+60x{MINUTES}",
            s("twinkeel_liveness_last_answer_timestamp_seconds", balancer, cluster): f"0+60x{MINUTES}",
            s("twinkeel_vip_held", balancer, cluster, vip=VIP): always(holds),
            s("twinkeel_haproxy_down", balancer, cluster): always(0),
            s("twinkeel_standby_requested", balancer, cluster): always(0),
            s("twinkeel_collect_failed", balancer, cluster, part="files"): always(0),
            s("haproxy_process_uptime_seconds", balancer, cluster): f"0+60x{MINUTES}",
        }
        # A holder sends one every 70 ms: 857 a minute.
        peer, rate = (LB2, 0) if holds else (LB1, 857)
        found[s(HEARD, balancer, cluster, vip=VIP, peer=peer)] = f"0+{rate}x{MINUTES}"
        found[s(HEARD, balancer, cluster, vip=VIP, peer="stranger")] = always(0)
        for what in ("vip_taken", "vip_released"):
            found[s(f"twinkeel_{what}_total", balancer, cluster, vip=VIP)] = always(0)
        for what in ("kills", "yields"):
            found[s(f"twinkeel_liveness_{what}_total", balancer, cluster)] = always(0)
        for state in STATES:
            found[s("twinkeel_vrrp_state", balancer, cluster, state=state)] = always(state == ("master" if holds else "backup"))
        for unit in ("haproxy", "keepalived", "twinkeel-liveness"):
            found[s("twinkeel_unit_active", balancer, cluster, unit=f"{unit}.service")] = always(1)
            found[s("twinkeel_files_drift", balancer, cluster, unit=unit)] = always(0)
        for kind, name in (("ca", "kubernetes"), *(("api_server", server) for server in SERVERS)):
            found[s("twinkeel_certificate_not_after_timestamp_seconds", balancer, cluster, kind=kind, name=name)] = always(
                365 * DAY
            )
        for backend in ("kubernetes-api", "service.https"):
            found[s("haproxy_backend_active_servers", balancer, cluster, proxy=backend)] = always(3)
        for frontend in ("kubernetes-endpoint", "endpoint.https", "twinkeel-metrics"):
            # The metrics' own listener may be full: it has a small limit and is nobody's way to the API.
            found[s("haproxy_frontend_current_sessions", balancer, cluster, proxy=frontend)] = always(50)
            found[s("haproxy_frontend_limit_sessions", balancer, cluster, proxy=frontend)] = always(
                50 if frontend == "twinkeel-metrics" else 8000
            )
        for server in SERVERS:
            for state in SERVER_STATES:
                found[server_status(balancer, server, state, cluster)] = always(state == "UP")
    return found


def server_status(balancer: str, server: str, state: str, cluster: str = "lab-home") -> str:
    return s("haproxy_server_status", balancer, cluster, proxy="kubernetes-api", server=server, state=state)


def in_state(balancer: str, state: str) -> Series:
    return {s("twinkeel_vrrp_state", balancer, state=each): always(each == state) for each in STATES}


def without(balancer: str) -> Series:
    """The load balancer is gone from the tenth minute on: a scrape that fails ends its series."""
    mine = {name for name in healthy() if f'load_balancer="{balancer}"' in name}
    return {name: value.split("x")[0] + "x9 stale" for name, value in healthy().items() if name in mine}


def standing_still(balancer: str) -> Series:
    """Its metrics' program died in the tenth minute; the file that it kept for node_exporter stays."""
    return {s("twinkeel_collected_timestamp_seconds", balancer): f"0+60x9 540+0x{MINUTES}"}


@dataclass(frozen=True)
class Case:
    """`fires` and `quiet` replace or add series of the healthy pair; minutes are those of the look. `alerts` are its labels."""

    fires: Series
    minute: int
    alerts: tuple[Mapping[str, str], ...]
    quiet: Series
    quiet_minute: int
    silent: tuple[str, ...] = field(default=())


def vip(**labels: str) -> dict[str, str]:
    return {"cluster": "lab-home", "vip": VIP, **labels}


def on(balancer: str, **labels: str) -> dict[str, str]:
    return {"cluster": "lab-home", "load_balancer": balancer, **labels}


def cert(days: float) -> Series:
    return {
        s("twinkeel_certificate_not_after_timestamp_seconds", balancer, kind="api_server", name="master-2"): always(days * DAY)
        for balancer in (LB1, LB2)
    }


def down(balancer: str, server: str, state: str) -> Series:
    return {server_status(balancer, server, each): always(each == state) for each in SERVER_STATES}


HELD = s("twinkeel_vip_held", LB1, vip=VIP)
HELD2 = s("twinkeel_vip_held", LB2, vip=VIP)
TAKEN1, TAKEN2 = (s("twinkeel_vip_taken_total", each, vip=VIP) for each in (LB1, LB2))
HAPROXY2 = s("haproxy_process_uptime_seconds", LB2)
DOWN2 = s("twinkeel_haproxy_down", LB2)
STANDBY2 = s("twinkeel_standby_requested", LB2)
KILLS1 = s("twinkeel_liveness_kills_total", LB1)
HEARD1 = s("twinkeel_liveness_last_answer_timestamp_seconds", LB1)
CLOCK1 = s("twinkeel_collected_timestamp_seconds", LB1)
SESSIONS1 = s("haproxy_frontend_current_sessions", LB1, proxy="kubernetes-endpoint")

CASES: Mapping[str, Case] = {
    # It moves within a minute in the near miss: a scrape may see it nowhere.
    "TwinkeelVipWithoutHolder": Case(
        {HELD: from_minute(10, "1", "0")},
        12,
        (vip(),),
        {HELD: from_minute(10, "1", "0"), HELD2: from_minute(11, "0", "1")},
        12,
    ),
    # The holder is gone, and nobody took over; in the near miss somebody did.
    "TwinkeelVipHolderUnknown": Case(
        without(LB1), 12, (vip(),), {**without(LB1), HELD2: from_minute(10, "0", "1"), **in_state(LB2, "master")}, 12
    ),
    "TwinkeelAllSilent": Case({**without(LB1), **without(LB2)}, 13, ({"cluster": "lab-home"},), without(LB1), 13),
    # In the near miss the first one is dead and its file still says that it holds the address.
    "TwinkeelVipTwoHolders": Case(
        {HELD2: from_minute(10, "0", "1")},
        12,
        (vip(),),
        {HELD2: from_minute(14, "0", "1"), **standing_still(LB1)},
        16,
    ),
    "TwinkeelNoStandby": Case(in_state(LB2, "fault"), 12, ({"cluster": "lab-home"},), in_state(LB2, "fault"), 4),
    # One in ten is missing in the near miss.
    "TwinkeelAdvertisementsMissing": Case(
        {s(HEARD, LB2, vip=VIP, peer=LB1): f"0+600x{MINUTES}"},
        12,
        (on(LB2, vip=VIP),),
        {s(HEARD, LB2, vip=VIP, peer=LB1): f"0+770x{MINUTES}"},
        12,
    ),
    # A VRRP router that was heard an hour ago, and is gone.
    "TwinkeelStrangerAdvertises": Case(
        {s(HEARD, LB2, vip=VIP, peer="stranger"): "0+0x10 1+0x300"},
        12,
        (on(LB2, vip=VIP),),
        {s(HEARD, LB2, vip=VIP, peer="stranger"): "0+0x10 1+0x300"},
        70,
    ),
    # An apply moves it away and back.
    "TwinkeelVipMovesTooOften": Case(
        {TAKEN1: "0+0x20 1 2+0x300", TAKEN2: "0+0x20 1 2 3+0x300"},
        30,
        (vip(),),
        {TAKEN1: "0+0x20 1+0x300", TAKEN2: "0+0x20 1+0x300"},
        30,
    ),
    # The near miss: alive, and one scrape was missed.
    "TwinkeelLoadBalancerSilent": Case(
        without(LB2), 13, (on(LB2),), {CLOCK1: "0+60x9 _ 660+60x300"}, 13, silent=("a file that nobody keeps",)
    ),
    "TwinkeelHaproxyDown": Case({DOWN2: from_minute(10, "0", "1")}, 13, (on(LB2),), {DOWN2: "0+0x9 1 1 0+0x300"}, 13),
    "TwinkeelUnitNotRunning": Case(
        {s("twinkeel_unit_active", LB2, unit="keepalived.service"): from_minute(10, "1", "0")},
        13,
        (on(LB2, unit="keepalived.service"),),
        {s("twinkeel_unit_active", LB2, unit="haproxy.service"): from_minute(10, "1", "0")},
        13,
    ),
    "TwinkeelHeldInStandby": Case({STANDBY2: from_minute(10, "0", "1")}, 42, (on(LB2),), {STANDBY2: "0+0x9 1+0x20 0+0x300"}, 42),
    "TwinkeelHaproxyKilled": Case({KILLS1: from_minute(10, "0", "1")}, 15, (on(LB1),), {KILLS1: from_minute(10, "0", "1")}, 80),
    "TwinkeelWatchdogSilent": Case({HEARD1: f"0+60x9 540+0x{MINUTES}"}, 14, (on(LB1),), {HEARD1: f"-30+60x{MINUTES}"}, 14),
    # HAProxy is down: another alert says so.
    "TwinkeelHaproxyNotScraped": Case(
        {HAPROXY2: "0+60x9 stale"}, 16, (on(LB2),), {HAPROXY2: "0+60x9 stale", DOWN2: from_minute(10, "0", "1")}, 16
    ),
    "TwinkeelClockOff": Case({CLOCK1: f"-400+60x{MINUTES}"}, 15, (on(LB1),), {CLOCK1: f"-200+60x{MINUTES}"}, 15),
    "TwinkeelCollectFails": Case(
        {s("twinkeel_collect_failed", LB1, part="files"): from_minute(10, "0", "1")},
        195,
        (on(LB1, part="files"),),
        {s("twinkeel_collect_failed", LB1, part="files"): "0+0x9 1+0x120 0+0x180"},
        195,
    ),
    "TwinkeelNoApiServer": Case(
        {s("haproxy_backend_active_servers", LB2, proxy="kubernetes-api"): from_minute(10, "3", "0")},
        12,
        (on(LB2, proxy="kubernetes-api"),),
        {s("haproxy_backend_active_servers", LB2, proxy="kubernetes-api"): from_minute(10, "3", "1")},
        12,
    ),
    "TwinkeelApiServerDown": Case(
        {**down(LB1, "master-2", "DOWN"), **down(LB2, "master-2", "DOWN")},
        12,
        ({"cluster": "lab-home", "server": "master-2"},),
        down(LB1, "master-2", "DRAIN"),
        12,
    ),
    "TwinkeelApiServerDrained": Case(
        {**down(LB1, "master-3", "MAINT"), **down(LB1, "master-1", "DRAIN")},
        245,
        tuple({"cluster": "lab-home", "server": server} for server in ("master-1", "master-3")),
        down(LB1, "master-3", "MAINT"),
        230,
    ),
    "TwinkeelServiceWithoutServer": Case(
        {s("haproxy_backend_active_servers", LB1, proxy="service.https"): always(0)},
        12,
        (on(LB1, proxy="service.https"),),
        {s("haproxy_backend_active_servers", LB1, proxy="kubernetes-api"): always(0)},
        12,
    ),
    "TwinkeelConnectionsNearLimit": Case(
        {SESSIONS1: always(6500)}, 12, (on(LB1, proxy="kubernetes-endpoint"),), {SESSIONS1: always(6400)}, 12
    ),
    "TwinkeelFilesDrift": Case(
        {s("twinkeel_files_drift", LB2, unit="haproxy"): from_minute(10, "0", "1")},
        27,
        (on(LB2, unit="haproxy"),),
        # An apply is at work.
        {s("twinkeel_files_drift", LB2, unit="haproxy"): "0+0x9 1+0x3 0+0x300"},
        27,
    ),
    "TwinkeelCertificateExpiresSoon": Case(
        cert(29), 75, ({"cluster": "lab-home", "kind": "api_server", "name": "master-2"},), cert(31), 75
    ),
    "TwinkeelCertificateExpiresNow": Case(
        cert(6.9), 15, ({"cluster": "lab-home", "kind": "api_server", "name": "master-2"},), cert(7.1), 15
    ),
}
