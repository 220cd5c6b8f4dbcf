"""What is found in the six pairs of documents, and what is predicted for them, beside what was measured.

The measured figures are those of one lab with real daemons on 2026-11: a client that opens a new TLS connection every 10 ms; each
is a median or a single trial, in milliseconds, and None where nothing had healed after 45 s.
"""

from pathlib import Path

import pytest
from foreign_pairs import FOREIGN, foreign_pair

from twinkeel.audit.audit import audit
from twinkeel.audit.predict import predict

ERRORS = {
    "seed": {"missing-timeout", "overridden-check", "idle-check-rules", "ssl-hello-check", "curl-without-fail"},
    "kubeadm": set(),
    "rke2": set(),
    "kubemarine": set(),
    "openshift": set(),
    "k0s": {"untracked-haproxy"},
}
WARNINGS = {
    "seed": {
        *("no-hard-stop-after", "no-log", "runs-as-root", "kept-sessions", "no-redispatch", "role-dependent-check"),
        *("no-script-security", "slow-check", "no-announcement-refresh", "slow-advertisements", "vip-without-prefix"),
        "equal-priorities",
    },
    "kubeadm": {
        *("no-hard-stop-after", "runs-as-root", "short-stream-timeout", "kept-sessions", "unready-check", "unverified-check"),
        *("no-script-security", "slow-check", "no-announcement-refresh", "vip-without-prefix"),
    },
    "rke2": {
        *("no-hard-stop-after", "short-stream-timeout", "connection-only-check", "kept-sessions", "no-redispatch"),
        *("slow-server-check", "process-only-check", "no-announcement-refresh"),
    },
    "kubemarine": {
        *("no-hard-stop-after", "connection-only-check", "kept-sessions", "no-redispatch", "process-only-check"),
        *("no-announcement-refresh", "vip-without-prefix"),
    },
    "openshift": {
        *("no-hard-stop-after", "short-stream-timeout", "kept-sessions", "no-redispatch", "check-without-expect"),
        *("unverified-check", "slow-server-check", "keepalived-before-haproxy", "equal-priorities"),
    },
    "k0s": {
        *("no-hard-stop-after", "short-stream-timeout", "kept-sessions", "no-redispatch", "unready-check", "unverified-check"),
        *("no-announcement-refresh", "equal-priorities"),
    },
}
# Of two runs; the second is the table in docs/bench.md: haproxy-stop and haproxy-dead are both "HAProxy is gone". Left out are
# k0s' power-loss (unknown), and rke2's keepalived-kill (611 ms, with other work beside it): three quiet trials stand here.
MEASURED: dict[str, dict[str, tuple[int | None, ...]]] = {
    "seed": {
        "power-loss": (12739, 14711),
        "haproxy-kill": (27636, 28365, 25601, 25390),
        "haproxy-hang": (29379, 30172),
        "reboot-holder": (620,),
        "keepalived-kill": (1,),
    },
    "kubeadm": {
        "power-loss": (2830, 2761),
        "haproxy-kill": (31714, 32816, 30561, 33352),
        "haproxy-hang": (34414, 34490),
        "reboot-holder": (620,),
        "keepalived-kill": (10,),
    },
    "rke2": {
        "power-loss": (3526, 3180),
        "haproxy-kill": (1415, 1740, 1011, 2560),
        "haproxy-hang": (None, None),
        "reboot-holder": (611,),
        "keepalived-kill": (2, 11, 4),
    },
    "kubemarine": {
        "power-loss": (2820, 2400),
        "haproxy-kill": (2920, 2504, 3390, 3871),
        "haproxy-hang": (None, None),
        "reboot-holder": (20,),
        "keepalived-kill": (10,),
    },
    "openshift": {
        "power-loss": (3589, 2980),
        "haproxy-kill": (8371, 7470, 8101, 8280),
        "haproxy-hang": (10410, 10161),
        "reboot-holder": (750,),
        "keepalived-kill": (3,),
    },
    "k0s": {
        "power-loss": (2265,),
        "haproxy-kill": (None, None, None, None),
        "haproxy-hang": (None, None),
        "reboot-holder": (231,),
        "keepalived-kill": (1,),
    },
}


def test_every_pair_has_its_row() -> None:
    assert set(FOREIGN) == set(ERRORS) == set(WARNINGS) == set(MEASURED)


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_found(name: str, tmp_path: Path) -> None:
    found = audit(foreign_pair(name, tmp_path)).found
    assert {each.rule.name for each in found if each.rule.severity == "error"} == ERRORS[name]
    assert {each.rule.name for each in found if each.rule.severity == "warning"} == WARNINGS[name]


@pytest.mark.parametrize("name", FOREIGN)
def test_predictions_hold_what_was_measured(name: str, tmp_path: Path) -> None:
    outcomes = {each.fault: each for each in predict(foreign_pair(name, tmp_path))}
    for fault, measured in MEASURED[name].items():
        outcome = outcomes[fault]
        for time in measured:
            if time is None:
                assert outcome.end == "never", (fault, outcome)
            else:
                assert outcome.downtime is not None, (fault, outcome)
                assert outcome.downtime.low <= time / 1000 <= outcome.downtime.high, (fault, time, outcome)


# Of the bench's API servers' faults failed requests are counted, of 100 a second on new connections; one trial each. The lost hosts
# are of 2026-11-30, Kubernetes 1.36.2 whose API servers ask their own etcd members: else etcd's share is larger than HAProxy's.
FAILED: dict[str, dict[str, int]] = {
    "seed": {"api-server-hang": 346, "control-plane-power-loss": 360},
    "kubeadm": {"api-server-hang": 361, "control-plane-power-loss": 389},
    "openshift": {"api-server-hang": 896, "control-plane-power-loss": 973},
    "k0s": {"api-server-hang": 63, "control-plane-power-loss": 84},
    # Still failing when the bench healed the fault, after 45 s.
    "rke2": {"api-server-hang": 1681, "control-plane-power-loss": 1621},
    "kubemarine": {"api-server-hang": 1669, "control-plane-power-loss": 222},
}
REQUESTS_A_SECOND, DEADLINE, SERVERS = 100, 45, 3
# A request is given up, and counted, after a second: those that were sent to the server in the second before the end.
PATIENCE = 1.0


@pytest.mark.parametrize("name", FOREIGN)
def test_predicted_shares_hold_the_requests_that_failed(name: str, tmp_path: Path) -> None:
    """All six share connections out in turn: while a server is used that does not answer, one request in three fails."""
    outcomes = {each.fault: each for each in predict(foreign_pair(name, tmp_path))}
    for fault, failed in FAILED[name].items():
        outcome, seconds = outcomes[fault], failed * SERVERS / REQUESTS_A_SECOND
        if outcome.end == "never" or (outcome.degraded is not None and outcome.degraded.low > DEADLINE):
            assert seconds >= DEADLINE, (fault, failed, outcome)
        else:
            assert outcome.degraded is not None, (fault, outcome)
            assert outcome.degraded.low <= seconds <= outcome.degraded.high + PATIENCE, (fault, failed, outcome)


@pytest.mark.parametrize(
    ("name", "end"), [("seed", "heals"), ("kubeadm", "heals"), ("rke2", "never"), ("kubemarine", "never"), ("k0s", "heals")]
)
def test_a_hung_api_server_is_found_only_by_a_check_that_asks(name: str, end: str, tmp_path: Path) -> None:
    outcomes = {each.fault: each for each in predict(foreign_pair(name, tmp_path))}
    assert outcomes["api-server-hang"].end == end
