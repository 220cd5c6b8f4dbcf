"""As `alert_cases`, for two load balancers that announce the virtual IP by BGP to two routers."""

from collections.abc import Mapping

from alert_cases import LB1, LB2, VIP, Case, Series, always, from_minute, healthy, on, s, vip

from twinkeel.monitor.subject import Subject

ANNOUNCING = Subject("lab-home", (LB1, LB2), haproxy=True, services=True, bgp=True, bfd=True, return_delay=120.0)
ROUTERS = ("192.168.1.1", "192.168.1.2")
STATES = ("announcing", "waiting", "standby", "fault", "stopped")
OF_VRRP = ("twinkeel_vrrp", "twinkeel_vip_held", 'unit="keepalived')


def healthy_announcers(cluster: str = "lab-home") -> Series:
    """Everything is well; both announce."""
    found = {name: values for name, values in healthy(cluster).items() if not any(word in name for word in OF_VRRP)}
    for balancer in (LB1, LB2):
        found |= {
            s("twinkeel_vip_held", balancer, cluster, vip=VIP): always(1),
            s("twinkeel_vip_announced", balancer, cluster, vip=VIP): always(1),
            s("twinkeel_announcer_withdrawals_total", balancer, cluster): always(0),
        }
        for state in STATES:
            found[s("twinkeel_announcer_state", balancer, cluster, state=state)] = always(state == "announcing")
        for unit in ("frr", "twinkeel-announce"):
            found[s("twinkeel_unit_active", balancer, cluster, unit=f"{unit}.service")] = always(1)
        for router in ROUTERS:
            for name, value in {
                "bgp_session_up": 1,
                "bfd_session_up": 1,
                "bgp_routes_sent": 1,
                "bgp_session_dropped_total": 0,
            }.items():
                found[s(f"twinkeel_{name}", balancer, cluster, router=router)] = always(value)
    return found


def gone(balancer: str) -> Series:
    """The load balancer is gone from the tenth minute on."""
    mine = {name: values for name, values in healthy_announcers().items() if f'load_balancer="{balancer}"' in name}
    return {name: value.split("x")[0] + "x9 stale" for name, value in mine.items()}


def withdrawn(*balancers: str, state: str = "fault", minute: int = 10) -> Series:
    """They withdraw in that minute."""
    found: Series = {}
    for balancer in balancers:
        for metric in ("twinkeel_vip_held", "twinkeel_vip_announced"):
            found[s(metric, balancer, vip=VIP)] = from_minute(minute, "1", "0")
        found[s("twinkeel_announcer_state", balancer, state="announcing")] = from_minute(minute, "1", "0")
        found[s("twinkeel_announcer_state", balancer, state=state)] = from_minute(minute, "0", "1")
    return found


ANNOUNCED1 = s("twinkeel_vip_announced", LB1, vip=VIP)
ANNOUNCED2 = s("twinkeel_vip_announced", LB2, vip=VIP)
HELD2 = s("twinkeel_vip_held", LB2, vip=VIP)
DOWN2 = s("twinkeel_haproxy_down", LB2)
UP2 = s("twinkeel_bgp_session_up", LB2, router=ROUTERS[1])
BFD2 = s("twinkeel_bfd_session_up", LB2, router=ROUTERS[1])
DROPPED2 = s("twinkeel_bgp_session_dropped_total", LB2, router=ROUTERS[1])
TAKEN2 = s("twinkeel_vip_taken_total", LB2, vip=VIP)

ANNOUNCER_CASES: Mapping[str, Case] = {
    # In the near miss one of the two is back within a minute.
    "TwinkeelVipNotAnnounced": Case(withdrawn(LB1, LB2), 12, (vip(),), {**withdrawn(LB1, LB2), ANNOUNCED1: "1+0x9 0 1+0x300"}, 12),
    # One is silent, and the other one had to withdraw; in the near miss it announces.
    "TwinkeelAnnouncerUnknown": Case({**gone(LB1), **withdrawn(LB2)}, 12, (vip(),), gone(LB1), 12),
    "TwinkeelOneAnnouncer": Case(withdrawn(LB2), 16, (vip(),), withdrawn(LB2), 12),
    # In the near miss it has withdrawn.
    "TwinkeelVipNotHeard": Case({ANNOUNCED2: from_minute(10, "1", "0")}, 13, (on(LB2, vip=VIP),), withdrawn(LB2), 13),
    # Twelve minutes of silence and five of patience; in the near miss it was told to stand aside, in the fourth minute of that.
    "TwinkeelAnnouncesNothing": Case(
        withdrawn(LB2),
        28,
        (on(LB2, state="announcing"),),
        {**withdrawn(LB2), s("twinkeel_standby_requested", LB2): from_minute(14, "0", "1")},
        28,
    ),
    # In the near miss the address is there, and no router was told of it.
    "TwinkeelAnnouncedWhileDown": Case(
        {DOWN2: from_minute(10, "0", "1")},
        12,
        (on(LB2, vip=VIP),),
        {DOWN2: from_minute(10, "0", "1"), ANNOUNCED2: from_minute(10, "1", "0")},
        12,
    ),
    # A session that is there again within two minutes.
    "TwinkeelBgpSessionDown": Case(
        {UP2: from_minute(10, "1", "0")}, 13, (on(LB2, router=ROUTERS[1]),), {UP2: "1+0x9 0 0 1+0x300"}, 13
    ),
    # In the near miss the session is down, too: another alert says so.
    "TwinkeelBfdDown": Case(
        {BFD2: from_minute(10, "1", "0")},
        13,
        (on(LB2, router=ROUTERS[1]),),
        {BFD2: from_minute(10, "1", "0"), UP2: from_minute(10, "1", "0")},
        13,
    ),
    "TwinkeelBgpSessionFlaps": Case(
        {DROPPED2: "0+0x20 1 2 3 4+0x300"}, 30, (on(LB2, router=ROUTERS[1]),), {DROPPED2: "0+0x20 1 2+0x300"}, 30
    ),
    # An apply withdraws and comes back.
    "TwinkeelAnnouncerFlaps": Case({TAKEN2: "0+0x20 1 2 3 4+0x300"}, 30, (on(LB2, vip=VIP),), {TAKEN2: "0+0x20 1 2+0x300"}, 30),
}

MORE_NEAR_MISSES: Mapping[str, tuple[Series, int]] = {
    # HAProxy is down: another alert says so.
    "TwinkeelAnnouncesNothing": ({**withdrawn(LB2), DOWN2: from_minute(10, "0", "1")}, 28),
}
