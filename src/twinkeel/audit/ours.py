"""What the same faults do to a pair as Twinkeel makes it by default: for the column beside an audited pair's. Pure."""

from dataclasses import replace
from pathlib import Path

from twinkeel.audit.outcome import End, Outcome
from twinkeel.audit.predict import API_FAULTS, FAULTS, title_of
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.predict import predict
from twinkeel.topology.prediction import Prediction

# Two load balancers, three API servers; no timer is set. The names and addresses change no figure.
SPEC = """\
name: compared
domain: example.com
endpoint: {name: api.example.com, vip: 192.0.2.10/24}
load_balancers: {lb-1: 192.0.2.11, lb-2: 192.0.2.12}
control_plane: {one: 192.0.2.21, two: 192.0.2.22, three: 192.0.2.23}
"""


def default_outcomes() -> dict[str, Outcome]:
    """One outcome a fault, by its id."""
    spec = load(SourceFile("the default pair", SPEC)).spec
    if spec is None:
        raise AssertionError("the default pair's spec is not valid")
    topology = build(spec, Path())
    found = {each.fault: _outcome(each) for each in predict(topology) if each.fault in (*FAULTS, *API_FAULTS)}
    # Keepalived runs with --dont-respawn: when its VRRP part dies, all of it does.
    whole = found["keepalived-kill"]
    found["vrrp-process-kill"] = replace(whole, fault="vrrp-process-kill", title=title_of("vrrp-process-kill"))
    found["keepalived-kill"] = replace(whole, title=title_of("keepalived-kill"))
    return found


def _outcome(each: Prediction) -> Outcome:
    end: End = "never" if each.downtime is None else "heals"
    return Outcome(each.fault, each.title, end, each.downtime, each.degraded, each.effect)
