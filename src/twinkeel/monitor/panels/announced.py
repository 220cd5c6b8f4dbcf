"""Where all load balancers announce the virtual IPs: to whom, and why not."""

from twinkeel.monitor.alert import announced, with_bfd
from twinkeel.monitor.panels.panel import Panel, Query
from twinkeel.monitor.panels.queries import increase, of, state_number

ANNOUNCER_STATES = {
    5: ("ANNOUNCING", "green"),
    4: ("WAITING", "blue"),
    3: ("STANDBY", "yellow"),
    2: ("FAULT", "red"),
    1: ("STOPPED", "dark-red"),
}

ANNOUNCED = (
    Panel(
        "State",
        "state-timeline",
        12,
        (Query(state_number("twinkeel_announcer_state", ANNOUNCER_STATES), "{{load_balancer}}"),),
        "Each load balancer's state, as `twinkeel status` calls it.",
        texts=ANNOUNCER_STATES,
        applies=announced,
    ),
    Panel(
        "Announced",
        "state-timeline",
        12,
        (Query(of("twinkeel_vip_announced"), "{{vip}} {{load_balancer}}"),),
        "Which load balancer announced which virtual IP.",
        texts={1: ("announced", "green"), 0: ("-", "transparent")},
        applies=announced,
    ),
    Panel(
        "BGP sessions",
        "state-timeline",
        12,
        (Query(of("twinkeel_bgp_session_up"), "{{load_balancer}} {{router}}"),),
        "Each load balancer's session with each router.",
        texts={1: ("established", "green"), 0: ("down", "red")},
        applies=announced,
    ),
    Panel(
        "BFD",
        "state-timeline",
        12,
        (Query(of("twinkeel_bfd_session_up"), "{{load_balancer}} {{router}}"),),
        "Whether a loss would be noticed in a fraction of a second.",
        texts={1: ("up", "green"), 0: ("down", "red")},
        applies=with_bfd,
    ),
    Panel(
        "Sessions lost",
        "timeseries",
        12,
        (Query(increase("twinkeel_bgp_session_dropped_total"), "{{load_balancer}} {{router}}"),),
        "How often a session was lost. Each time the router spreads established connections anew.",
        applies=announced,
    ),
    Panel(
        "Why",
        "table",
        12,
        (Query(lambda subject: f"max by (load_balancer, reason) (twinkeel_announcer_info{{{subject.of}}})"),),
        "Why each load balancer announces, or does not.",
        applies=announced,
    ),
    Panel(
        "Returns and withdrawals",
        "timeseries",
        12,
        (
            Query(increase("twinkeel_vip_taken_total"), "{{load_balancer}} announces {{vip}}"),
            Query(increase("twinkeel_announcer_withdrawals_total"), "{{load_balancer}} withdraws, as something failed"),
        ),
        "How often a virtual IP came to a load balancer, and how often a failure took it away.",
        applies=announced,
    ),
)
