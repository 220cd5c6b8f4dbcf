"""What the same faults do to a pair as Twinkeel makes it by default: for the column beside an audited pair's. Pure."""

from pathlib import Path

from twinkeel.audit.outcome import Outcome
from twinkeel.audit.predict import API_FAULTS, FAULTS
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.predict import predict

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
    wanted = (*FAULTS, *API_FAULTS)
    return {
        each.fault: Outcome(
            each.fault, each.title, "never" if each.downtime is None else "heals", each.downtime, each.degraded, each.effect
        )
        for each in predict(topology)
        if each.fault in wanted
    }
