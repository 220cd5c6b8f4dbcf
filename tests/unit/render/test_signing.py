"""Signed advertisements in keepalived.conf: rendered, read back, changed, and judged by a Keepalived that does not know them."""

from collections.abc import Callable

import pytest

from twinkeel.render.keepalived import render_keepalived
from twinkeel.render.validate import without_unknown
from twinkeel.render.vrrp_authentication import NONE, Authentication, block, signed_with, with_authentication
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology
from twinkeel.vip.keepalived.authentication import authentication_of

KEY = "0a" * 32


@pytest.fixture
def rendered(build_edited: Callable[..., Topology]) -> str:
    topology = build_edited(("{profile: fast}", "{authentication: hmac}\nkeepalived: {version: '2.4'}"))
    file = render_keepalived(topology, topology.load_balancers[0], Secrets(vrrp_key=KEY))
    assert file.mode == 0o600
    return file.content


def test_what_is_rendered_is_read_back(rendered: str) -> None:
    assert authentication_of(rendered) == signed_with(KEY)
    assert KEY not in repr(authentication_of(rendered))


def test_every_change_can_be_taken_back(rendered: str) -> None:
    for mode in ("receive-only", "permissive"):
        step = Authentication(mode, frozenset({*signed_with(KEY).keys, ("300", "x")}), "300")
        assert authentication_of(with_authentication(rendered, step)) == step
        assert with_authentication(with_authentication(rendered, step), signed_with(KEY)) == rendered
    assert "auth_hmac" not in with_authentication(rendered, NONE)
    assert block(NONE) == ""


@pytest.mark.parametrize(("version", "judges"), [("2.2.7", False), ("2.4.1", False), ("2.4.2", True), ("", True)])
def test_an_older_checker_judges_the_rest(rendered: str, version: str, judges: bool) -> None:
    candidate = without_unknown(rendered, version)
    assert (candidate == rendered) == judges
    assert len(candidate.splitlines()) == len(rendered.splitlines())
    assert ("\n    auth_hmac {" in candidate) == judges


def test_without_a_mode_keepalived_enforces() -> None:
    text = "vrrp_instance x {\n  auth_hmac {\n    key 1 abc\n    active_key 1\n  }\n}\n"
    assert authentication_of(text) == Authentication("enforce", frozenset({("1", "abc")}), "1")
