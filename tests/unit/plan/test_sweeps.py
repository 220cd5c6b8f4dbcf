"""Signed advertisements come and go in sweeps over all load balancers: those that run hear each other at every moment."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signing_cluster import SigningCluster, all_hear_each_other

from twinkeel.plan.mask_secrets import SecretMask
from twinkeel.plan.model import Desired, Plan, as_json
from twinkeel.plan.plan import plan
from twinkeel.render.keepalived import CONFIG_PATH
from twinkeel.render.render import render
from twinkeel.render.vrrp_authentication import key_id
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology
from twinkeel.vip.keepalived.authentication import authentication_of

OLD_KEY, NEW_KEY = "0a" * 32, "0b" * 32
EXAMPLE = Path(__file__).parents[3] / "examples/lab-home.yaml"
THREE = ("  lb-2: 192.168.1.112\n", "  lb-2: 192.168.1.112\n  lb-3: 192.168.1.113\n")
SPECS = {
    "none": ("none", Secrets()),
    "old key": ("hmac", Secrets(vrrp_key=OLD_KEY)),
    "new key": ("hmac", Secrets(vrrp_key=NEW_KEY)),
}


@cache
def topology_of(authentication: str) -> Topology:
    text = EXAMPLE.read_text().replace(*THREE)
    text = text.replace("{profile: fast}", f"{{profile: fast, authentication: {authentication}}}")
    spec = load(SourceFile("x", text + '\nkeepalived: {version: "2.4"}\n')).spec
    assert spec is not None
    return build(spec, EXAMPLE.parent)


@cache
def wanted(name: str) -> Desired:
    """keepalived.conf alone: the other files take their time and change nothing here."""
    authentication, secrets = SPECS[name]
    rendered = render(topology_of(authentication), "verified", secrets)
    hosts = {host: tuple(file for file in files if file.path == CONFIG_PATH) for host, files in rendered.hosts.items()}
    return Desired(replace(rendered, hosts=hosts), None, "verified")


class Run:
    """An apply, host by host; it may die at any step, before or after the reload there."""

    def __init__(self, name: str) -> None:
        self.cluster = SigningCluster(wanted(name))
        self.modes: list[str] = []

    def plan(self, name: str) -> Plan:
        topology = topology_of(SPECS[name][0])
        holds = {each: frozenset[object]() for each in self.cluster.disk} | {"lb-1": frozenset({topology.endpoint.vip.ip})}
        return plan(topology, wanted(name), self.cluster.states(holds), SecretMask())  # type: ignore[arg-type]

    def apply(self, name: str, steps: int = 99, *, dies_before_the_reload: bool = False) -> None:
        for _ in range(9):
            made = self.plan(name)
            assert made.desired is not None
            for host in made.hosts if made.has_changes else ():
                assert not host.incompatible_with
                steps -= 1
                last = steps < 0
                self.cluster.bring(host, made.desired.files_of(host.name), dies_before_the_reload=last and dies_before_the_reload)
                assert all_hear_each_other(list(self.cluster.runs.values())), (name, host.name)
                self.modes.append(self.mode(host.name))
                if last:
                    return
            if not made.later:
                return
        pytest.fail(f"no end: {self.modes}")

    def mode(self, host: str) -> str:
        found = authentication_of(self.cluster.runs[host])
        return found.mode if len(found.keys) < 2 else f"{found.mode} with {found.active}"


def in_sweeps(modes: list[str]) -> list[str]:
    assert len(modes) % 3 == 0
    assert modes == [mode for mode in modes[::3] for _ in range(3)]
    return modes[::3]


@pytest.mark.parametrize(
    ("old", "new", "modes"),
    [
        ("none", "old key", ["receive-only", "permissive", "enforce"]),
        ("old key", "none", ["permissive", "receive-only", "none"]),
        ("old key", "new key", [f"enforce with {key_id(OLD_KEY)}", f"enforce with {key_id(NEW_KEY)}", "enforce"]),
        ("none", "none", []),
        ("old key", "old key", []),
    ],
)
def test_the_way_from_one_to_another(old: str, new: str, modes: list[str]) -> None:
    run = Run(old)
    run.apply(new)
    assert in_sweeps(run.modes) == modes
    assert run.cluster.runs == {name: dict(run.cluster.disk[name])[CONFIG_PATH].content for name in run.cluster.disk}
    assert [file.content for files in wanted(new).rendered.hosts.values() for file in files if file.path == CONFIG_PATH] == list(
        run.cluster.runs.values()
    )
    assert not run.plan(new).drift


def test_one_sweep_alone_would_make_them_deaf() -> None:
    """What this is good for; and that the test would see it."""
    run = Run("none")
    made = run.plan("old key")
    run.cluster.bring(made.hosts[0], wanted("old key").files_of(made.hosts[0].name))
    assert not all_hear_each_other(list(run.cluster.runs.values()))


names = st.sampled_from(list(SPECS))
breaks = st.tuples(names, st.integers(0, 9), st.booleans())


@settings(max_examples=25)
@given(start=names, broken=st.lists(breaks, max_size=4), end=names)
def test_whatever_breaks_off_and_whatever_is_wanted_next_all_hear_each_other(
    start: str, broken: list[tuple[str, int, bool]], end: str
) -> None:
    run = Run(start)
    for name, steps, dies in broken:
        run.apply(name, steps, dies_before_the_reload=dies)
    run.apply(end)
    assert set(run.cluster.runs.values()) == {
        file.content for files in wanted(end).rendered.hosts.values() for file in files if file.path == CONFIG_PATH
    }


def test_a_change_that_makes_them_deaf_anyway_needs_one_sweep(build_edited: Callable[..., Topology]) -> None:
    """Then those with new files stand aside until the holder has its own."""
    profile = "failover: {profile: fast}"
    old = build_edited((profile, "failover: {vrrp_version: 2, authentication: password, advert_interval: 1}"))
    new = build_edited(
        (profile, "failover: {vrrp_version: 2, authentication: hmac, advert_interval: 1}\nkeepalived: {version: '2.4'}")
    )
    cluster = SigningCluster(Desired(render(old, "verified", Secrets("pass")), None, "verified"))
    holds = {"lb-1": frozenset({old.endpoint.vip.ip}), "lb-2": frozenset[object]()}
    desired = Desired(render(new, "verified", Secrets(vrrp_key=OLD_KEY)), None, "verified")
    made = plan(new, desired, cluster.states(holds), SecretMask())  # type: ignore[arg-type]
    assert made.later == ()
    assert {host.name: host.incompatible_with for host in made.hosts} == {"lb-2": ("lb-1",), "lb-1": ()}


def test_the_plan_says_what_comes_and_no_key() -> None:
    made = Run("none").plan("old key")
    assert made.later == (
        "sweep 2 of 3: everybody signs advertisements, and takes unsigned ones, too",
        "sweep 3 of 3: everybody signs advertisements, and takes signed ones alone",
    )
    assert made.steps[0] == "sweep 1 of 3: everybody has the key, and signs nothing yet or any more"
    assert made.steps[-2:] == made.later
    assert as_json(made)["later"] == list(made.later)
    shown = f"{as_json(made)} {made}"
    assert "mode receive-only" in shown
    assert OLD_KEY not in shown


def test_a_file_with_a_key_is_private_on_its_way() -> None:
    made = Run("old key").plan("none")
    assert made.desired is not None
    assert {file.mode for file in made.desired.files_of("lb-1") if file.path == CONFIG_PATH} == {0o600}


def test_raw_lines_of_the_users_own_are_not_changed() -> None:
    """They hold an `auth_hmac`: nothing of ours could be put beside it."""
    own = f"    auth_hmac {{\n        key 1 {'x' * 32}\n        active_key 1\n        mode enforce\n    }} # own\n"
    desired = wanted("none")

    def with_own(text: str) -> str:
        return text.replace("    track_file {\n", f"{own}    track_file {{\n")

    hosts = {
        name: tuple(replace(file, content=with_own(file.content)) if file.path == CONFIG_PATH else file for file in files)
        for name, files in desired.rendered.hosts.items()
    }
    cluster, topology = SigningCluster(desired), topology_of("none")
    holds = {"lb-1": frozenset({topology.endpoint.vip.ip}), "lb-2": frozenset[object](), "lb-3": frozenset[object]()}
    changed = replace(desired, rendered=replace(desired.rendered, hosts=hosts))
    made = plan(topology, changed, cluster.states(holds), SecretMask())  # type: ignore[arg-type]
    assert made.later == ()
    assert made.hosts[0].incompatible_with == ("lb-1",)
