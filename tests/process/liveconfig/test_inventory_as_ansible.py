"""Our reading of inventories beside `ansible-inventory --list`: the same groups, children and variables."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from twinkeel.audit.given_files.inventory import read_inventory
from twinkeel.liveconfig.inventory import ALL, UNGROUPED, Inventory
from twinkeel.source import SourceFile

PROGRAM = Path(sys.executable).with_name("ansible-inventory")
GENERATED = 24

INI = """\
; comments of two kinds
# kube_control_plane below
lonely ansible_host=10.9.9.9
[kube_control_plane]
cp-[1:3].example.org ip=10.0.0.1 access_ip='10.0.0.1' flag=yes number=012 float=1.50 empty=
cp-4.example.org:2222 ansible_user="a user" quoted='a=b' hash=a#b list="['a', 'b']" # a comment
[etcd:children] # nested
kube_control_plane
[kube_node]
w[a:c] index=3
w-[08:10]-[x:y]
[0:2]zero
[fd00::1]:22 v6=yes
10.0.0.[7:8]:2022
[k8s_cluster:children]
kube_node
kube_control_plane
later
[k8s_cluster:vars]
loadbalancer_apiserver={'address': '10.0.0.10', 'port': 6443}
plain = some text # and no comment
yes_is_text=yes
true_is_a_value=True
none=None
tuple=(1, 2)
number = 5
text="quoted"
index=1
[later]
cp-1.example.org index=2
[all:vars]
index=0
everywhere=a b c
"""
YAML = """\
---
all:
  vars: {index: 0, everywhere: true, yes_is_true: yes, octal: 012, text: "012", sixty: 1:30, float: 1.5, nothing: ~, hex: 0x1f}
  hosts:
    lonely:
    cp-[1:3].example.org: &node
      ip: 10.0.0.1
      nested: {a: [1, 2, {b: c}]}
      words: >-
        several
        lines
    "cp-4.example.org:2222":
      <<: *node
      ip: 10.0.0.4
    "[fd00::1]:22": {}
  children:
    kube_control_plane:
      hosts: {"cp-[1:3].example.org": {index: 9}, cp-4.example.org: }
    etcd:
      children:
        kube_control_plane:
    kube_node:
      hosts:
        w[a:c]: {bool: no, on: on}
        10.0.0.[7:8]:
      vars:
        ansible_group_priority: 10
        index: 4
    k8s_cluster:
      children: {kube_node: {}, kube_control_plane: {vars: {index: 3, deep: 1}}}
      vars: {index: 2, deep: 0, loadbalancer_apiserver: {address: 10.0.0.10, port: 6443}, secret: !unsafe "{{ x }}"}
    only_text:
      hosts: one-host
      children: kube_node
top:
  hosts: {beside: }
"""
GROUP_VARS = {
    "group_vars/all.yml": "from_all: 1\nindex: 100\n",
    "group_vars/k8s_cluster/a.yml": "from_folder: a\nindex: 200\n",
    "group_vars/k8s_cluster/b.yaml": "from_folder: b\n",
    "group_vars/k8s_cluster/sub/c.yml": "from_sub: c\n",
    "group_vars/k8s_cluster/.hidden.yml": "hidden: 1\n",
    "group_vars/k8s_cluster/note.txt": "note: 1\n",
    "group_vars/etcd": "plain_name: {a: 1}\n",
    "group_vars/kube_node.json": '{"from_json": [1, 2]}',
    "group_vars/empty.yml": "",
    "host_vars/cp-1.example.org.yml": "own: 1\nip: 10.1.1.1\n",
    "host_vars/wa/x.yml": "own: wa\n",
}


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def listed(file: Path) -> Any:
    """What Ansible makes of it; None when it refuses."""
    settings = file.parent / ".ansible.cfg"
    settings.write_text("[defaults]\n")
    environment = {**os.environ, "ANSIBLE_CONFIG": str(settings), "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "1"}
    environment |= {"ANSIBLE_HOME": str(file.parent / ".ansible"), "ANSIBLE_LOCALHOST_WARNING": "0", "PYTHONPATH": ""}
    argv = [str(PROGRAM), "--list", "-i", str(file)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False, env=environment)
    assert ended.returncode == 0 or "Failed to parse" in ended.stderr, ended.stderr
    return json.loads(ended.stdout) if ended.returncode == 0 else None


def ours(file: Path) -> Inventory:
    return read_inventory(SourceFile(str(file), file.read_text()), [])


def marked(value: Any) -> Any:
    return value["__ansible_unsafe"] if isinstance(value, dict) and "__ansible_unsafe" in value else value


def compare(file: Path) -> None:
    theirs, found = listed(file), ours(file)
    assert theirs is not None
    assert found.remarks == [] or "ansible" not in str(found.remarks).lower()
    hostvars = theirs.pop("_meta")["hostvars"]
    # A host without variables is not listed there, and a text that is no template is marked.
    hostvars = {name: {key: marked(each) for key, each in listed_vars.items()} for name, listed_vars in hostvars.items()}
    variables = {
        name: {key: each.value.data for key, each in found.variables(name).items() if key != "ansible_group_priority"}
        for name in found.hosts
    }
    assert {name: each for name, each in variables.items() if each} == hostvars
    parents = {child for group in found.groups.values() if group.name != ALL for child in group.children}
    tops = {name for name in found.groups if name not in parents and name != ALL}
    for name, group in theirs.items():
        if name == ALL:
            assert set(group["children"]) - {UNGROUPED} == (tops | set(found.groups[ALL].children)) - {UNGROUPED}
        elif name == UNGROUPED:
            grouped = {host for each in found.groups.values() if each.name not in (ALL, UNGROUPED) for host in each.hosts}
            assert set(group.get("hosts", [])) == set(found.hosts) - grouped
        else:
            assert group.get("hosts", []) == list(found.groups[name].hosts)
            assert set(group.get("children", [])) == set(found.groups[name].children)
    listed_groups = {name for name, each in found.groups.items() if each.hosts or each.children}
    assert listed_groups - {ALL, UNGROUPED} <= set(theirs)


@pytest.mark.parametrize(("name", "text"), [("hosts.ini", INI), ("hosts.yaml", YAML), ("hosts", INI), ("plain", YAML)])
def test_everything_in_one(name: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, {name: text, **GROUP_VARS})
    compare(tmp_path / name)


def as_ini(model: dict[str, Any]) -> str:
    lines = []
    for group, each in model.items():
        lines += [f"[{group}]"]
        for host, variables in each["hosts"].items():
            lines.append(" ".join([host, *(f"{key}={json.dumps(str(value))}" for key, value in variables.items())]))
        lines += [f"[{group}:children]", *each["children"]] if each["children"] else []
        lines += [f"[{group}:vars]", *(f"{key}={value!r}" for key, value in each["vars"].items())] if each["vars"] else []
    return "\n".join(lines) + "\n"


def as_yaml(model: dict[str, Any]) -> str:
    groups = {
        group: {"hosts": each["hosts"], "vars": each["vars"], "children": dict.fromkeys(each["children"])}
        for group, each in model.items()
    }
    return json.dumps({"all": {"children": groups}}, indent=1)


def generated(chance: random.Random) -> dict[str, Any]:
    """Groups whose children come after them, so that there is no loop; hosts and variables of every kind."""
    names = ["kube_control_plane", "etcd", "kube_node", "k8s_cluster", "calico_rr", "extra", "more"]
    chance.shuffle(names)
    values = [
        1,
        -3,
        1.5,
        True,
        None,
        "text",
        "two words",
        "yes",
        "012",
        "",
        "a=b",
        ["a", 1],
        {"a": {"b": [1]}},
        "1:30",
        "~",
        "0x1f",
        "#x",
    ]
    hosts = [
        "node1",
        "node[1:3]",
        "n-[01:04:2].example.org",
        "rack[a:c]-[0:1]",
        "192.0.2.[8:9]",
        "db:2222",
        "UPPER",
        "under_score",
        "[5:6]x",
    ]

    def variables() -> dict[str, Any]:
        return {f"v{chance.randrange(6)}": chance.choice(values) for _ in range(chance.randrange(4))}

    return {
        name: {
            "hosts": {
                host: {k: v for k, v in variables().items() if isinstance(v, str)}
                for host in chance.sample(hosts, chance.randrange(4))
            },
            "children": chance.sample(names[place + 1 :], chance.randrange(min(3, len(names) - place))),
            "vars": variables() | ({"ansible_group_priority": chance.randrange(1, 4)} if chance.random() < 0.3 else {}),
        }
        for place, name in enumerate(names)
    }


@pytest.mark.parametrize("seed", range(GENERATED))
def test_generated(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same ones every time is the point
    model = generated(chance)
    file = tmp_path / ("hosts.ini" if seed % 2 else "hosts.yml")
    files = {file.name: as_ini(model) if seed % 2 else as_yaml(model)}
    for group in chance.sample(list(model), 3):
        files[f"group_vars/{group}.yml"] = json.dumps({f"v{chance.randrange(6)}": f"file of {group}"})
    write(tmp_path, files)
    compare(file)


@pytest.mark.parametrize(
    "text",
    [
        "[a]\nh[1:\n",
        "[a]\nh[3:1:0]\n",
        "[a:nonsense]\nx\n",
        "[a:children]\nb\n",
        "[a]\nh x\n",
        "[a b]\nh\n",
        "[a]\nh x='1\n",
        "[a:vars]\nx\n",
    ],
)
def test_what_ansible_refuses_is_told(text: str, tmp_path: Path) -> None:
    file = tmp_path / "hosts.ini"
    file.write_text(text)
    assert listed(file) is None
    assert ours(file).remarks


def test_comparing_would_find_a_difference(tmp_path: Path) -> None:
    write(tmp_path, {"hosts.ini": "[a]\nh x=1\n"})
    inventory = ours(tmp_path / "hosts.ini")
    assert (
        listed(tmp_path / "hosts.ini")["_meta"]["hostvars"]
        == {"h": {"x": inventory.variables("h")["x"].value.data}}
        == {"h": {"x": 1}}
    )
