"""`twinkeel init`: by options and by answers, what it refuses, and that nothing is half written."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from twinkeel.cli.init_steps import take_host
from twinkeel.cli.main import cli
from twinkeel.errors import ToolError, UsageError
from twinkeel.source import SourceFile
from twinkeel.spec.document import read_source
from twinkeel.spec.draft import Draft, NewHost
from twinkeel.spec.load import load
from twinkeel.spec.new_files import NewFile, write_new
from twinkeel.spec.new_secrets import METRICS_LENGTH, VRRP_LENGTH
from twinkeel.spec.secrets import load_secrets

BALANCERS = ["--load-balancer", "lb-1=192.168.1.111", "--load-balancer", "lb-2=192.168.1.112"]
MASTERS = [f"--control-plane=master-{n}=192.168.1.10{n}" for n in (1, 2, 3)]
SMALL = ["--name", "small", "--domain", "example.org", "--vip", "192.168.1.110/24", *BALANCERS, *MASTERS]

WRITTEN = """\
# Written by `twinkeel init`. What is not here keeps its default: `twinkeel explain` shows every value in force,
# and docs/spec.md has every key.
name: small
domain: example.org
endpoint:
  name: api.example.org # must resolve to the virtual IP on every node
  vip: 192.168.1.110/24
load_balancers:
  lb-1: 192.168.1.111
  lb-2: 192.168.1.112
control_plane:
  master-1: 192.168.1.101
  master-2: 192.168.1.102
  master-3: 192.168.1.103
"""


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TWINKEEL_FILE", raising=False)
    return tmp_path


def init(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["init", *arguments])


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run init as in a terminal, with these lines typed. (tests/process has a real terminal.)"""

    def answered(*lines: str, options: tuple[str, ...] = ()) -> Result:
        monkeypatch.setattr("twinkeel.cli.init.is_terminal", lambda: True)
        return CliRunner().invoke(cli, ["init", *options], input="".join(f"{line}\n" for line in lines))

    return answered


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_options_alone_write_the_shortest_spec(empty_folder: Path) -> None:
    result = init(*SMALL)

    assert result.exit_code == 0, result.output
    assert (empty_folder / "twinkeel.yaml").read_text() == WRITTEN
    assert load(read_source(empty_folder / "twinkeel.yaml")).diagnostics == ()
    assert names(empty_folder) == {"twinkeel.yaml", "secrets.yaml"}


def test_the_end_says_what_to_do_next(empty_folder: Path) -> None:
    lines = init(*SMALL, "-f", "prod.yaml").output.splitlines()

    assert lines[:3] == ["written: prod.yaml", "written: secrets.yaml (mode 0600; keep it out of Git)", "next:"]
    assert [line.split("  ")[1] for line in lines[3:]] == [
        "twinkeel check -f prod.yaml",
        "twinkeel explain -f prod.yaml",
        "twinkeel render -o out -f prod.yaml",
        "twinkeel apply -f prod.yaml",
    ]


def test_passwords_are_private_long_enough_and_new_every_time(empty_folder: Path) -> None:
    found = []
    for place in ("one", "two"):
        (empty_folder / place).mkdir()
        result = init(*SMALL, "-f", f"{place}/twinkeel.yaml")
        path = empty_folder / place / "secrets.yaml"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        found.append(load_secrets(path, {}))
        assert found[-1].vrrp_password is not None
        assert found[-1].vrrp_password not in result.output

    assert len(found[0].vrrp_password or "") == VRRP_LENGTH
    assert len(found[0].metrics_password or "") == METRICS_LENGTH
    assert found[0].vrrp_password != found[1].vrrp_password
    assert found[0].metrics_password != found[1].metrics_password


def test_what_differs_from_the_defaults_is_written(empty_folder: Path) -> None:
    more = ["--endpoint", "k8s.example.org", "--interface", "ens18", "--profile", "steady", "--ssh-user", "admin", "--port", "7443"]
    result = init(*SMALL, *more, "--worker", "worker-1=192.168.1.121", "--secrets-file", "private.yaml")

    assert result.exit_code == 0, result.output
    loaded = load(read_source(empty_folder / "twinkeel.yaml"))
    assert loaded.diagnostics == ()
    spec = loaded.spec
    assert spec is not None
    assert (spec.endpoint.name, spec.endpoint.port, spec.interface) == ("k8s.example.org", 7443, "ens18")
    assert (spec.failover.profile, spec.ssh.user, spec.secrets_file) == ("steady", "admin", "private.yaml")
    assert list(spec.workers) == ["worker-1"]
    assert names(empty_folder) == {"twinkeel.yaml", "private.yaml"}


def refused(*arguments: str) -> UsageError:
    error = init(*arguments).exception
    assert isinstance(error, UsageError)
    assert list(Path.cwd().iterdir()) == []
    return error


@pytest.mark.parametrize("more", [[], ["--yes"]])
def test_without_a_terminal_nothing_is_asked_and_missing_options_are_named(more: list[str]) -> None:
    error = refused("--name", "small", *BALANCERS, *more)

    assert error.what == "nothing is asked here, and options are missing: --domain, --vip, --control-plane"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--name", "Small"], "--name Small: "),
        (["--domain", "-"], "--domain -: "),
        (["--vip", "192.168.1.300/24"], "--vip 192.168.1.110/24 192.168.1.300/24: "),
        (["--worker", "w-1=192.168.1.101"], "--worker w-1=192.168.1.101: "),
        (["--worker", "w-1"], "--worker: `w-1` is not NAME=ADDRESS"),
        (["--worker", "w-1="], "--worker: `w-1=` is not NAME=ADDRESS"),
        (["--worker", "w-1=10.0.0.1,fd00::1,fd00::2"], "--worker: `w-1=10.0.0.1,fd00::1,fd00::2` is not NAME=ADDRESS"),
        (["--worker", "w-1=10.0.0.1", "--worker", "w-1=10.0.0.2"], "--worker w-1=10.0.0.2: "),
        (["--load-balancer", "lb-3=10.9.9.9"], "--load-balancer lb-3=10.9.9.9: "),
        (["--control-plane", "m-4=192.168.1.104"], "--control-plane: 4 control-plane hosts"),
        (["--profile", "quick"], "--profile quick: "),
        (["--port", "https"], "--port https: "),
        (["--interface", "far too long a name"], "--interface far too long a name: "),
        (["--ssh-user", "two words"], "--ssh-user two words: "),
        (["--endpoint", "api..org"], "--endpoint api..org: "),
    ],
)
def test_a_bad_option_is_named_with_the_reason(more: list[str], said: str) -> None:
    error = refused(*SMALL, *more)

    assert error.what == "the options do not make a good spec"
    assert error.where.startswith(said)
    assert "; " in error.where


def test_all_bad_options_are_told_at_once() -> None:
    error = refused(*SMALL, "--profile", "quick", "--ssh-user", "two words", "--worker", "w-1=nowhere")

    assert [line.strip().split(" ")[0] for line in error.where.splitlines()] == ["--worker", "--profile", "--ssh-user"]


def test_shared_machines_need_a_port_of_their_own(empty_folder: Path) -> None:
    three = [f"--load-balancer=node-{n}=10.20.0.1{n}" for n in (1, 2, 3)] + [f"--control-plane=node-{n}" for n in (1, 2, 3)]
    start = ["--name", "three", "--domain", "example.org", "--vip", "10.20.0.10/24", *three]

    error = refused(*start)
    assert error.where.startswith("--port: a load balancer is a control-plane host")
    assert refused(*start, "--port", "6443").where.startswith("--port 6443: ")

    assert init(*start, "--port", "8443").exit_code == 0
    loaded = load(read_source(empty_folder / "twinkeel.yaml"))
    assert loaded.diagnostics == ()
    assert loaded.spec is not None
    assert loaded.spec.load_balancers == loaded.spec.control_plane


def test_dual_stack(empty_folder: Path) -> None:
    hosts = [f"--load-balancer=lb-{n}=192.168.1.11{n},fd00:1::11{n}" for n in (1, 2)]
    hosts += [f"--control-plane=m-{n}=192.168.1.10{n},fd00:1::10{n}" for n in (1, 2, 3)]

    result = init("--name=dual", "--domain=example.org", "--vip=192.168.1.110/24", "--vip=fd00:1::110/64", *hosts)

    assert result.exit_code == 0, result.output
    loaded = load(read_source(empty_folder / "twinkeel.yaml"))
    assert loaded.spec is not None
    assert [str(vip.address) for _, vip in loaded.spec.endpoint.virtual_ips()] == ["192.168.1.110/24", "fd00:1::110/64"]
    assert str(loaded.spec.load_balancers["lb-2"].address6) == "fd00:1::112"
    assert loaded.spec.kubernetes.pod_network6 is not None


def test_two_kinds_of_virtual_ips_before_nodes_of_one(empty_folder: Path) -> None:
    hosts = [f"--load-balancer=lb-{n}=192.168.1.11{n},fd00:1::11{n}" for n in (1, 2)]

    result = init("--name=mixed", "--domain=example.org", "--vip=192.168.1.110/24", "--vip=fd00:1::110/64", *hosts, *MASTERS)

    assert result.exit_code == 0, result.output
    loaded = load(read_source(empty_folder / "twinkeel.yaml"))
    assert loaded.diagnostics == ()
    assert loaded.spec is not None
    assert loaded.spec.kubernetes.pod_network6 is None


def test_ipv6_alone(empty_folder: Path) -> None:
    hosts = [f"--load-balancer=lb-{n}=fd00:1::11{n}" for n in (1, 2)] + [f"--control-plane=m-{n}=fd00:1::10{n}" for n in (1, 2, 3)]

    result = init("--name=six", "--domain=example.org", "--vip=fd00:1::110/64", *hosts)

    assert result.exit_code == 0, result.output
    loaded = load(read_source(empty_folder / "twinkeel.yaml"))
    assert loaded.diagnostics == ()
    assert loaded.spec is not None
    assert loaded.spec.kubernetes.service_network6 is not None


def test_one_control_plane_host_is_written_with_a_warning(empty_folder: Path) -> None:
    result = init("--name", "one", "--domain", "example.org", "--vip", "192.168.1.110/24", *BALANCERS, MASTERS[0])

    assert result.exit_code == 0
    assert "warning[S032]" in result.output


@pytest.mark.parametrize("taken", ["twinkeel.yaml", "secrets.yaml"])
def test_a_file_that_is_there_is_never_overwritten(empty_folder: Path, taken: str) -> None:
    (empty_folder / taken).write_text("mine")

    error = init(*SMALL).exception

    assert isinstance(error, UsageError)
    assert error.exit_code == 2
    assert error.where == taken
    assert "name another file with -" in error.hint
    assert names(empty_folder) == {taken}
    assert (empty_folder / taken).read_text() == "mine"


def test_spec_and_passwords_are_two_files(empty_folder: Path) -> None:
    error = init(*SMALL, "--secrets-file", "twinkeel.yaml").exception

    assert isinstance(error, UsageError)
    assert "the spec and its passwords cannot be in one file" in str(error)
    assert names(empty_folder) == set()


def test_a_broken_link_counts_as_there(empty_folder: Path) -> None:
    (empty_folder / "twinkeel.yaml").symlink_to("nowhere")

    assert isinstance(init(*SMALL).exception, UsageError)


def test_a_folder_that_is_not_there_is_said_before_anything_is_asked(answer: Callable[..., Result]) -> None:
    result = answer(options=("-f", "nowhere/twinkeel.yaml"))

    assert isinstance(result.exception, UsageError)
    assert "Twinkeel asks" not in result.output


ANSWERS = ("small", "example.org", "192.168.1.110/24", "", "", "lb-1=192.168.1.111", "lb-2=192.168.1.112", "")
ANSWERS += ("master-1=192.168.1.101", "master-2 = 192.168.1.102", "master-3=192.168.1.103", "", "", "", "")


def test_answers_write_the_same_as_options(empty_folder: Path, answer: Callable[..., Result]) -> None:
    result = answer(*ANSWERS)

    assert result.exit_code == 0, result.output
    assert (empty_folder / "twinkeel.yaml").read_text() == WRITTEN


def test_what_an_option_says_is_not_asked(empty_folder: Path, answer: Callable[..., Result]) -> None:
    result = answer("", "", "", options=(*SMALL, "--interface", "eth0", "--profile", "fast"))

    assert result.exit_code == 0, result.output
    assert "cluster's name" not in result.output
    assert (empty_folder / "twinkeel.yaml").read_text() == WRITTEN


def test_a_bad_answer_is_asked_again_with_the_reason(empty_folder: Path, answer: Callable[..., Result]) -> None:
    typed = ["Small", "small", "example.org", "192.168.1.110", "192.168.1.110/24", "", ""]
    typed += ["", "lb-1", "lb-1=192.168.1.300", "lb-1=192.168.1.111", "lb-2=192.168.1.111", "lb-2=192.168.1.112", ""]
    typed += ["master-1=192.168.1.101", "master-2=192.168.1.102", "", "master-3=192.168.1.110", "master-3=192.168.1.103", ""]
    typed += ["", "quick", "fast", ""]

    result = answer(*typed)

    assert result.exit_code == 0, result.output
    assert (empty_folder / "twinkeel.yaml").read_text() == WRITTEN
    for said in (
        "`Small` cannot be",
        "192.168.1.110",
        "at least one host is needed",
        "`lb-1` is not NAME=ADDRESS",
        "`192.168.1.300` is not an address",
        "2 control-plane hosts",
        "`quick` is not one of the choices",
    ):
        assert f"    {said}" in result.output or said in result.output
    assert result.output.count("    hint: ") >= 7


def test_shared_machines_ask_for_the_port(empty_folder: Path, answer: Callable[..., Result]) -> None:
    nodes = [f"node-{n}=10.20.0.1{n}" for n in (1, 2, 3)]

    result = answer(
        "three", "example.org", "10.20.0.10/24", "", "", *nodes, "", "node-1", "node-2", "node-3", "", "", "6443", "", "", ""
    )

    assert result.exit_code == 0, result.output
    loaded = load(read_source(empty_folder / "twinkeel.yaml"))
    assert loaded.spec is not None
    assert loaded.spec.endpoint.port == 8443
    assert "where 6443 is the API server's" in result.output


@pytest.mark.parametrize("typed", range(0, len(ANSWERS), 3))
def test_an_end_of_input_leaves_nothing_behind(empty_folder: Path, answer: Callable[..., Result], typed: int) -> None:
    result = answer(*ANSWERS[:typed])

    assert result.exit_code != 0
    assert names(empty_folder) == set()


@pytest.mark.parametrize("fails", ["link", "fsync", "fchmod"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_nothing_is_half_written(
    empty_folder: Path, monkeypatch: pytest.MonkeyPatch, fails: str, error: type[BaseException] | BaseException
) -> None:
    real, calls = getattr(os, fails), []

    def failing(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise error
        real(*arguments)

    monkeypatch.setattr(os, fails, failing)

    with pytest.raises((KeyboardInterrupt, ToolError)):
        write_new([NewFile(empty_folder / "secrets.yaml", "a", 0o600), NewFile(empty_folder / "twinkeel.yaml", "b")])

    assert len(calls) == 2
    assert names(empty_folder) == set()


def test_a_file_that_appeared_meanwhile_stays(empty_folder: Path) -> None:
    (empty_folder / "twinkeel.yaml").write_text("mine")

    with pytest.raises(UsageError):
        write_new([NewFile(empty_folder / "secrets.yaml", "a", 0o600), NewFile(empty_folder / "twinkeel.yaml", "b")])

    assert names(empty_folder) == {"twinkeel.yaml"}
    assert (empty_folder / "twinkeel.yaml").read_text() == "mine"


LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True) | st.sampled_from(
    ["null", "true", "no", "1e3", "0x1f", "012"]
)


@given(
    name=LABEL,
    domain=st.lists(LABEL, min_size=1, max_size=3).map(".".join),
    hosts=st.lists(LABEL.filter(lambda name: name not in ("bastion", "nodes", "workers")), min_size=5, max_size=9, unique=True),
    interface=st.from_regex(r"[a-z0-9][A-Za-z0-9._-]{0,14}", fullmatch=True),
    user=st.from_regex(r"""[a-z_0-9][a-z0-9_-]{0,15}\$?""", fullmatch=True),
    port=st.sampled_from([443, 6443, 7443, 8443, 16443]),
)
@settings(max_examples=15)
def test_any_good_answers_load_as_they_were_given(
    name: str, domain: str, hosts: list[str], interface: str, user: str, port: int
) -> None:
    addresses = {host: f"10.1.2.{number}" for number, host in enumerate(hosts, 10)}
    draft = Draft(name, domain, f"api.{domain}", ("10.1.2.3/24",), interface, port=str(port), ssh_user=user)
    for host in hosts:
        field = "load_balancers" if host in hosts[:2] else "control_plane" if host in hosts[2:5] else "workers"
        draft = take_host(draft, field, f"{host}={addresses[host]}")

    loaded = load(SourceFile("twinkeel.yaml", draft.text()))

    assert loaded.spec is not None, loaded.diagnostics
    spec = loaded.spec
    assert (spec.name, spec.domain, spec.endpoint.name, spec.interface) == (name, domain, f"api.{domain}", interface)
    assert (spec.endpoint.port, spec.ssh.user) == (port, user)
    groups = [spec.load_balancers, spec.control_plane, spec.workers]
    assert [(host, str(item.address)) for group in groups for host, item in group.items()] == list(addresses.items())


def test_a_host_of_another_group_is_taken_by_its_name() -> None:
    draft = Draft(load_balancers=(NewHost("node-1", "10.0.0.1", "fd00::1"),))

    assert take_host(draft, "workers", " node-1 ").workers == draft.load_balancers


def test_a_warning_is_told_once_and_not_after_every_answer(answer: Callable[..., Result]) -> None:
    result = answer(*ANSWERS[:6], *ANSWERS[7:])

    assert result.exit_code == 0, result.output
    assert result.output.count("    warning: one load balancer") == 1


def test_a_host_of_another_group_with_another_address_is_refused() -> None:
    error = refused(*SMALL, "--worker", "master-1=192.168.1.55")

    assert error.where.startswith("--worker master-1=192.168.1.55: ")
