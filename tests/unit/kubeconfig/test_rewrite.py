"""Editing a kubeconfig: exactly one value changes, whatever else the file holds."""

import copy
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from twinkeel.kubeconfig.document import KubeconfigError, parse_kubeconfig
from twinkeel.kubeconfig.rewrite import rewrite_server

WHERE = "master-1:/etc/kubernetes/admin.conf"
SERVER = "https://192.168.1.110:6443"

ADMIN_CONF = """\
# made by kubeadm
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: QUFB  # the authority
    server: https://127.0.0.1:6443
  name: cluster.local
- cluster:
    server: https://other:6443   # must stay
  name: other
contexts:
- context: {cluster: cluster.local, user: "admin"}
  name: admin@cluster.local
current-context: admin@cluster.local
kind: Config
users:
- name: admin
  user:
    client-certificate-data: QUFB
    client-key-data: QUFB
"""


def test_only_the_line_of_the_server_changes() -> None:
    expected = [line.replace("https://127.0.0.1:6443", SERVER) for line in ADMIN_CONF.splitlines()]
    unfolded = rewrite_server(ADMIN_CONF, SERVER, WHERE).splitlines()
    # ruamel may align a comment anew: spaces between a value and its comment say nothing.
    assert [" ".join(line.split()) for line in unfolded] == [" ".join(line.split()) for line in expected]


def test_a_long_certificate_is_not_folded() -> None:
    text = ADMIN_CONF.replace("QUFB  # the", "QUFB" * 500 + "  # the")
    assert "QUFB" * 500 in rewrite_server(text, SERVER, WHERE)


def test_a_server_named_in_a_comment_or_in_another_cluster_is_no_reason_to_touch_it() -> None:
    text = ADMIN_CONF.replace("https://other:6443", "https://127.0.0.1:6443").replace(
        "kubeadm", "kubeadm, server: https://127.0.0.1:6443"
    )
    rewritten = rewrite_server(text, SERVER, WHERE)
    assert rewritten.count("https://127.0.0.1:6443") == 2
    assert rewritten.count(SERVER) == 1


names = st.text("abcdefghijklmnopqrstuvwxyz@.-0123456789", min_size=1, max_size=12)
texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)


@st.composite
def kubeconfigs(draw: st.DrawFn) -> dict[str, Any]:
    clusters = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    chosen = draw(st.sampled_from(clusters))
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "preferences": draw(values),
        "current-context": "here",
        "clusters": [
            {"name": name, "cluster": {"server": draw(texts), "extensions": draw(values), "proxy-url": draw(texts)}}
            for name in clusters
        ],
        "contexts": [{"name": "here", "context": {"cluster": chosen, "user": "me"}}],
        "users": [{"name": "me", "user": {"token": draw(texts)}}, {"name": "you", "user": draw(values)}],
    }


@settings(max_examples=12)
@given(kubeconfigs())
def test_everything_but_the_current_clusters_server_survives(document: dict[str, Any]) -> None:
    expected = copy.deepcopy(document)
    chosen = expected["contexts"][0]["context"]["cluster"]
    next(entry for entry in expected["clusters"] if entry["name"] == chosen)["cluster"]["server"] = SERVER
    rewritten = rewrite_server(dump(document), SERVER, WHERE)
    assert YAML(typ="safe").load(rewritten) == expected
    # Written again, nothing changes any more.
    assert rewrite_server(rewritten, SERVER, WHERE) == rewritten


def dump(document: dict[str, Any]) -> str:

    stream = StringIO()
    YAML().dump(document, stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("clusters: [", "is not YAML", ":1:"),
        ("- a\n- b\n", "not a kubeconfig", ""),
        ("", "not a kubeconfig", ""),
        (ADMIN_CONF.replace("kind: Config", "kind: Pod"), "not a kubeconfig", ""),
        (ADMIN_CONF.replace("current-context: admin@cluster.local", "current-context: none"), "uses the context 'none'", ""),
        (ADMIN_CONF.replace("{cluster: cluster.local", "{cluster: gone"), "uses the cluster 'gone'", ""),
        (ADMIN_CONF.replace("  name: other", "  name: cluster.local"), "names it more than once", ""),
        (ADMIN_CONF.replace("- name: admin\n", "- name: someone\n"), "uses the user 'admin'", ""),
        (ADMIN_CONF.replace("kind: Config", "kind: Config\nkind: Config"), "is not YAML", ""),
    ],
)
def test_a_file_that_cannot_be_used_is_named(text: str, what: str, where: str) -> None:
    with pytest.raises(KubeconfigError, match=what) as caught:
        rewrite_server(text, SERVER, WHERE)
    assert caught.value.where.startswith(WHERE + where)
    assert caught.value.exit_code == 3


def test_one_context_without_a_current_one_is_clear_two_are_not() -> None:
    one = ADMIN_CONF.replace("current-context: admin@cluster.local\n", "")
    assert parse_kubeconfig(one, WHERE).cluster["server"] == "https://127.0.0.1:6443"
    two = one.replace("contexts:\n", "contexts:\n- {name: second, context: {cluster: other, user: admin}}\n")
    with pytest.raises(KubeconfigError, match="2 contexts and no current-context"):
        parse_kubeconfig(two, WHERE)
