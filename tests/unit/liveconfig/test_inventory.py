"""Positions in inventories, what is not understood, and hostile files; tests/process compares the rest with Ansible itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.liveconfig.host_patterns import MOST_HOSTS, BadPatternError, expand
from twinkeel.liveconfig.inventory import Inventory
from twinkeel.liveconfig.inventory_ini import read_ini
from twinkeel.liveconfig.inventory_yaml import read_variables, read_yaml_inventory
from twinkeel.liveconfig.words import Place
from twinkeel.source import SourceFile

INI = """\
[kube_control_plane]
  cp-[1:2] ip=10.0.0.1  access_ip="10.0.0.2"   # both
[k8s_cluster:children]
kube_control_plane
[all:vars]
loadbalancer_apiserver={'address': '10.0.0.9', 'port': 6443}
 port = 6443
"""
YAML = """\
all:
  hosts:
    cp-1: {ip: 10.0.0.1, nested: {a: [x, "y z"]}}
  children:
    kube_control_plane: {hosts: {cp-1: }}
  vars:
    port: 6443
"""


def ini(text: str) -> Inventory:
    inventory = Inventory([source := SourceFile("h.ini", text)])
    read_ini(source, inventory)
    return inventory


def yaml(text: str) -> Inventory:
    inventory = Inventory([source := SourceFile("h.yml", text)])
    read_yaml_inventory(source, inventory)
    return inventory


def at(place: Place | None) -> str:
    """The text that a place covers, with its line."""
    assert place is not None
    span = place.span
    return f"{span.line}:{place.source.line(span.line)[span.column - 1 : span.column - 1 + span.length]}"


def test_places_in_ini() -> None:
    found = ini(INI)
    assert found.remarks == []
    assert at(found.groups["kube_control_plane"].place) == "1:kube_control_plane"
    assert at(found.hosts["cp-2"].place) == "2:cp-[1:2]"
    variables = found.variables("cp-2")
    assert at(variables["ip"].place) == "2:ip=10.0.0.1"
    assert at(variables["ip"].value.place) == "2:10.0.0.1"
    assert at(variables["access_ip"].value.place) == "2:10.0.0.2"
    assert at(found.groups["k8s_cluster"].children["kube_control_plane"]) == "4:kube_control_plane"
    assert at(variables["loadbalancer_apiserver"].place).startswith("6:loadbalancer_apiserver={")
    port = variables["loadbalancer_apiserver"].value.get("port")
    assert port is not None
    assert port.data == 6443
    assert at(port.place) == "6:{'address': '10.0.0.9', 'port': 6443}"
    assert at(variables["port"].place) == "7:port = 6443"


def test_places_in_yaml() -> None:
    found = yaml(YAML)
    assert found.remarks == []
    assert at(found.groups["kube_control_plane"].place) == "5:kube_control_plane"
    assert at(found.place_in("kube_control_plane", "cp-1")) == "5:cp-1"
    variables = found.variables("cp-1")
    assert (at(variables["ip"].place), at(variables["ip"].value.place)) == ("3:ip", "3:10.0.0.1")
    nested = variables["nested"].value.get("a")
    assert nested is not None
    assert isinstance(nested.items, list)
    assert [at(each.place) for each in nested.items] == ["3:x", '3:"y z"']
    assert at(variables["port"].value.place) == "7:6443"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[a:kind]\n", 1, "a section of the kind kind is not known"),
        ("[a]\nh[1:x]\n", 2, "this range is not understood"),
        ("[a]\nh[1:3\n", 2, "this range is not understood"),
        (f"[a]\nh[1:{MOST_HOSTS + 1}]\n", 2, f"this range stands for more than {MOST_HOSTS} hosts"),
        ("[a]\nh x\n", 2, "this is no name=value"),
        ("[a]\nh x='1\n", 2, "a quote is not closed here"),
        ("[a:children]\nb\n", 2, "there is no section [b]"),
        ("[a:vars]\nx=1\n", 1, "there is no section [a]"),
        ("[a]\n[a:vars]\nx\n", 3, "this is no name=value"),
        ("[a:children]\nb c\n[b]\n", 2, "this is no group's name"),
    ],
)
def test_ini_that_is_not_understood(text: str, line: int, said: str) -> None:
    (remark,) = ini(text).remarks
    assert remark.place.span.line == line
    assert remark.text.startswith(said)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: [\n", 2, "this is no YAML"),
        ("- a\n", 1, "an inventory is a mapping of groups"),
        ("a: b\n", 1, "this is no group"),
        ("a: {hosts: [b]}\n", 1, "hosts is a mapping"),
        ("a:\n  host: {b: }\n", 2, "a group has vars, children and hosts, no host"),
        ("a: {hosts: {b: c}}\n", 1, "a host's variables are a mapping"),
        ("a: {hosts: {'b[': }}\n", 1, "this range is not understood"),
        ("a: {vars: {b: *c}}\n", 1, "there is no such anchor"),
        ("$ANSIBLE_VAULT;1.1;AES256\n", 1, "the file is encrypted"),
    ],
)
def test_yaml_that_is_not_understood(text: str, line: int, said: str) -> None:
    (remark,) = yaml(text).remarks
    assert remark.place.span.line == line
    assert remark.text.startswith(said)


def test_a_loop_of_groups_ends() -> None:
    found = ini("[a:children]\nb\n[b:children]\na\n[b]\nh\n[a:vars]\nx=1\n")
    assert found.hosts_of("a") == ["h"]
    assert found.variables("h")["x"].value.data == 1


@pytest.mark.parametrize(
    ("pattern", "names", "port"),
    [
        ("node", ["node"], None),
        ("node:22", ["node"], 22),
        ("n[1:3]:22", ["n1", "n2", "n3"], 22),
        ("n[08:10]", ["n08", "n09", "n10"], None),
        ("n[a:c]x[0:1]", ["nax0", "nax1", "nbx0", "nbx1", "ncx0", "ncx1"], None),
        ("n[1:6:2]", ["n1", "n3", "n5"], None),
        ("[:2]", ["0", "1", "2"], None),
        ("fd00::1", ["fd00::1"], None),
        ("[fd00::1]:22", ["fd00::1"], 22),
        ("odd!:22", ["odd!:22"], None),
    ],
)
def test_host_patterns(pattern: str, names: list[str], port: int | None) -> None:
    assert expand(pattern) == (names, port)


@pytest.mark.parametrize(
    "pattern", ["n[1:2", "n[1]", "n[1:2:0]", "n[1:2:x]", "n[b:a]", "n[01:5]", "n[1:]", "[1:9][1:9][1:9][1:9][1:9]" * 2]
)
def test_bad_host_patterns(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        expand(pattern)


SIGNS = st.text(alphabet="[]:{}'\"#;=,-&*!<>ab1 \n\t\\%\ufeff\x85é", max_size=120)


@given(SIGNS)
def test_nothing_makes_it_fail(text: str) -> None:
    for read in (ini, yaml):
        found = read(text)
        for name in found.hosts:
            found.variables(name)
        for remark in found.remarks:
            assert remark.place.span.column >= 1
    read_variables(SourceFile("v.yml", text), Inventory())


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "[" * (1 << 20),
        "{a: " * 200_000,
        "a: &a [x]\n" + "".join(f"b{n}: &b{n} [{','.join([f'*b{n - 1}' if n else '*a'] * 9)}]\n" for n in range(30)),
        "a:\n  hosts:\n" + "".join(f"    h{n}: {{ip: 1.1.1.1}}\n" for n in range(40_000)),
        "!" * (1 << 20),
        "- " * 300_000,
        "[a]\n" + "h[0:9][0:9][0:9][0:9]\n" * 50,
        "[a]\nh x=" + "[" * 8_000 + "\n",
        "[a]\nh x=" + "(" * 4_000 + ")" * 4_000 + "\n",
        "".join(f"[g{n}:children]\ng{n + 1}\n" for n in range(3_000)) + "[g3000]\nh\n",
    ],
    ids=range(10),
)
def test_hostile_files_end(text: str) -> None:
    """No time is asserted (scripts/benchmark-audit measures it): what is quadratic does not end here at all."""
    for read in (ini, yaml):
        found = read(text)
        for name in list(found.hosts)[:3]:
            found.variables(name)
