"""The watch stream and kubectl as a trial shows and judges them: from recorded events alone."""

from dataclasses import replace
from ipaddress import IPv4Interface

import pytest

from twinkeel.drill.access import access_of, in_memory, path_of
from twinkeel.drill.checker import evaluate
from twinkeel.drill.history import MILLISECOND, SECOND, Event, History, Probe, Request
from twinkeel.drill.observe_nodes import is_ready
from twinkeel.drill.trial import trial_of
from twinkeel.drill.watch_verdict import watch_verdict
from twinkeel.kubeconfig.document import parse_kubeconfig
from twinkeel.report.timeline import timeline
from twinkeel.report.trials import remarks, trial_cells, trial_object
from twinkeel.topology.model import Endpoint

from .test_checker import FAULT, a_history


def at(milliseconds: int, name: str, **data: object) -> Event:
    """`milliseconds` from the fault; so is a `heard` in the data."""
    if isinstance(heard := data.get("heard"), int):
        data["heard"] = FAULT + heard * MILLISECOND
    return Event(name, FAULT + milliseconds * MILLISECOND, data)


UP = at(-1500, "watch-up", revision=7)
CHECKED = at(9000, "watch-checked", told=12, missed=0)
BROKE = (UP, at(400, "watch-down", heard=-200, error="reset"), at(500, "watch-up", revision=9), CHECKED)


def watched(*events: Event, runs: tuple[Request, ...] = ()) -> History:
    history = a_history()
    both = sorted((*history.events, *events), key=lambda event: event.at)
    probe = Probe(history.probe.period, history.probe.kept_period, SECOND, "", "leases") if history.probe else None
    return replace(history, probe=probe, requests=(*history.requests, *runs), events=tuple(both))


def test_a_watch_is_blind_since_the_fault_or_its_last_sign_of_life() -> None:
    found = watch_verdict(watched(*BROKE))
    assert found is not None
    assert (found.blind_ms, found.reconnect_ms, found.reported, found.missed) == (500, 100, 12, 0)
    heard_later = (UP, at(400, "watch-down", heard=350), at(500, "watch-up"), CHECKED)
    assert watch_verdict(watched(*heard_later)).blind_ms == 150  # type: ignore[union-attr]


def test_the_longest_of_several_breaks_counts() -> None:
    again = (at(2000, "watch-down", heard=1000), at(2050, "watch-up"))
    found = watch_verdict(watched(*BROKE, *again))
    assert found is not None
    assert (found.blind_ms, found.reconnect_ms) == (1050, 100)


def test_a_watch_that_came_back_and_missed_nothing_passes() -> None:
    assert evaluate(watched(*BROKE)).verdict == "pass"
    assert evaluate(watched(UP, CHECKED)).verdict == "pass"


@pytest.mark.parametrize(
    ("events", "answer", "reason"),
    [
        ((UP, at(400, "watch-down", heard=0)), "fail", "the watch stream was not established again"),
        ((UP, at(9000, "watch-checked", told=12, missed=2)), "fail", "the watch stream missed 2 changes"),
        ((), "unknown", "the watch stream was not established before the fault"),
        ((at(100, "watch-up"),), "unknown", "the watch stream was not established before the fault"),
        ((UP, at(-900, "watch-down", heard=-950), at(50, "watch-up")), "unknown", "not established before the fault"),
    ],
)
def test_a_watch_that_proves_nothing_or_breaks_its_promise(events: tuple[Event, ...], answer: str, reason: str) -> None:
    verdict = evaluate(watched(*events))
    assert verdict.verdict == answer
    assert any(reason in said for said in verdict.reasons)


def test_a_history_without_a_watch_is_judged_as_before() -> None:
    assert watch_verdict(a_history()) is None
    shown = trial_object(trial_of(a_history()))
    assert (shown["watch_ms"], shown["watch_missed"], shown["kubectl"], shown["left_out"]) == (None, None, None, [])


def a_run(start: int, took: int, error: str = "") -> Request:
    return Request("kubectl", FAULT + start * MILLISECOND, FAULT + (start + took) * MILLISECOND, 0, error)


def test_kubectl_is_counted_from_the_fault_on_and_must_work_at_the_end() -> None:
    runs = (a_run(-1500, 900), a_run(-100, 300), a_run(1000, 5000, "exit-1"), a_run(6000, 250))
    history = watched(*BROKE, runs=runs)
    assert trial_object(trial_of(history))["kubectl"] == {"runs": 3, "failed": 1, "slowest_ms": 300}
    assert evaluate(history).verdict == "pass"
    broken = evaluate(replace(history, requests=history.requests[:-1]))
    assert (broken.verdict, broken.reasons) == ("fail", ("kubectl does not work again (exit-1)",))


def test_what_a_reader_is_told() -> None:
    node = at(700, "node", host="worker-1", ready=False, first=False)
    gone = at(450, "watch-gone")
    unchecked = (*BROKE[:-1], gone, node, at(-2, "node", host="worker-2", ready=False, first=True))
    held = [at(-3, "vip", host=host, held=host == "lb-1") for host in ("lb-1", "lb-2")]
    moved = (*held, at(10, "vip", host="lb-1", held=False), at(50, "vip", host="lb-2", held=True))
    trial = trial_of(watched(*unchecked, *moved, at(-1, "left-out", what="kubectl: no")))
    assert trial_cells(trial)[6] == "500"
    said = remarks(trial)
    assert any("no holder for 40 ms and two for 0 ms" in line for line in said)
    assert any("listed again" in line for line in said)
    assert any("could not be found out" in line for line in said)
    assert "not Ready for a time: worker-1" in said
    assert "left out: kubectl: no" in said


def test_the_time_line_shows_the_watch_kubectl_and_nodes() -> None:
    node = at(700, "node", host="worker-1", ready=False, first=False)
    figure = timeline(watched(*BROKE, node, runs=(a_run(-100, 300), a_run(1000, 400, "exit-1"))))
    assert figure is not None
    bars = {(each["name"], number): each for number, each in enumerate(figure["data"]) if each["type"] == "bar"}
    watch = next(bar for (name, _), bar in bars.items() if name == "watch")
    # The time before the picture begins is cut off.
    assert watch["base"] == [-500, 500]
    assert watch["x"][0] == 900
    assert [bar["x"] for (name, _), bar in bars.items() if name == "kubectl"] == [[300], [400]]
    (marks,) = [each for each in figure["data"] if each["name"] == "states"]
    assert (marks["y"], marks["text"]) == (["worker-1"], ["is not Ready"])


def test_a_node_whose_kubelet_is_silent_is_not_ready() -> None:
    def node(status: str) -> dict[str, object]:
        return {"status": {"conditions": [{"type": "DiskPressure", "status": "True"}, {"type": "Ready", "status": status}]}}

    assert [is_ready(node(status)) for status in ("True", "False", "Unknown")] == [True, False, False]
    assert not is_ready({})


KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: me
contexts: [{name: me, context: {cluster: one, user: me}}]
clusters: [{name: one, cluster: {server: "https://127.0.0.1:6443", certificate-authority-data: Y2E=}}]
users: [{name: me, user: {client-certificate-data: Y2VydA==, client-key-data: c2VjcmV0}}]
"""


def test_credentials_point_at_the_virtual_ip_and_are_not_shown() -> None:
    endpoint = Endpoint("lb.lab-home.com", 6443, (IPv4Interface("192.168.1.110/24"),))
    access = access_of(KUBECONFIG, "master-1:/etc/kubernetes/admin.conf", endpoint)
    assert access.pem == b"cert\nsecret"
    cluster = parse_kubeconfig(access.kubeconfig, "").cluster
    assert (cluster["server"], cluster["tls-server-name"]) == ("https://192.168.1.110:6443", "lb.lab-home.com")
    assert "secret" not in repr(access)
    assert "c2VjcmV0" not in repr(access)
    with in_memory(access.pem) as descriptor:
        path = path_of(descriptor)
        assert [path.read_bytes(), path.read_bytes()] == [b"cert\nsecret"] * 2, "each who opens it reads it from its beginning"
