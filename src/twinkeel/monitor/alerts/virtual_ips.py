"""Alerts about who holds the virtual IPs, and who could."""

from twinkeel.monitor.alert import Alert, in_a_pair, with_holder
from twinkeel.monitor.records import ABLE_SUM, HOLDERS, REPORTING_SUM, TAKEN
from twinkeel.monitor.subject import Subject
from twinkeel.vip.daemons import VRRP_DAEMON

MOVES_AN_HOUR = 3
"""More moves than these in an hour are too many: an apply moves a virtual IP once or twice."""


def _without_holder(subject: Subject, reporting: str) -> str:
    everyone = f"{REPORTING_SUM}{{{subject.of}}} {reporting} {len(subject.load_balancers)}"
    return f"{HOLDERS}{{{subject.of}}} == 0 and on (cluster) {everyone}"


HEARD = "twinkeel_vrrp_advertisements_heard_total"
HEARD_SHARE = 0.75
"""Of the advertisements that a holder sends, what must arrive; three missed ones in a row are a takeover."""


def _missing_advertisements(subject: Subject) -> str:
    least = HEARD_SHARE / subject.advert_interval
    heard = f'sum by (cluster, load_balancer, vip) (rate({HEARD}{{{subject.of},peer!="stranger"}}[3m]))'
    held_by_another = f"and on (cluster, load_balancer, vip) twinkeel_vip_held{{{subject.of}}} == 0"
    return f"{heard} < {least:.3g} {held_by_another} and on (cluster, vip) {HOLDERS}{{{subject.of}}} == 1"


VIRTUAL_IPS = (
    Alert(
        "TwinkeelVipWithoutHolder",
        "critical",
        "1m",
        lambda subject: _without_holder(subject, "=="),
        "{{ $labels.cluster }}: nobody holds {{ $labels.vip }}",
        "Every load balancer answers, and none has {{ $labels.vip }}: clients of the Kubernetes API get no answer.",
        "Every load balancer can be asked and none has the address. Each of them believes that it must not have it: HAProxy is "
        f"down everywhere, {VRRP_DAEMON.name} is stopped, or all are in standby.",
        (
            "`twinkeel status` shows each one's state: FAULT (HAProxy does not serve), STANDBY (held back) or STOPPED.",
            "FAULT: `systemctl status haproxy twinkeel-liveness`; `haproxy -c -f /etc/haproxy/haproxy.cfg` says why it does "
            "not start.",
            "STANDBY on all: `echo 0 > /run/twinkeel/standby` on one of them.",
            f"STOPPED: `systemctl start {VRRP_DAEMON.unit}`; `journalctl -u {VRRP_DAEMON.unit}` says why it ended.",
        ),
        with_holder,
    ),
    Alert(
        "TwinkeelVipHolderUnknown",
        "critical",
        "1m",
        lambda subject: _without_holder(subject, "<"),
        "{{ $labels.cluster }}: no load balancer that answers holds {{ $labels.vip }}",
        "Some load balancers report nothing, and none of the others has {{ $labels.vip }}: it may be lost.",
        "A load balancer is silent and no other one took the address. Either the silent one still has it, and only its metrics "
        "cannot be read, or it is gone and the takeover failed.",
        (
            "`kubectl get --raw /readyz` through the virtual IP: if that answers, see TwinkeelLoadBalancerSilent.",
            "Otherwise `twinkeel status`: what state are the others in? Go on as for TwinkeelVipWithoutHolder.",
        ),
        in_a_pair,
    ),
    Alert(
        "TwinkeelAllSilent",
        "critical",
        "2m",
        lambda subject: f"absent({REPORTING_SUM}{{{subject.of}}}) or {REPORTING_SUM}{{{subject.of}}} == 0",
        "{{ $labels.cluster }}: no load balancer reports anything",
        "Prometheus has no fresh figures of any load balancer: nobody knows whether anyone serves a virtual IP.",
        "Either every load balancer is down, or Prometheus does not reach them. No other alert about this cluster can be trusted.",
        (
            "`kubectl get --raw /readyz` through the virtual IP: does the API answer?",
            "It does: Prometheus' page /targets; was the scrape job changed, or a firewall in between?",
            "It does not: `twinkeel status`; the load balancers' power and network first.",
        ),
    ),
    Alert(
        "TwinkeelVipTwoHolders",
        "critical",
        "1m",
        lambda subject: f"{HOLDERS}{{{subject.of}}} > 1",
        "{{ $labels.cluster }}: {{ $value }} load balancers hold {{ $labels.vip }}",
        "{{ $value }} load balancers hold {{ $labels.vip }} at once: they do not hear each other. Clients end up on either of "
        "them.",
        "VRRP's advertisements do not arrive, or are refused: a firewall, a switch, different settings on the two sides, or a "
        "network that is split. Both serve, so clients may notice nothing until one side loses its API servers.",
        (
            "`twinkeel preflight` checks VRRP (protocol 112) both ways between the load balancers.",
            "`twinkeel plan`: do the files differ from the spec on one side? An interrupted apply leaves such a pair; run it "
            "again.",
            "`tcpdump -ni any proto 112` on both: whose advertisements do not arrive?",
        ),
        in_a_pair,
    ),
    Alert(
        "TwinkeelNoStandby",
        "warning",
        "5m",
        lambda subject: f"{ABLE_SUM}{{{subject.of}}} < 2",
        "{{ $labels.cluster }}: nobody could take over",
        "{{ $value }} of the load balancers could hold a virtual IP: the loss of that one takes the Kubernetes API down.",
        "All works, and the next fault is an outage. A load balancer counts when it reports and is MASTER or BACKUP.",
        (
            "`twinkeel status` names the one that is not MASTER or BACKUP, and its state.",
            "A second alert usually names it: TwinkeelHaproxyDown, TwinkeelUnitNotRunning, TwinkeelHeldInStandby or "
            "TwinkeelLoadBalancerSilent.",
        ),
        in_a_pair,
    ),
    Alert(
        "TwinkeelAdvertisementsMissing",
        "warning",
        "2m",
        _missing_advertisements,
        "{{ $labels.cluster }}: {{ $labels.load_balancer }} misses advertisements of {{ $labels.vip }}",
        '{{ $labels.load_balancer }} hears {{ $value | printf "%.1f" }} advertisements a second, a quarter less than are sent. '
        "Three missed in a row and it takes the virtual IP.",
        "The holder sends too few (an overloaded or paused machine) or they get lost on the way. A failover that nobody asked "
        "for comes next, or two holders.",
        (
            f"On the holder: `uptime`, steal time in `vmstat 1`; does {VRRP_DAEMON.unit} run with real-time priority (`chrt -p`)?",
            "On the way: `ip -s link` on both for drops, the switch's port; a rate limit for multicast.",
            "`failover: {profile: steady}` sends fewer, and waits longer.",
        ),
        in_a_pair,
    ),
    Alert(
        "TwinkeelStrangerAdvertises",
        "warning",
        "0m",
        lambda subject: f'sum by (cluster, load_balancer, vip) (increase({HEARD}{{{subject.of},peer="stranger"}}[15m])) > 0',
        "{{ $labels.cluster }}: somebody else advertises the virtual router of {{ $labels.vip }}",
        '{{ $labels.load_balancer }} heard {{ $value | printf "%.0f" }} advertisements within 15 minutes that come from no '
        "load balancer of this cluster.",
        "Another VRRP router on this segment uses the same virtual router ID, or a load balancer that left the spec still runs "
        f"{VRRP_DAEMON.name}.",
        (
            "`tcpdump -ni any proto 112` there: the source address is the rogue router's.",
            f"A former load balancer: `systemctl disable --now {VRRP_DAEMON.unit} haproxy twinkeel-liveness` on it.",
            "A router of somebody else's: give the virtual IP another `vrid` in the spec.",
        ),
        with_holder,
    ),
    Alert(
        "TwinkeelVipMovesTooOften",
        "warning",
        "0m",
        lambda subject: f"{TAKEN}{{{subject.of}}} > {MOVES_AN_HOUR}",
        '{{ $labels.cluster }}: {{ $labels.vip }} moved {{ $value | printf "%.0f" }} times within an hour',
        "Each move ends connections that are open. Moves that nobody asked for have a cause that is not gone.",
        "Planned moves count, too: `apply` and `switchover` move a virtual IP once or twice. More than that in an hour is a "
        "link that flaps, an overloaded host that misses advertisements, a HAProxy that is killed again and again, or API "
        "servers that one load balancer does not reach.",
        (
            f"`journalctl -u {VRRP_DAEMON.unit} -u twinkeel-liveness --since -1h` on every load balancer: who let go, and why?",
            '"no API server is up ... yielding" in it: that load balancer does not reach the API servers.',
            "`ip -s link` and the switch's log for a link that flaps; `failover: {profile: steady}` for hosts that do not bear "
            "the fast timers.",
        ),
        in_a_pair,
    ),
)
