"""Drift that cannot be looked for is part of the page; a defect of ours is in the log, too."""

import asyncio
import logging

import pytest

from twinkeel.errors import HostError
from twinkeel.serve import drift
from twinkeel.serve.drift import find_drift
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology


class Nobody:
    """No host is asked: what would make a plan fails first."""


def drift_when(error: Exception, topology: Topology, monkeypatch: pytest.MonkeyPatch) -> str:
    async def fail(*_: object) -> object:
        raise error

    monkeypatch.setattr(drift, "make_plan", fail)
    found = asyncio.run(find_drift(topology, Nobody(), Secrets()))  # type: ignore[arg-type]
    assert set(found) == {"lb-1", "lb-2"}
    return found["lb-1"].unknown


def test_a_host_that_fails_is_no_news_for_the_log(
    lab_home_topology: Topology, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    assert drift_when(HostError("gone"), lab_home_topology, monkeypatch) == "gone"
    assert caplog.records == []


def test_what_we_did_not_expect_is_in_the_log_with_its_place(
    lab_home_topology: Topology, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    said = drift_when(KeyError("files"), lab_home_topology, monkeypatch)
    assert said == "a host's answer makes no sense, or a defect (KeyError): see the log"
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert "in find_drift" in caplog.text
