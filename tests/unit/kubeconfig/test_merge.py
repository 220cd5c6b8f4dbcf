"""Merging into a kubeconfig that others write, too: nothing of theirs may change."""

import copy
import difflib
import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from twinkeel.errors import UsageError
from twinkeel.kubeconfig.document import Kubeconfig, KubeconfigError, parse_kubeconfig
from twinkeel.kubeconfig.merge import has_context, merge_kubeconfig
from twinkeel.kubeconfig.target import choose_target, has_current_context, read_text
from twinkeel.kubeconfig.write import Written, update_kubeconfig

ADMIN_CONF = """\
apiVersion: v1
kind: Config
current-context: kubernetes-admin@kubernetes
clusters:
- {name: kubernetes, cluster: {server: "https://192.168.1.110:6443", certificate-authority-data: Y2E=}}
contexts:
- {name: kubernetes-admin@kubernetes, context: {cluster: kubernetes, user: kubernetes-admin}}
users:
- {name: kubernetes-admin, user: {token: secret}}
"""

OTHERS = """\
# my clusters
apiVersion: v1
kind: Config
current-context: work   # the one I use
preferences: {colors: true}
clusters:
  - name: work
    cluster:
      server: https://work.example.org:6443
      certificate-authority: certs/work.pem  # relative to this file
  - name: kubernetes
    cluster: {server: 'https://127.0.0.1:6443', tls-server-name: no}
contexts:
  - name: work
    context:
      cluster: work
      user: sso
      namespace: "on"
users:
  - name: sso
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: ./bin/login
        args: [--realm, "0123"]
        interactiveMode: IfAvailable
x-notes: 0o17
"""


def ours(server: str = "https://192.168.1.110:6443") -> Kubeconfig:
    return parse_kubeconfig(ADMIN_CONF.replace("https://192.168.1.110:6443", server), "admin.conf")


def merged(existing: str, context: str = "lab", cluster: str = "lab", **more: Any) -> str:
    return merge_kubeconfig(existing, "config", ours(), context, cluster, **more)


def test_every_line_of_the_others_stays_as_it_is() -> None:
    text = merged(OTHERS)
    changes = list(difflib.unified_diff(OTHERS.splitlines(), text.splitlines(), lineterm="", n=0))[2:]
    assert [line for line in changes if line.startswith("-")] == []
    assert len([line for line in changes if line.startswith("+")]) == 15
    document = YAML(typ="safe").load(text)
    assert document["current-context"] == "work"
    assert document["clusters"][-1] == {
        "name": "lab",
        "cluster": {"server": "https://192.168.1.110:6443", "certificate-authority-data": "Y2E="},
    }
    assert document["users"][-1] == {"name": "lab-admin", "user": {"token": "secret"}}
    assert document["contexts"][-1]["context"]["cluster"] == "lab"
    assert merged(text) == text


def test_our_context_is_renewed_in_its_place() -> None:
    once = merged(OTHERS)
    again = merge_kubeconfig(once, "config", ours("https://10.0.0.1:6443"), "lab", "lab")
    assert again == once.replace("https://192.168.1.110:6443", "https://10.0.0.1:6443")


@pytest.mark.parametrize("existing", ["", "\n", "# nothing yet\n", "apiVersion: v1\nkind: Config\nclusters: null\ncontexts: []\n"])
def test_a_file_without_contexts_gets_ours_as_the_current_one(existing: str) -> None:
    document = YAML(typ="safe").load(merged(existing))
    assert (document["kind"], document["current-context"]) == ("Config", "lab")
    assert [entry["name"] for entry in document["clusters"]] == ["lab"]


@pytest.mark.parametrize(("context", "section"), [("work", "clusters"), ("kubernetes", "clusters")])
def test_a_name_that_somebody_else_uses_is_refused(context: str, section: str) -> None:
    with pytest.raises(UsageError, match=f"`{section}` has an entry '{context}'") as caught:
        merged(OTHERS, context)
    assert "--context" in caught.value.hint
    assert YAML(typ="safe").load(merged(OTHERS, context, force=True))["contexts"][-1]["context"]["user"] == f"{context}-admin"


def test_another_cluster_of_ours_is_not_overwritten() -> None:
    with pytest.raises(UsageError, match="did not write for other"):
        merged(merged(OTHERS), "lab", "other")


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("clusters: [", "is not YAML", "config:1:"),
        ("a: 1\na: 2\n", "is not YAML", "config:2:"),
        ("- a\n", "not a kubeconfig", "config"),
        ("kind: Pod\n", "not a kubeconfig", "config"),
        ("kind: Config\nusers: {a: b}\n", "`users` of the kubeconfig is not a list", "config"),
        ("kind: Config\n---\nkind: Config\n", "is not YAML", "config:"),
    ],
)
def test_a_malformed_file_is_named_and_left(text: str, what: str, where: str) -> None:
    with pytest.raises(KubeconfigError, match=what) as caught:
        merged(text)
    assert caught.value.where.startswith(where)


texts = st.text(st.characters(codec="ascii", exclude_categories=("Cc",)), max_size=8)
values = st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=2), max_leaves=4)


@settings(max_examples=15)
@given(st.lists(st.tuples(texts, st.dictionaries(texts, values, max_size=2)), max_size=3, unique_by=lambda pair: pair[0]), texts)
def test_other_entries_survive(entries: list[tuple[str, dict[str, Any]]], current: str) -> None:
    document = {
        "kind": "Config",
        "current-context": current,
        "clusters": [{"name": name, "cluster": value} for name, value in entries],
        "users": [{"name": name, "user": value, "odd": value} for name, value in entries],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name, _ in entries],
    }
    stream = StringIO()
    YAML().dump(copy.deepcopy(document), stream)
    result = YAML(typ="safe").load(merged(stream.getvalue(), "ours-1", "lab"))
    assert result["current-context"] == current or (not current and result["current-context"] == "ours-1")
    for section in ("clusters", "users", "contexts"):
        assert result[section][:-1] == document[section]
        assert result[section][-1]["name"].startswith("ours-1")


def test_the_file_that_kubectl_would_change(tmp_path: Path) -> None:
    first, second, missing = tmp_path / "a", tmp_path / "b", tmp_path / "c"
    assert choose_target("lab", {}, tmp_path) == tmp_path / ".kube" / "config"
    assert choose_target("lab", {"KUBECONFIG": f"{missing}:{first}"}, tmp_path) == first
    first.write_text(OTHERS)
    second.write_text(merged(OTHERS))
    assert choose_target("lab", {"KUBECONFIG": f"{missing}:{first}:{second}"}, tmp_path) == second
    assert choose_target("new", {"KUBECONFIG": f"{missing}:{first}:{second}"}, tmp_path) == first
    assert has_context(OTHERS, "work", "a")
    second.write_bytes(b"\xff\xfe")
    with pytest.raises(KubeconfigError, match="not UTF-8"):
        read_text(second)


def test_a_renewal_changes_only_what_we_set() -> None:
    document = YAML().load(merged(OTHERS))
    document["clusters"][-1]["cluster"]["proxy-url"] = "socks5://127.0.0.1:1080"
    document["clusters"][-1]["cluster"]["tls-server-name"] = "api.example.org"
    document["contexts"][-1]["context"]["namespace"] = "shop"
    document["contexts"][-1]["context"]["extensions"].insert(0, {"name": "editor", "extension": {"seen": True}})
    document["users"][-1]["user"]["client-key-data"] = "b2xk"
    stream = StringIO()
    YAML().dump(document, stream)
    renewed = merge_kubeconfig(stream.getvalue(), "config", ours("https://10.0.0.1:6443"), "lab", "lab")
    after = YAML(typ="safe").load(renewed)
    assert after["clusters"][-1]["cluster"]["server"] == "https://10.0.0.1:6443"
    assert after["clusters"][-1]["cluster"]["proxy-url"] == "socks5://127.0.0.1:1080"
    assert after["clusters"][-1]["cluster"]["tls-server-name"] == "api.example.org"
    assert after["contexts"][-1]["context"]["namespace"] == "shop"
    assert [mark["name"] for mark in after["contexts"][-1]["context"]["extensions"]] == ["editor", "twinkeel"]
    assert after["users"][-1]["user"] == {"token": "secret"}


def test_a_leftover_cluster_or_user_in_an_earlier_file_is_where_ours_goes(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    second.write_text(merged(OTHERS))
    for section, entry in (("clusters", "{name: lab, cluster: {}}"), ("users", "{name: lab-admin, user: {}}")):
        first.write_text(f"kind: Config\n{section}: [{entry}]\n")
        assert choose_target("lab", {"KUBECONFIG": f"{first}:{second}"}, tmp_path) == first


def test_the_current_context_is_looked_for_in_every_file_of_the_list(tmp_path: Path) -> None:
    first, second = tmp_path / "a", tmp_path / "b"
    first.write_text("kind: Config\n")
    second.write_text("kind: Config\ncurrent-context: prod\n")
    environment = {"KUBECONFIG": f"{first}:{second}"}
    assert has_current_context(environment, first)
    assert not has_current_context(environment, second)
    assert "current-context" not in merge_kubeconfig("kind: Config\n", "a", ours(), "lab", "lab", has_current=True)


def test_an_update_is_private_with_a_backup_and_kubectls_lock(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(OTHERS)
    path.chmod(0o644)
    assert update_kubeconfig(path, merged) is Written.replaced
    assert (tmp_path / "config.bak").read_text() == OTHERS
    assert {stat.S_IMODE(entry.stat().st_mode) for entry in tmp_path.iterdir()} == {0o600}
    assert update_kubeconfig(path, merged) is Written.unchanged
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["config", "config.bak"]
    lock = tmp_path / "config.lock"
    lock.touch()
    with pytest.raises(UsageError, match="another program is changing"):
        update_kubeconfig(path, lambda old: old + "x: 1\n")
    assert lock.exists()
    lock.unlink()

    def fail(_: str) -> str:
        raise KubeconfigError("no")

    with pytest.raises(KubeconfigError):
        update_kubeconfig(path, fail)
    assert not lock.exists()
