"""Which files make up which host."""

import io
from pathlib import Path

import pytest

from twinkeel.app.audit_input import read_pair
from twinkeel.audit.pair import Pair
from twinkeel.errors import UsageError

HAPROXY = "frontend f\n    bind *:6443\n    default_backend b\nbackend b\n    server s 10.0.0.1:6443\n"
KEEPALIVED = 'vrrp_script c {\n    script "/etc/keepalived/check.sh"\n}\nvrrp_instance v {\n    virtual_router_id 7\n}\n'
SCRIPT = "#!/bin/sh\nexit 0\n"


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def told(pair: Pair) -> list[tuple[str, int, int, list[str]]]:
    """By host: its name, how many proxies and instances it has, and the paths of its scripts."""
    return [
        (host.name, len(host.haproxy.proxies) if host.haproxy else 0, len(host.instances), [script.path for script in host.scripts])
        for host in pair.hosts
    ]


@pytest.mark.parametrize(
    ("files", "paths", "expected"),
    [
        (
            {
                f"lb-{n}/etc/{p}": t
                for n in (1, 2)
                for p, t in (("haproxy/haproxy.cfg", HAPROXY), ("keepalived/keepalived.conf", KEEPALIVED))
            }
            | {"lb-1/etc/keepalived/check.sh": SCRIPT},
            ["."],
            [("lb-1", 2, 1, ["/etc/keepalived/check.sh"]), ("lb-2", 2, 1, [])],
        ),
        ({"a/haproxy.cfg": HAPROXY, "a/keepalived.conf": KEEPALIVED}, ["a/haproxy.cfg", "a/keepalived.conf"], [("a", 2, 1, [])]),
        ({"a/haproxy/haproxy.cfg": HAPROXY, "a/keepalived/keepalived.conf": KEEPALIVED}, ["a"], [("a", 2, 1, [])]),
        (
            {"a/haproxy.cfg": HAPROXY, "a/keepalived-1.conf": KEEPALIVED, "a/keepalived-2.conf": KEEPALIVED},
            ["a"],
            [("keepalived-1", 2, 1, []), ("keepalived-2", 2, 1, [])],
        ),
        ({"a/lb1.cfg": HAPROXY, "a/lb2.cfg": HAPROXY}, ["a"], [("a-1", 2, 0, []), ("a-2", 2, 0, [])]),
        ({"a/conf.d/1.cfg": "global\n", "a/conf.d/2.cfg": HAPROXY}, ["a"], [("a", 2, 0, [])]),
        (
            {"a/keepalived.conf": "include conf.d/*.conf\nglobal_defs {\n}\n", "a/conf.d/v.conf": KEEPALIVED},
            ["a"],
            [("a", 0, 1, [])],
        ),
        (
            {"a/haproxy.cfg": HAPROXY, "a/readme.txt": "global", "a/.git/haproxy.cfg": HAPROXY, "a/b.conf": "x=1\n"},
            ["a"],
            [("a", 2, 0, [])],
        ),
    ],
)
def test_hosts(
    files: dict[str, str],
    paths: list[str],
    expected: list[tuple[str, int, int, list[str]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path, files)
    monkeypatch.chdir(tmp_path)
    assert told(read_pair(paths)) == expected


def test_includes_of_a_host_s_own_paths_are_found_below_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "lb/etc/keepalived/keepalived.conf": "global_defs {\n}\ninclude /etc/keepalived/conf.d/*.conf\n",
            "lb/etc/keepalived/conf.d/a.conf": KEEPALIVED,
        },
    )
    assert told(read_pair([str(tmp_path)])) == [("lb", 0, 1, [])]


def test_this_machine_s_own_files_are_never_read(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "outside.conf": KEEPALIVED,
            "lb/keepalived.conf": f"global_defs {{\n}}\ninclude ../outside.conf\ninclude {tmp_path}/outside.conf\n",
        },
    )
    (host,) = read_pair([str(tmp_path / "lb")]).hosts
    assert host.instances == []
    assert len(host.remarks) == 2


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(KEEPALIVED))
    (host,) = read_pair(["-"]).hosts
    assert host.instances[0].statement.place.source.name == "<stdin>"


@pytest.mark.parametrize(
    ("files", "path", "what"),
    [
        ({}, "gone", "there is no such file"),
        ({"a/x.yaml": "a: 1\n"}, "a", "nothing to audit"),
        ({"a.yaml": "a: 1\n"}, "a.yaml", "neither"),
        ({"a/check.sh": SCRIPT}, "a", "nothing to audit"),
    ],
)
def test_what_cannot_be_audited(files: dict[str, str], path: str, what: str, tmp_path: Path) -> None:
    write(tmp_path, files)
    with pytest.raises(UsageError, match=what):
        read_pair([str(tmp_path / path)])


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", "global\n log é\n".encode("latin-1"), b"\xef\xbb\xbfglobal\r\n"])
def test_odd_bytes_are_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_bytes(content)
    assert read_pair([str(tmp_path / "haproxy.cfg")]).hosts[0].haproxy is not None
