"""Alerts about a load balancer: its programs, and whether it reports anything."""

from twinkeel.monitor.alert import Alert, with_haproxy
from twinkeel.monitor.records import COLLECTED, REPORTING, of_those_that_report
from twinkeel.monitor.subject import Subject
from twinkeel.vip.daemons import VRRP_DAEMON

ON = "on (cluster, load_balancer)"
CLOCK_SECONDS = 300
"""How far a clock may be off: more than a textfile's age between two looks of node_exporter."""


def _silent(subject: Subject) -> str:
    return f"{subject.absent(REPORTING)} or {REPORTING}{{{subject.of}}} == 0"


def _haproxy_not_scraped(subject: Subject) -> str:
    missing = f"({subject.absent('haproxy_process_uptime_seconds')})"
    down = f"{ON} (twinkeel_haproxy_down{{{subject.of}}} == 1)"
    return f"({missing} and {ON} {REPORTING}{{{subject.of}}} == 1) unless {down}"


def _watchdog_silent(subject: Subject) -> str:
    heard = f"twinkeel_liveness_last_answer_timestamp_seconds{{{subject.of}}}"
    return of_those_that_report(f"({COLLECTED}{{{subject.of}}} - {heard}) > 60", subject)


LOAD_BALANCERS = (
    Alert(
        "TwinkeelLoadBalancerSilent",
        "warning",
        "2m",
        _silent,
        "{{ $labels.cluster }}: {{ $labels.load_balancer }} reports nothing",
        "Prometheus has no fresh figures of {{ $labels.load_balancer }}: it is off, unreachable, or its metrics do not run. "
        "All other alerts about it are blind.",
        "The load balancer is down, or only its metrics are: both look alike from here.",
        (
            "`twinkeel status`: UNREACHABLE means the host itself.",
            "`systemctl status twinkeel-metrics` there; `curl http://ADDRESS:8406/metrics` from Prometheus' host.",
            "No answer at all, though it runs: `monitoring.readers` does not list Prometheus, or a firewall is in between.",
            "With a textfile: is node_exporter started with `--collector.textfile.directory`, and may it read the file?",
        ),
    ),
    Alert(
        "TwinkeelHaproxyDown",
        "warning",
        "2m",
        lambda subject: of_those_that_report(f"twinkeel_haproxy_down{{{subject.of}}} == 1", subject),
        "{{ $labels.cluster }}: HAProxy does not serve on {{ $labels.load_balancer }}",
        "{{ $labels.load_balancer }} considers HAProxy down, so it cannot serve a virtual IP. While another one serves, "
        "nobody else notices.",
        "HAProxy died, hangs, or was stopped. Virtual IPs are elsewhere, and will not find a way back.",
        (
            "`systemctl status haproxy` and `journalctl -u haproxy -u twinkeel-liveness --since -1h` there.",
            "`haproxy -c -f /etc/haproxy/haproxy.cfg`; a file that is not valid: `twinkeel plan`, then `twinkeel apply`.",
            "HAProxy runs and the file still says 1: `systemctl restart haproxy` writes it anew.",
        ),
    ),
    Alert(
        "TwinkeelUnitNotRunning",
        "warning",
        "2m",
        lambda subject: of_those_that_report(f'twinkeel_unit_active{{{subject.of},unit!="haproxy.service"}} == 0', subject),
        "{{ $labels.cluster }}: {{ $labels.unit }} does not run on {{ $labels.load_balancer }}",
        f"Without {VRRP_DAEMON.unit} (with BGP: frr and twinkeel-announce) "
        "{{ $labels.load_balancer }} serves no virtual IP; without "
        "twinkeel-liveness a HAProxy that hangs is not noticed there.",
        "A unit that systemd does not keep running: it was stopped by hand, or fails at its start.",
        (
            "`systemctl status UNIT`, `journalctl -u UNIT --since -1h` there.",
            "`systemctl start UNIT`; `twinkeel apply` does it, too.",
        ),
    ),
    Alert(
        "TwinkeelHeldInStandby",
        "warning",
        "30m",
        lambda subject: of_those_that_report(f"twinkeel_standby_requested{{{subject.of}}} == 1", subject),
        "{{ $labels.cluster }}: {{ $labels.load_balancer }} is held in standby",
        "{{ $labels.load_balancer }} has been in standby for half an hour or longer, and would not take over.",
        "`apply` and `switchover` do that for seconds. A run that was cut off leaves it so, and so does a person who forgot: "
        "`twinkeel drain` of a load balancer that announces lasts until `undrain`.",
        (
            "Is a `twinkeel apply` still at work? Wait for it.",
            "`twinkeel apply` once more ends the standby (with BGP: `twinkeel undrain`); by hand: "
            "`echo 0 > /run/twinkeel/standby` there.",
        ),
    ),
    Alert(
        "TwinkeelHaproxyKilled",
        "warning",
        "0m",
        lambda subject: f"increase(twinkeel_liveness_kills_total{{{subject.of}}}[1h]) > 0",
        "{{ $labels.cluster }}: HAProxy hung on {{ $labels.load_balancer }} and was killed",
        "The watchdog on {{ $labels.load_balancer }} got no answer from HAProxy for its whole deadline, and killed it.",
        "HAProxy was stopped, starved of processor time, or deadlocked. Its virtual IPs are elsewhere; connections were lost.",
        (
            '`journalctl -u twinkeel-liveness -u haproxy --since -1h` there; "killing haproxy.service" has the time.',
            "Was the machine overloaded then, or did its hypervisor pause it? `failover: {profile: steady}` is more patient.",
            "`haproxy -vv`: is it a version with a known fault? `twinkeel check` says so.",
        ),
    ),
    Alert(
        "TwinkeelWatchdogSilent",
        "warning",
        "2m",
        _watchdog_silent,
        "{{ $labels.cluster }}: HAProxy on {{ $labels.load_balancer }} has not answered the watchdog for a minute",
        'The last answer was {{ $value | printf "%.0f" }} s before the last look. Either HAProxy does not answer, or nobody asks.',
        "HAProxy is down for long, or the watchdog does not run or cannot write `/run/twinkeel/liveness.json`.",
        (
            "`systemctl status haproxy twinkeel-liveness` there.",
            "Both run: `cat /run/twinkeel/liveness.json`; `df /run` for a full file system.",
        ),
    ),
    Alert(
        "TwinkeelHaproxyNotScraped",
        "warning",
        "5m",
        _haproxy_not_scraped,
        "{{ $labels.cluster }}: HAProxy's metrics of {{ $labels.load_balancer }} are missing",
        "HAProxy serves on {{ $labels.load_balancer }}, and Prometheus has none of its metrics: alerts about API servers and "
        "connections are blind there.",
        "The port of `haproxy.metrics` is not reached, asks for another password, or the scrape job lacks the labels `cluster` "
        "and `load_balancer` (`twinkeel monitor scrape` writes them).",
        (
            "Prometheus' page /targets shows the error.",
            "401: the password file is not that of `metrics_password`.",
            "The connection is closed, or nothing answers: `haproxy.metrics.readers` does not list Prometheus.",
        ),
        with_haproxy,
    ),
    Alert(
        "TwinkeelClockOff",
        "warning",
        "5m",
        lambda subject: of_those_that_report(
            f"abs(timestamp({COLLECTED}{{{subject.of}}}) - {COLLECTED}{{{subject.of}}}) > {CLOCK_SECONDS}", subject
        ),
        "{{ $labels.cluster }}: the clock of {{ $labels.load_balancer }} is off",
        '{{ $labels.load_balancer }} and Prometheus differ by {{ $value | printf "%.0f" }} s. Certificates are judged by '
        "these clocks.",
        "Failover does not depend on clocks; certificates, logs and the times in these alerts do.",
        ("`timedatectl` there and on Prometheus' host: which one is wrong?",),
    ),
    Alert(
        "TwinkeelCollectFails",
        "warning",
        "3h",
        lambda subject: of_those_that_report(f"twinkeel_collect_failed{{{subject.of}}} == 1", subject),
        "{{ $labels.cluster }}: {{ $labels.load_balancer }} cannot look at: {{ $labels.part }}",
        "The metrics' last values of this part stay as they were; alerts about it are blind.",
        "A file that cannot be read, a systemd that does not answer, or an API server that shows no certificate.",
        ("`journalctl -u twinkeel-metrics` there has the error.",),
    ),
)
