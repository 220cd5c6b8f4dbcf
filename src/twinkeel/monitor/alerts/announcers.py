"""Alerts about virtual IPs that load balancers announce by BGP: who does, and whether routers hear it."""

from twinkeel.monitor.alert import Alert, announced, announced_by_several, with_bfd
from twinkeel.monitor.records import ANNOUNCERS as COUNTED
from twinkeel.monitor.records import REPORTING_SUM, of_those_that_report
from twinkeel.monitor.subject import Subject

CHANGES_AN_HOUR = 3
"""More returns or lost sessions than these in an hour are too many: an apply withdraws once or twice."""

PATIENCE = 600
"""Seconds beyond `return_delay` after which a load balancer that is well must have announced."""

ON = "on (cluster, load_balancer)"


def _nobody(subject: Subject, reporting: str) -> str:
    everyone = f"{REPORTING_SUM}{{{subject.of}}} {reporting} {len(subject.load_balancers)}"
    return f"{COUNTED}{{{subject.of}}} == 0 and on (cluster) {everyone}"


def _not_back(subject: Subject) -> str:
    window = f"{round(subject.return_delay) + PATIENCE}s"
    silent = f'max_over_time(twinkeel_announcer_state{{{subject.of},state="announcing"}}[{window}]) == 0'
    well = f"{ON} (twinkeel_haproxy_down{{{subject.of}}} == 0)"
    asked = f"{ON} (twinkeel_standby_requested{{{subject.of}}} == 1)"
    return of_those_that_report(f"{silent} and {well} unless {asked}", subject)


def _not_heard(subject: Subject) -> str:
    held = f"twinkeel_vip_held{{{subject.of}}} == 1"
    unheard = f"on (cluster, load_balancer, vip) twinkeel_vip_announced{{{subject.of}}} == 0"
    return of_those_that_report(f"{held} and {unheard}", subject)


def _announced_while_down(subject: Subject) -> str:
    down = f"{ON} twinkeel_haproxy_down{{{subject.of}}} == 1"
    return of_those_that_report(f"twinkeel_vip_announced{{{subject.of}}} == 1 and {down}", subject)


def _bfd_down(subject: Subject) -> str:
    up = f"on (cluster, load_balancer, router) twinkeel_bgp_session_up{{{subject.of}}} == 1"
    return of_those_that_report(f"twinkeel_bfd_session_up{{{subject.of}}} == 0 and {up}", subject)


ANNOUNCERS = (
    Alert(
        "TwinkeelVipNotAnnounced",
        "critical",
        "1m",
        lambda subject: _nobody(subject, "=="),
        "{{ $labels.cluster }}: nobody announces {{ $labels.vip }}",
        "Every load balancer answers, and routers have no route to {{ $labels.vip }}: clients of the Kubernetes API get no answer.",
        "No load balancer has the address and a session in which the route was sent. Each of them believes that it must not "
        "announce (HAProxy down, no API server, told to stand aside), or FRR has no session with any router.",
        (
            "`twinkeel status` shows each one's state with the reason, and its sessions.",
            "FAULT: `systemctl status haproxy twinkeel-liveness`; no API server is up: etcd and the API servers first.",
            "STANDBY on all: `twinkeel undrain` one of them. STOPPED: `systemctl start frr twinkeel-announce` there.",
            "ANNOUNCING, and no session: see TwinkeelBgpSessionDown.",
        ),
        announced,
    ),
    Alert(
        "TwinkeelAnnouncerUnknown",
        "critical",
        "1m",
        lambda subject: _nobody(subject, "<"),
        "{{ $labels.cluster }}: no load balancer that answers announces {{ $labels.vip }}",
        "Some load balancers do not tell of themselves, and none of the others announces {{ $labels.vip }}: it may be lost.",
        "Either a silent one still announces, and only its metrics cannot be read, or it is gone, and the others must not.",
        (
            "`kubectl get --raw /readyz` through the virtual IP: if that answers, see TwinkeelLoadBalancerSilent.",
            "Otherwise `twinkeel status`: why do the others not announce? Go on as for TwinkeelVipNotAnnounced.",
        ),
        announced_by_several,
    ),
    Alert(
        "TwinkeelOneAnnouncer",
        "warning",
        "5m",
        lambda subject: f"{COUNTED}{{{subject.of}}} == 1",
        "{{ $labels.cluster }}: one load balancer alone announces {{ $labels.vip }}",
        "Of {{ $labels.vip }} one route is left: the loss of that load balancer takes the Kubernetes API down.",
        "All works, and the next fault is an outage. A load balancer counts when it reports, has the address, and has a session "
        "in which the route was sent.",
        (
            "`twinkeel status` names those that do not announce, and why.",
            "They are usually told by a second alert: TwinkeelHaproxyDown, TwinkeelBgpSessionDown, TwinkeelAnnouncesNothing, "
            "TwinkeelHeldInStandby or TwinkeelLoadBalancerSilent.",
        ),
        announced_by_several,
    ),
    Alert(
        "TwinkeelVipNotHeard",
        "warning",
        "2m",
        _not_heard,
        "{{ $labels.cluster }}: no router is told of {{ $labels.vip }} by {{ $labels.load_balancer }}",
        "{{ $labels.load_balancer }} has {{ $labels.vip }}, and no router of its kind was sent the route: it gets no clients.",
        "FRR does not run, has no session, or has one in which its filter or the missing address keeps the route back.",
        (
            "`systemctl status frr` there, `vtysh -c 'show bgp summary'`: is a session Established, and PfxSnt 1 or more?",
            "Established and 0: `vtysh -c 'show bgp ipv4 unicast'`; is the address on `lo`? `twinkeel plan`: was frr.conf changed?",
        ),
        announced,
    ),
    Alert(
        "TwinkeelAnnouncesNothing",
        "warning",
        "5m",
        _not_back,
        "{{ $labels.cluster }}: {{ $labels.load_balancer }} has announced nothing for long",
        "HAProxy runs on {{ $labels.load_balancer }}, nobody told it to stand aside, and it has not announced for ten minutes more "
        "than `return_delay`.",
        "It has no API server, or it fails again and again before the delay is over: then it begins anew.",
        (
            "`twinkeel status` says why; `journalctl -u twinkeel-announce --since -1h` has each change.",
            "No API server is up: that load balancer's network to them.",
            "It is well, and only waits: `twinkeel undrain` ends that.",
        ),
        announced,
    ),
    Alert(
        "TwinkeelAnnouncedWhileDown",
        "critical",
        "1m",
        _announced_while_down,
        "{{ $labels.cluster }}: {{ $labels.load_balancer }} announces {{ $labels.vip }}, and its HAProxy is down",
        "Routers send clients to {{ $labels.load_balancer }}, where nobody serves them: its share of connections fails.",
        "The program that withdraws the address does not run or hangs, or something else put the address there.",
        (
            "`systemctl restart twinkeel-announce` there: it withdraws at once when HAProxy is down.",
            "In a hurry: `systemctl stop frr` there; routers drop its routes.",
            "`journalctl -u twinkeel-announce -u haproxy --since -1h`; has `lo` the address (`ip address show lo`)?",
        ),
        announced,
    ),
    Alert(
        "TwinkeelBgpSessionDown",
        "warning",
        "2m",
        lambda subject: of_those_that_report(f"twinkeel_bgp_session_up{{{subject.of}}} == 0", subject),
        "{{ $labels.cluster }}: {{ $labels.load_balancer }} has no BGP session with {{ $labels.router }}",
        "{{ $labels.router }} learns no route from {{ $labels.load_balancer }}, and sends it no clients.",
        "The router or the way to it is down, FRR is, or the two do not agree (AS number, password, address).",
        (
            "One router on all load balancers: that router. All routers on one load balancer: its FRR (`systemctl status frr`).",
            "`vtysh -c 'show bgp neighbors ADDRESS'` there: the last reset's reason.",
            "Never up since it was set up: is 179/tcp open both ways, and does the router log a wrong password or AS number?",
        ),
        announced,
    ),
    Alert(
        "TwinkeelBfdDown",
        "warning",
        "2m",
        _bfd_down,
        "{{ $labels.cluster }}: BFD between {{ $labels.load_balancer }} and {{ $labels.router }} is down",
        "The BGP session is up without BFD: a loss of {{ $labels.load_balancer }} is noticed after `hold_time` alone.",
        "The router has no BFD for this session, or UDP 3784 (4784 over several hops) is dropped on the way.",
        (
            "`vtysh -c 'show bfd peers'` there: the diagnostic, and the router's own intervals.",
            "The router: is BFD on for this neighbour? A firewall in between?",
        ),
        with_bfd,
    ),
    Alert(
        "TwinkeelBgpSessionFlaps",
        "warning",
        "0m",
        lambda subject: f"increase(twinkeel_bgp_session_dropped_total{{{subject.of}}}[1h]) > {CHANGES_AN_HOUR}",
        "{{ $labels.cluster }}: the session of {{ $labels.load_balancer }} with {{ $labels.router }} is lost again and again",
        'Lost {{ $value | printf "%.0f" }} times within an hour. Each time the router spreads established connections anew.',
        "A link that flaps, a router that starts again, or BFD that is faster than these machines or this network bear.",
        (
            "`vtysh -c 'show bgp neighbors ADDRESS'` there: did BFD end the session last, the hold timer, or the router?",
            "BFD: a larger `interval` or `multiplier` in `endpoint.bgp.bfd`; is the machine overloaded (`vmstat 1`, steal time)?",
            "`ip -s link` and the switch's log for a link that flaps.",
        ),
        announced,
    ),
    Alert(
        "TwinkeelAnnouncerFlaps",
        "warning",
        "0m",
        lambda subject: f"increase(twinkeel_vip_taken_total{{{subject.of}}}[1h]) > {CHANGES_AN_HOUR}",
        "{{ $labels.cluster }}: {{ $labels.load_balancer }} withdraws {{ $labels.vip }} again and again",
        'It announced anew {{ $value | printf "%.0f" }} times within an hour. Each time routers spread connections anew.',
        "Planned withdrawals count, too: an `apply` makes one or two. More than that is a load balancer that keeps failing.",
        (
            "`journalctl -u twinkeel-announce -u twinkeel-liveness --since -1h` there: each change with its reason.",
            "Take it out until the cause is found: `twinkeel drain` with its name.",
            "It does not wait for `return_delay` where it cannot reach the virtual IP through the routers: `curl` it from there.",
        ),
        announced,
    ),
)
