"""Problems of the model become diagnostics at the exact place that causes them."""

from collections.abc import Callable

import pytest

from twinkeel.source import SourceFile
from twinkeel.spec.load import Loaded, load

Edited = Callable[..., Loaded]


def found(loaded: Loaded) -> list[tuple[str, int, int]]:
    return [(item.code, item.span.line if item.span else 0, item.span.column if item.span else 0) for item in loaded.diagnostics]


def test_the_example_is_valid(load_edited: Edited) -> None:
    loaded = load_edited()
    assert loaded.diagnostics == ()
    assert loaded.spec is not None
    assert list(loaded.spec.control_plane) == ["master-1", "master-2", "master-3"]


@pytest.mark.parametrize(
    ("edit", "expected", "said"),
    [
        (("vip: 192", "vipp: 192"), [("S010", 8, 3)], "did you mean `vip`?"),
        (("workers:", "worker:"), [("S010", 16, 1)], "did you mean `workers`?"),
        (
            ("worker-2: 192.168.1.124", "worker-2: {adress: 192.168.1.124}"),
            [("S011", 18, 3), ("S010", 18, 14)],
            "did you mean `address`?",
        ),
        (("{profile: fast}", "{profil: fast}"), [("S010", 20, 12)], "did you mean `profile`?"),
        (("ssh: {user: root}", "ssh: {user: root, colour: red}"), [("S010", 22, 19)], "known keys here: user, port"),
        (("{user: root}", "{user: }"), [("S012", 22, 7)], "no value is given"),
        (("name: lab-home\n", ""), [("S011", 0, 0)], "add a line such as `name: lab-home`"),
        (("192.168.1.124", "192.168.1.256"), [("S014", 18, 13)], "`192.168.1.256` is not an address"),
        (("192.168.1.124", "10"), [("S014", 18, 13)], "`10` is not an address"),
        (("192.168.1.110/24", "192.168.1.110/33"), [("S014", 8, 8)], "prefix length"),
        (("worker-2:", "Worker_2:"), [("S015", 18, 3)], "lower-case letters"),
        (("domain: lab-home.com", "domain: lab home"), [("S015", 4, 9)], "`lab home` cannot be a DNS name"),
        (("port: 6443", "port: 65536"), [("S016", 7, 9)], "a whole number from 1 to 65535"),
        (("port: 6443", "port: https"), [("S012", 7, 9)], "`https` is not a whole number"),
        (("profile: fast", "profile: quick"), [("S013", 20, 21)], "use one of: fast, steady"),
        (("dns: {mode: manual, server: 192.168.1.176}", "dns: none"), [("S012", 19, 6)], "group of `key: value` lines"),
        (("name: lab-home\n", "name: true\n"), [("S012", 3, 7)], "`true` is not text"),
        (("worker-2: 192.168.1.124", "worker-2: [192.168.1.124]"), [("S012", 18, 3)], "write `name: address`"),
        (("worker-2: 192.168.1.124", "worker-2:"), [("S012", 18, 3)], "write `name: address`"),
        (("{profile: fast}", "{profile: stedy}"), [("S013", 20, 21)], "did you mean `steady`?"),
        (("{profile: fast}", "{check_fall: 21}"), [("S016", 20, 24)], "write a whole number from 1 to 20"),
        (("{profile: fast}", "{check_fall: 1.5}"), [("S012", 20, 24)], "`1.5` is not a whole number from 1 to 20"),
        (("{profile: fast}", "{check_timeout: soon}"), [("S012", 20, 27)], "a number of seconds from 0.1 to 60"),
        (("{profile: fast}", "{check_timeout: nan}"), [("S016", 20, 27)], "a number of seconds from 0.1 to 60"),
        (("{profile: fast}", "{failback: 1001}"), [("S014", 20, 22)], "write seconds from 0 to 1000, or `never`"),
        (("{user: root}", "{user: a b}"), [("S015", 22, 13)], "without spaces"),
        (("ssh: {user: root}", "interface: a/b"), [("S015", 22, 12)], "as `ip link` shows it"),
        (("ssh: {user: root}", "haproxy: {version: new}"), [("S015", 22, 20)], "2.6 or 2.6.12"),
        (("ssh: {user: root}", "haproxy: {extra: {globl: x}}"), [("S010", 22, 19)], "did you mean `global`?"),
        (("ssh: {user: root}", "haproxy: {extra: {globals: x}}"), [("S010", 22, 19)], "did you mean `global`?"),
        (("ssh: {user: root}", "haproxy: {metrics: {port: 9}}"), [("S011", 22, 11)], "`address: host`"),
        (("ssh: {user: root}", "haproxy: {metrics: {address: everywhere}}"), [("S014", 22, 30)], "or `host`"),
        (
            ("ssh: {user: root}", "monitoring: {address: host, readers: [anyone]}"),
            [("S014", 22, 39)],
            "or a network as 192.168.1.0/24",
        ),
        (("ssh: {user: root}", "monitoring: {address: host, textfile: /var/t.txt}"), [("S015", 22, 39)], "reads no other files"),
        (("ssh: {user: root}", "services: {web: 80}"), [("S012", 22, 17)], "a group of `key: value` lines"),
        (("ssh: {user: root}", "services: {Web: {port: 80}}"), [("S015", 22, 12)], "a service's name"),
        (("ssh: {user: root}", "services: {web: {port: 80, targets: []}}"), [("S011", 22, 28)], "at least one entry"),
        (("ssh: {user: root}", "services: {web: {port: 80, check: {path: healthz}}}"), [("S015", 22, 42)], "begin with a slash"),
        (("ssh: {user: root}", "services: [web]"), [("S012", 22, 1)], "a group of services, each with its `port`"),
        (("network_plugin: calico", "pod_network: 10.233.64.1/18"), [("S014", 21, 64)], "write 10.233.64.0/18: a network is"),
        (("network_plugin: calico", "pod_network6: 10.0.0.0/8"), [("S014", 21, 65)], "not an IPv6 network"),
        (("network_plugin: calico", "schedule_on_control_plane: 1"), [("S012", 21, 78)], "write true or false"),
        (("network_plugin: calico", "certificate_names: {a: b}"), [("S012", 21, 51)], "a list: [one, another]"),
        (("network_plugin: calico", "certificate_names: [a, {b: c}]"), [("S012", 21, 74)], "`certificate_names[1]`"),
        (("vip: 192.168.1.110/24", "vips: [192.168.1.110/24, x]"), [("S014", 8, 28)], "`x` is not an address with a prefix length"),
        (("vip: 192.168.1.110/24", "vip: {address: 192.168.1.110/24, vrid: 1}"), [("S016", 8, 42)], "from 2 to 255"),
        (("192.168.1.124", "fd00::1%eth0"), [("S014", 18, 13)], "`fd00::1%eth0` is not an address"),
        (("workers:", "workerz: 1\nworkers:"), [("S010", 16, 1)], "did you mean `workers`?"),
    ],
)
def test_one_mistake(load_edited: Edited, edit: tuple[str, str], expected: list[tuple[str, int, int]], said: str) -> None:
    loaded = load_edited(edit)
    assert loaded.spec is None
    assert found(loaded) == expected
    assert any(said in f"{item.message}\n{item.hint}" for item in loaded.diagnostics)


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(load_edited: Edited) -> None:
    loaded = load_edited(
        ("lb-1: 192.168.1.111", "LB: 192.168.1"), ("mode: manual", "mode: magic"), ("name: lab-home\n", "nam: x\n")
    )
    assert found(loaded) == [("S011", 0, 0), ("S010", 3, 1), ("S015", 10, 3), ("S014", 10, 7), ("S013", 19, 13)]


def test_an_unfinished_host_group_asks_for_a_host(load_edited: Edited) -> None:
    loaded = load_edited(("load_balancers:\n  lb-1: 192.168.1.111\n  lb-2: 192.168.1.112\n", "load_balancers: {}\n"))
    assert found(loaded) == [("S011", 9, 1)]


def test_broken_yaml_is_a_diagnostic_too() -> None:
    assert found(load(SourceFile("x.yaml", "a: [\n"))) == [("S001", 2, 1)]


def test_a_version_keeps_its_zeros(load_edited: Edited) -> None:
    loaded = load_edited(("version: 1.35.4", "version: 1.30"))
    assert [item.message for item in loaded.diagnostics] == ["`1.30` is not a version of three parts"]
