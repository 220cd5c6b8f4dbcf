"""What a plan says of a host, from what the host has; hosts as `apply` leaves them, and each way to differ from that."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from twinkeel.cli.plan import lines_of
from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import FileMissingError
from twinkeel.observe.host_state import FoundFile, HostState, LiveFile, PackageState
from twinkeel.plan.make_plan import make_plan
from twinkeel.plan.mask_secrets import SecretMask
from twinkeel.plan.model import Desired, HostPlan, Plan, as_json
from twinkeel.plan.plan import plan, plan_host, steps_of
from twinkeel.plan.refuse_losses import refuse_losses
from twinkeel.plan.unit_actions import UnitFile, digests
from twinkeel.render.files import RenderedFile
from twinkeel.render.render import render
from twinkeel.render.services import UNITS, reader_of
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Machine, Topology

HAPROXY_CFG = "/etc/haproxy/haproxy.cfg"
KEEPALIVED_CONF = "/etc/keepalived/keepalived.conf"
DROP_IN = "/etc/systemd/system/haproxy.service.d/twinkeel.conf"
RUNNING = "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n"
STOPPED = "LoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=enabled\n"
NOT_ENABLED = RUNNING.replace("enabled", "disabled")

NOTHING_MORE: Mapping[str, Any] = {
    "haproxy_stats": "",
    "generation": 0,
    "selinux": False,
    "only_restart": [],
    "package_manager": "apt",
}

Wanted = tuple[RenderedFile, ...]
Edit = Callable[[HostState], HostState]


@pytest.fixture
def wanted(lab_home_topology: Topology) -> Wanted:
    return render(lab_home_topology).hosts["lb-1"]


def found(file: RenderedFile) -> FoundFile:
    return FoundFile("file", file.mode, file.owner, file.group, file.content.encode())


KEEP_CONNECTIONS = ("twinkeel-second-chance", "twinkeel-linger-at-shutdown")
ALL_UNITS = (*KEEP_CONNECTIONS, *UNITS)


def notes(wanted: Wanted) -> dict[str, dict[str, str]]:
    """As the role notes them."""
    return digests([UnitFile(file.path, file.content.encode(), *reader_of(file.path)) for file in wanted], list(ALL_UNITS))


@pytest.fixture
def converged(wanted: Wanted) -> HostState:
    """A host right after an apply."""
    return HostState(
        files={file.path: found(file) for file in wanted},
        units=dict.fromkeys(ALL_UNITS, RUNNING),
        packages={
            "haproxy": PackageState("2.6.12", None),
            "keepalived": PackageState("1:2.2.7", None),
            "nftables": PackageState("1.0.6", None),
        },
        notes=notes(wanted),
        live=tuple(LiveFile(file.path, *reader_of(file.path)) for file in wanted),
        ours=tuple(file.path for file in wanted),
        addresses=frozenset(),
    )


def with_file(path: str, **changed: Any) -> Edit:
    def edit(state: HostState) -> HostState:
        file = state.files[path]
        assert file is not None
        return replace(state, files={**state.files, path: replace(file, **changed)})

    return edit


def with_unit(unit: str, shown: str) -> Edit:
    return lambda state: replace(state, units={**state.units, unit: shown})


def without(path: str) -> Edit:
    return lambda state: replace(state, files={**state.files, path: None})


def with_notes(unit: str, **kinds: str) -> Edit:
    return lambda state: replace(state, notes={**state.notes, unit: {**state.notes[unit], **kinds}})


OLD_DROP_IN = "/etc/systemd/system/keepalived.service.d/old.conf"


def with_live(path: str, unit: str, on_change: str) -> Edit:
    return lambda state: replace(state, live=(*state.live, LiveFile(path, unit, on_change)), ours=(*state.ours, path))


def plan_of(topology: Topology, wanted: Wanted, state: HostState) -> HostPlan:
    return plan_host(topology, "lb-1", wanted, state, SecretMask())


def test_a_host_as_apply_leaves_it_needs_nothing(lab_home_topology: Topology, wanted: Wanted, converged: HostState) -> None:
    plan = plan_of(lab_home_topology, wanted, converged)
    assert (plan.files, plan.packages, plan.needed_actions, plan.has_changes) == ((), {}, {}, False)


@pytest.mark.parametrize(
    ("edit", "files", "actions"),
    [
        (with_file(HAPROXY_CFG, content=b"other\n"), {HAPROXY_CFG: "content"}, {"haproxy": "reload"}),
        (with_file(HAPROXY_CFG, mode=0o600), {HAPROXY_CFG: "attributes"}, {"haproxy": "reload"}),
        (with_file(HAPROXY_CFG, owner="haproxy"), {HAPROXY_CFG: "attributes"}, {"haproxy": "reload"}),
        (with_file(HAPROXY_CFG, kind="link", content=b""), {HAPROXY_CFG: "content"}, {"haproxy": "reload"}),
        (without(HAPROXY_CFG), {HAPROXY_CFG: "new"}, {"haproxy": "reload"}),
        (with_file(DROP_IN, content=b""), {DROP_IN: "content"}, {"haproxy": "restart"}),
        (without("/etc/tmpfiles.d/twinkeel.conf"), {"/etc/tmpfiles.d/twinkeel.conf": "new"}, {}),
        (with_unit("keepalived", STOPPED), {}, {"keepalived": "start"}),
        (with_unit("keepalived", NOT_ENABLED), {}, {"keepalived": "start"}),
        (with_unit("haproxy", ""), {}, {"haproxy": "start"}),
        # An apply that broke off after it replaced the file and before it reloaded.
        (with_notes("haproxy", reload="old"), {}, {"haproxy": "reload"}),
        (with_notes("keepalived", restart="old", reload="old"), {}, {"keepalived": "restart"}),
        (with_live(OLD_DROP_IN, "keepalived", "restart"), {OLD_DROP_IN: "removed"}, {"keepalived": "restart"}),
    ],
)
def test_each_difference_and_what_it_needs(
    lab_home_topology: Topology, wanted: Wanted, converged: HostState, edit: Edit, files: dict[str, str], actions: dict[str, str]
) -> None:
    plan = plan_of(lab_home_topology, wanted, edit(converged))
    assert {change.path: change.kind for change in plan.files} == files
    assert plan.needed_actions == actions
    assert plan.has_changes


def test_a_keepalived_that_a_reload_would_end_is_restarted(
    lab_home_topology: Topology, wanted: Wanted, converged: HostState
) -> None:
    changed = with_file("/etc/keepalived/keepalived.conf", content=b"other\n")(converged)
    assert plan_of(lab_home_topology, wanted, changed).needed_actions == {"keepalived": "reload"}
    alone = replace(changed, only_restart=("keepalived",))
    assert plan_of(lab_home_topology, wanted, alone).needed_actions == {"keepalived": "restart"}
    assert plan_of(lab_home_topology, wanted, replace(converged, only_restart=("keepalived",))).needed_actions == {}


def test_a_file_that_only_says_it_is_ours_is_told_and_left(
    lab_home_topology: Topology, wanted: Wanted, converged: HostState
) -> None:
    plan = plan_of(lab_home_topology, wanted, replace(converged, ours=(*converged.ours, "/etc/haproxy/old.cfg")))
    assert [(change.path, change.kind) for change in plan.files] == [("/etc/haproxy/old.cfg", "left over")]
    assert (plan.needed_actions, plan.has_changes) == ({}, False)


def test_words_say_what_differs(lab_home_topology: Topology, wanted: Wanted, converged: HostState) -> None:
    def detail(edit: Edit) -> str:
        return plan_of(lab_home_topology, wanted, edit(converged)).files[0].detail

    assert detail(with_file(HAPROXY_CFG, mode=0o600)) == "mode 0600 -> 0644"
    assert detail(with_file(HAPROXY_CFG, group="haproxy")) == "owner root:haproxy -> root:root"
    assert detail(with_file(HAPROXY_CFG, content=b"x\n", mode=0o600)) == "content, mode 0600 -> 0644"
    assert detail(without("/etc/keepalived/keepalived.conf")) == "new, mode 0640, owner root:root"
    assert detail(with_file(HAPROXY_CFG, kind="link")) == "is a symbolic link: becomes a file"


def test_a_diff_has_the_lines_that_differ_and_only_those(lab_home_topology: Topology, wanted: Wanted, converged: HostState) -> None:
    content = next(file.content for file in wanted if file.path == HAPROXY_CFG)
    by_hand = content.replace("balance leastconn", "balance roundrobin")
    plan = plan_of(lab_home_topology, wanted, with_file(HAPROXY_CFG, content=by_hand.encode())(converged))
    lines = plan.files[0].diff.splitlines()
    assert lines[:2] == [f"--- {HAPROXY_CFG}", f"+++ {HAPROXY_CFG}"]
    changed = [line for line in lines[2:] if line.startswith(("+", "-"))]
    assert changed == ["-    balance roundrobin", "+    balance leastconn"]


@pytest.mark.parametrize("content", ["\n", "\r\n"])
def test_bytes_that_look_alike_are_still_a_difference(
    lab_home_topology: Topology, wanted: Wanted, converged: HostState, content: str
) -> None:
    text = next(file.content for file in wanted if file.path == HAPROXY_CFG)
    state = with_file(HAPROXY_CFG, content=text.rstrip("\n").replace("\n", content).encode())(converged)
    change = plan_of(lab_home_topology, wanted, state).files[0]
    assert change.kind == "content"
    assert change.diff != ""


PASSWORDS = """\
    auth_pass hunter2
    user prometheus insecure-password s3cret
  user admin password $5$abc
    stats auth admin:opensesame
    # known elsewhere: topsecret
"""


def test_no_secret_is_in_a_diff() -> None:
    masked = SecretMask(["topsecret"])(PASSWORDS)
    assert not any(secret in masked for secret in ("hunter2", "s3cret", "$5$abc", "opensesame", "topsecret"))
    assert "auth_pass <secret-" in masked
    assert "stats auth admin:<secret-" in masked


def test_secrets_that_differ_have_different_labels_and_equal_ones_the_same() -> None:
    mask = SecretMask()
    old, new, again = (mask(f"    auth_pass {value}\n") for value in ("one", "two", "one"))
    assert old != new
    assert old == again
    assert mask(old) == old


def test_text_without_secrets_is_left_alone(wanted: Wanted) -> None:
    mask = SecretMask()
    assert all(mask(file.content) == file.content for file in wanted)


def test_the_specs_own_secrets_are_in_no_plan(build_edited: Callable[..., Topology], scripted_reader: Any) -> None:
    old = "failover: {profile: fast}"
    topology = build_edited((old, "failover: {profile: steady, vrrp_version: 2, authentication: password}"))
    secrets = Secrets(**{"vrrp_password": "hunter2"})

    def answer(machine: Machine, argv: Sequence[str]) -> str:
        config = base64.b64encode(b"    auth_pass former\n    # not hunter2\n").decode()
        found = {"kind": "file", "mode": 0o640, "owner": "root", "group": "root", "content": config}
        state = {"files": {"/etc/keepalived/keepalived.conf": found}, "units": dict.fromkeys(UNITS, RUNNING), "packages": {}}
        return json.dumps(
            {
                **state,
                "notes": {},
                "live": [],
                "ours": [],
                "addresses": [],
                **NOTHING_MORE,
            }
        )

    reader = scripted_reader(answer)
    for path in ("/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/ssl/ca.crt"):
        reader.files[path] = FileMissingError("none")
    plan = asyncio.run(make_plan(topology, reader, secrets))
    shown = json.dumps(as_json(plan)) + repr(plan)
    assert "auth_pass <secret-" in shown
    assert "hunter2" not in shown
    assert "former" not in shown


def test_a_long_new_file_is_not_shown_whole(lab_home_topology: Topology, wanted: Wanted, converged: HostState) -> None:
    plan = plan_of(lab_home_topology, wanted, without(HAPROXY_CFG)(converged))
    lines = [line for line, _ in lines_of(plan)]
    assert len(lines) < 60
    assert any("more lines" in line for line in lines)
    changed = with_file(HAPROXY_CFG, content=b"\n" * 200)(converged)
    assert not any("more lines" in line for line, _ in lines_of(plan_of(lab_home_topology, wanted, changed)))


def host_plan(name: str, *, changes: bool = True, holds: tuple[str, ...] = ()) -> HostPlan:
    return HostPlan(name, actions={"haproxy": "reload" if changes else "none"}, packages={}, holds=holds)


def test_the_virtual_ip_moves_only_when_its_holder_has_work() -> None:
    standby, holder = host_plan("lb-2"), host_plan("lb-1", holds=("192.168.1.110",))
    move = "move 192.168.1.110 from lb-1 to lb-2 (planned switchover)"
    assert steps_of([[standby], [holder]]) == ["lb-2: reload haproxy", move, "lb-1: reload haproxy"]
    assert steps_of([[standby], [host_plan("lb-1", changes=False, holds=("192.168.1.110",))]]) == ["lb-2: reload haproxy"]
    assert steps_of([[holder]]) == ["lb-1: reload haproxy"]
    others = [host_plan("lb-3"), host_plan("lb-4")]
    assert steps_of([[standby], others])[1] == "lb-3: reload haproxy; at the same time lb-4: reload haproxy"


def answer_json(wanted: Sequence[RenderedFile], converged: HostState, *, holds: str = "") -> str:
    files = {
        file.path: {
            "kind": "file",
            "mode": file.mode,
            "owner": file.owner,
            "group": file.group,
            "content": base64.b64encode(file.content.encode()).decode(),
        }
        for file in wanted
    }
    packages = {name: {"installed": "1", "offered": None} for name in converged.packages}
    state: Mapping[str, Any] = {"files": files, "units": converged.units, "packages": packages, "notes": converged.notes}
    return json.dumps({**state, "live": [], "ours": [], "addresses": [holds] if holds else [], **NOTHING_MORE})


@pytest.fixture
def reader(lab_home_topology: Topology, converged: HostState, scripted_reader: Any) -> Any:
    """Both load balancers as apply left them before there was a cluster; lb-1 holds the virtual IP."""
    bootstrap = render(lab_home_topology, "bootstrap").hosts

    def answer(machine: Machine, argv: Sequence[str]) -> str:
        files = bootstrap[machine.name]
        state = replace(converged, notes=notes(files))
        return answer_json(files, state, holds="192.168.1.110" if machine.name == "lb-1" else "")

    made = scripted_reader(answer)
    for path in ("/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/ssl/ca.crt"):
        made.files[path] = FileMissingError("none")
    return made


def test_one_command_a_host_and_the_holder_last(lab_home_topology: Topology, reader: Any) -> None:
    plan = asyncio.run(make_plan(lab_home_topology, reader))
    assert (plan.drift, plan.trust) == (False, "bootstrap")
    assert [host.name for host in plan.hosts] == ["lb-2", "lb-1"]
    assert sorted(name for name, _ in reader.asked) == ["lb-1", "lb-2"]


def test_a_host_that_cannot_be_asked_is_part_of_the_plan(lab_home_topology: Topology, reader: Any) -> None:
    usual = reader.answer

    def answer(machine: Machine, argv: Sequence[str]) -> str:
        if machine.name == "lb-2":
            raise HostError("the host did not answer within 5 s", where="lb-2")
        text: str = usual(machine, argv)
        return text

    reader.answer = answer
    plan = asyncio.run(make_plan(lab_home_topology, reader))
    assert [host.name for host in plan.unreachable] == ["lb-2"]
    assert as_json(plan)["hosts"][-1]["problem"].startswith("the host did not answer within 5 s")
    assert any("cannot be reached" in line for line, _ in lines_of(plan.unreachable[0]))


def test_nobody_concludes_that_there_is_no_cluster_from_a_host_that_is_down(lab_home_topology: Topology, reader: Any) -> None:
    for path in list(reader.files):
        reader.files[path] = HostError("down")
    with pytest.raises(HostError, match="down"):
        asyncio.run(make_plan(lab_home_topology, reader))


def test_the_json_holds_everything(lab_home_topology: Topology, wanted: Wanted, converged: HostState) -> None:
    plan = plan_of(lab_home_topology, wanted, with_file(HAPROXY_CFG, content=b"x\n")(converged))
    shown = json.loads(json.dumps(as_json(Plan((plan,), tuple(steps_of([[plan]])), "verified"))))
    assert shown["drift"] is True
    rest = dict.fromkeys((*KEEP_CONNECTIONS, "keepalived", "twinkeel-liveness"), "none")
    assert shown["hosts"][0]["actions"] == {"haproxy": "reload", **rest}
    assert shown["hosts"][0]["files"][0]["path"] == HAPROXY_CFG
    assert "+global\n" in shown["hosts"][0]["files"][0]["diff"]


def test_who_would_not_be_heard_stands_aside_until_the_holder_has_its_new_file(build_edited: Callable[..., Topology]) -> None:
    topology = build_edited(("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, vrid: 99}"))
    desired = Desired(render(topology), None, "verified")

    def pair(live: Topology) -> dict[str, HostState | HostError]:
        vip = live.endpoint.vips[0].ip
        files = {name: {file.path: found(file) for file in mine} for name, mine in render(live).hosts.items()}
        holds = {"lb-1": frozenset({vip}), "lb-2": frozenset[Any]()}
        running = dict.fromkeys(UNITS, RUNNING)
        return {name: HostState(files[name], running, {}, {}, (), (), holds[name]) for name in files}

    made = plan(topology, desired, pair(build_edited()), SecretMask())
    assert made.groups == (("lb-2",), ("lb-1",))
    assert {host.name: host.incompatible_with for host in made.hosts} == {"lb-2": ("lb-1",), "lb-1": ()}
    assert "lb-2 is kept in standby until lb-1 has its new files" in made.steps
    assert made.steps.index("lb-2 is kept in standby until lb-1 has its new files") == 0
    again = plan(topology, desired, pair(topology), SecretMask())
    assert [host.incompatible_with for host in again.hosts] == [(), ()]


FOREIGN = """\
vrrp_script check { script "/usr/local/bin/check" }
vrrp_instance API {
    virtual_router_id 51
    virtual_ipaddress { 192.168.1.110/24 }
    notify_master /usr/local/bin/page
}
"""


def taken_over(topology: Topology, wanted: Wanted, text: str) -> Plan:
    files = {
        file.path: None if file.path != KEEPALIVED_CONF else FoundFile("file", 0o644, "root", "root", text.encode())
        for file in wanted
    }
    state = HostState(files, dict.fromkeys(UNITS, RUNNING), {}, {}, (), (), frozenset())
    desired = Desired(render(topology), None, "verified")
    return plan(topology, desired, {"lb-1": state}, SecretMask())


def test_what_a_foreign_pair_does_besides_is_refused_by_name(lab_home_topology: Topology, wanted: Wanted) -> None:
    made = taken_over(lab_home_topology, wanted, FOREIGN)
    with pytest.raises(UsageError, match=r"lb-1:/etc/keepalived/keepalived\.conf:5: notify_master") as caught:
        refuse_losses(made)
    assert "apply --discard" in caught.value.hint
    # The check script and the router id are replaced by ours: that asks for no word.
    assert [len(host.foreign) for host in made.hosts] == [3]
    assert caught.value.what.count("keepalived.conf:") == 1


def test_a_foreign_pair_that_does_nothing_besides_is_taken_over(lab_home_topology: Topology, wanted: Wanted) -> None:
    without_notify = FOREIGN.replace("    notify_master /usr/local/bin/page\n", "")
    made = taken_over(lab_home_topology, wanted, without_notify)
    refuse_losses(made)
    assert [ending.replaced for host in made.hosts for ending in host.foreign] == [True, True]
