"""Where one load balancer holds a virtual IP: who, since when, who hears whom."""

from twinkeel.monitor.alert import with_holder
from twinkeel.monitor.panels.panel import Panel, Query
from twinkeel.monitor.panels.queries import RATE, of, state_number

STATES = {5: ("MASTER", "green"), 4: ("BACKUP", "blue"), 3: ("STANDBY", "yellow"), 2: ("FAULT", "red"), 1: ("STOPPED", "dark-red")}
"""A state as a number, so that one series a load balancer can be drawn; 0 is none."""

HELD = (
    Panel(
        "State",
        "state-timeline",
        12,
        (Query(state_number("twinkeel_vrrp_state", STATES), "{{load_balancer}}"),),
        "Each load balancer's state, as `twinkeel status` calls it.",
        texts=STATES,
        applies=with_holder,
    ),
    Panel(
        "Holder",
        "state-timeline",
        12,
        (Query(of("twinkeel_vip_held"), "{{vip}} {{load_balancer}}"),),
        "Which load balancer had which virtual IP.",
        texts={1: ("holds", "green"), 0: ("-", "transparent")},
        applies=with_holder,
    ),
    Panel(
        "Moves",
        "timeseries",
        12,
        (
            Query(
                lambda subject: f"round(sum by (vip, load_balancer) (increase(twinkeel_vip_taken_total{{{subject.of}}}[{RATE}])))",
                "{{vip}} to {{load_balancer}}",
            ),
        ),
        "How often a virtual IP came to a load balancer.",
        applies=with_holder,
    ),
    Panel(
        "Advertisements heard",
        "timeseries",
        12,
        (
            Query(
                lambda subject: (
                    f"sum by (load_balancer, vip, peer) (rate(twinkeel_vrrp_advertisements_heard_total{{{subject.of}}}[{RATE}]))"
                ),
                "{{vip}}: {{load_balancer}} hears {{peer}}",
            ),
        ),
        "A second. A holder hears nobody; everyone else hears the holder, as often as `failover.advert_interval` says.",
        applies=with_holder,
    ),
)
