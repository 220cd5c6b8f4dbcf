"""Which files make up which host."""

import io
import os
from pathlib import Path

import pytest

from twinkeel.audit.audit import audit
from twinkeel.audit.given_files.pair import read_pair
from twinkeel.audit.pair import Pair
from twinkeel.errors import UsageError
from twinkeel.liveconfig.words import LONGEST_FILE

HAPROXY = "frontend f\n    bind *:6443\n    default_backend b\nbackend b\n    server s 10.0.0.1:6443\n"
KEEPALIVED = 'vrrp_script c {\n    script "/etc/keepalived/check.sh"\n}\nvrrp_instance v {\n    virtual_router_id 7\n}\n'
SCRIPT = "#!/bin/sh\nexit 0\n"
ON_HOST = {"haproxy/haproxy.cfg": HAPROXY, "keepalived/keepalived.conf": KEEPALIVED}
KEEPALIVED_COPY = ("keepalived.conf", "keepalived-old.conf", KEEPALIVED)


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
        # Scripts anywhere on the host, by folder and by name; other programs are not its scripts.
        (
            {f"lb-1/etc/{name}": text for name, text in ON_HOST.items()}
            | {"lb-1/usr/local/bin/check.sh": SCRIPT, "lb-1/usr/bin/other": SCRIPT, "lb-1/etc/cron.daily/clean": SCRIPT},
            ["lb-1"],
            [("lb-1", 2, 1, ["/usr/local/bin/check.sh"])],
        ),
        (
            {f"lb-1/etc/{name}": text for name, text in ON_HOST.items()} | {"lb-1/usr/local/bin/check.sh": SCRIPT},
            ["lb-1/etc/haproxy/haproxy.cfg", "lb-1/etc/keepalived/keepalived.conf", "lb-1/usr/local/bin/check.sh"],
            [("lb-1", 2, 1, ["/usr/local/bin/check.sh"])],
        ),
        # A script of no host's folder is everybody's.
        (
            {"lb-1/keepalived.conf": KEEPALIVED, "lb-2/keepalived.conf": KEEPALIVED, "scripts/check.sh": SCRIPT},
            ["."],
            [("lb-1", 0, 1, ["check.sh"]), ("lb-2", 0, 1, ["check.sh"])],
        ),
        (
            {"lb-1/keepalived.conf": KEEPALIVED, "lb-1/check.sh": SCRIPT, "lb-2/keepalived.conf": KEEPALIVED},
            ["lb-1", "lb-2"],
            [("lb-1", 0, 1, ["check.sh"]), ("lb-2", 0, 1, [])],
        ),
        # A host is the folder above etc/, wherever the file lies on it.
        ({"lb/usr/local/etc/haproxy/haproxy.cfg": HAPROXY, "lb/opt/keepalived/k.conf": KEEPALIVED}, ["lb"], [("lb", 2, 1, [])]),
        (
            {"lb/etc/haproxy/haproxy.cfg": HAPROXY, "lb/opt/keepalived/k.conf": KEEPALIVED},
            ["lb/opt/keepalived/k.conf", "lb/etc/haproxy/haproxy.cfg"],
            [("lb", 2, 1, [])],
        ),
        ({"lb/etc/kubernetes/proxy/b.cfg": HAPROXY, "lb/etc/lb.conf": KEEPALIVED}, ["lb/etc"], [("lb", 2, 1, [])]),
        # Other programs' files that look a little like HAProxy's.
        (
            {
                "a/haproxy.cfg": HAPROXY,
                "a/nginx.conf": "server {\n    listen 80;\n    listen 443 ssl;\n}\n",
                "a/jail.conf": "[DEFAULT]\nbackend = auto\n",
                "a/default.conf": "backend default {\n}\n",
            },
            ["a"],
            [("a", 2, 0, [])],
        ),
        # A keepalived.conf that holds nothing but an include is the main file by its name.
        ({"a/keepalived.conf": "include conf.d/*.conf\n", "a/conf.d/v.conf": KEEPALIVED}, ["a"], [("a", 0, 1, [])]),
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


def test_an_etc_above_the_folder_is_not_the_host_s(tmp_path: Path) -> None:
    write(tmp_path, {"etc/files/lb-1/haproxy.cfg": HAPROXY, "etc/files/lb-2/haproxy.cfg": HAPROXY})
    folder = tmp_path / "etc/files"
    expected = [("lb-1", 2, 0, []), ("lb-2", 2, 0, [])]
    assert told(read_pair([str(folder)])) == expected
    assert told(read_pair([str(folder / f"lb-{n}/haproxy.cfg") for n in (1, 2)])) == expected


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


def test_an_argument_without_anything_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"lb-1/haproxy.cfg": HAPROXY, "lb-2/readme.txt": "gone"})
    with pytest.raises(UsageError) as raised:
        read_pair([str(tmp_path / "lb-1"), str(tmp_path / "lb-2")])
    assert raised.value.where == str(tmp_path / "lb-2")


@pytest.mark.parametrize("named", [True, False])
def test_a_link_to_itself_is_no_file_that_is_missing(named: bool, tmp_path: Path) -> None:
    write(tmp_path, {"keepalived.conf": KEEPALIVED})
    (tmp_path / "haproxy.cfg").symlink_to("haproxy.cfg")
    with pytest.raises(OSError, match="symbolic links"):
        read_pair([str(tmp_path / "haproxy.cfg" if named else tmp_path)])


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"haproxy.cfg": HAPROXY, "closed/keepalived.conf": KEEPALIVED})
    listed = os.listdir

    def refused(path: Path) -> list[str]:
        if path.name == "closed":
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr("os.listdir", refused)
    with pytest.raises(PermissionError, match="closed"):
        read_pair([str(tmp_path)])


@pytest.mark.parametrize("named", [True, False])
def test_of_a_long_file_the_first_part_is_read_and_that_is_said(named: bool, tmp_path: Path) -> None:
    write(tmp_path, {"haproxy.cfg": HAPROXY + f"# {'é' * 500}\n" * (LONGEST_FILE // 1000), "core": "x" * (LONGEST_FILE + 1)})
    path = tmp_path / "haproxy.cfg"
    pair = read_pair([str(path if named else tmp_path)])
    assert len(pair.hosts[0].haproxy.proxies if pair.hosts[0].haproxy else ()) == 2
    assert pair.notes == ((str(path), f"only its first {LONGEST_FILE} bytes were read"),)


@pytest.mark.parametrize(("main", "copy", "text"), [("haproxy.cfg", "haproxy-2025-01-01.cfg", HAPROXY), KEEPALIVED_COPY])
def test_a_copy_beside_the_file_is_left_out_and_that_is_said(main: str, copy: str, text: str, tmp_path: Path) -> None:
    write(tmp_path, {f"lb/{main}": text, f"lb/{copy}": text})
    pair = read_pair([str(tmp_path)])
    assert [host.name for host in pair.hosts] == ["lb"]
    ((file, why),) = pair.notes
    assert file == str(tmp_path / "lb" / copy)
    assert "taken for a copy" in why
    assert len(read_pair([str(tmp_path / "lb" / copy), str(tmp_path)]).hosts) == 2


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"lb/haproxy.cfg": HAPROXY})
    monkeypatch.setattr("sys.stdin", io.StringIO(KEEPALIVED))
    assert told(read_pair(["-", str(tmp_path)])) == [("lb", 2, 1, [])]
    monkeypatch.setattr("sys.stdin", io.StringIO(HAPROXY))
    assert told(read_pair(["-", str(tmp_path)])) == [("lb", 2, 0, []), ("stdin", 2, 0, [])]
    monkeypatch.setattr("sys.stdin", io.StringIO(KEEPALIVED))
    (host,) = read_pair(["-"]).hosts
    assert host.name == "stdin"
    assert host.instances[0].statement.place.source.name == "<stdin>"
    monkeypatch.setattr("sys.stdin", io.StringIO(HAPROXY.replace("10.0.0.1", "{{ ip }}")))
    with pytest.raises(UsageError, match="a template"):
        read_pair(["-"])


@pytest.mark.parametrize(
    ("files", "path", "what"),
    [
        ({}, "gone", "there is no such file"),
        ({"a/x.yaml": "a: 1\n"}, "a", "nothing to audit"),
        ({"a.yaml": "a: 1\n"}, "a.yaml", "neither"),
        ({"a/check.sh": SCRIPT}, "a", "nothing to audit"),
        ({"haproxy.cfg": ""}, "haproxy.cfg", "it is empty"),
        ({"haproxy.cfg": "maxconn 10\n"}, "haproxy.cfg", "no section of HAProxy"),
        ({"keepalived.conf": "\n# nothing\n  ! at all\n"}, "keepalived.conf", "it is empty"),
        ({"lb-1/haproxy.cfg": HAPROXY, "lb-2/haproxy.cfg": ""}, ".", "it is empty"),
        ({"haproxy.cfg": "g\0l\0"}, "haproxy.cfg", "not a text file"),
        ({"a/haproxy.cfg": "g\0l\0"}, "a", "not a text file"),
        ({}, "/dev/zero", "not a text file"),
        ({"haproxy.cfg": f"{HAPROXY}    server {{{{ host }}}} {{{{ ip }}}}:6443\n"}, "haproxy.cfg", "a template"),
        ({"a/keepalived.conf": f"{{% if master %}}\n{KEEPALIVED}{{% endif %}}\n"}, "a", "a template"),
        ({"lb.conf": f"{KEEPALIVED}! x\nvrrp_script <%= @name %> {{\n}}\n"}, "lb.conf", "a template"),
    ],
)
def test_what_cannot_be_audited(files: dict[str, str], path: str, what: str, tmp_path: Path) -> None:
    write(tmp_path, files)
    with pytest.raises(UsageError, match=what):
        read_pair([str(tmp_path / path)])


def test_a_template_beside_a_configuration_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    write(tmp_path, {"haproxy.cfg": HAPROXY, "web.cfg": "frontend web\n    bind {{ .IP }}:80\n"})
    assert read_pair([str(tmp_path)]).notes == ((f"{tmp_path}/web.cfg", "left out: it is a template (line 2)"),)


def test_placeholders_in_an_inventory_make_no_template(tmp_path: Path) -> None:
    write(
        tmp_path,
        {"haproxy.cfg": HAPROXY, "hosts.ini": "[kube_control_plane]\na ip={{ address }}\n", "group_vars/all.yml": "a: '{{ b }}'\n"},
    )
    assert read_pair([str(tmp_path)]).notes == ()


@pytest.mark.parametrize(
    "line",
    [
        "# {{ ansible_managed }}",
        "maxconn 100  # was {{ maxconn }}",
        """log-format '{"a":{"b":"%{+Q}r"},"c":{}}'""",
        """http-request set-header X %[req.hdr(a),regsub(<,{)]""",
        "http-request deny if { path_reg ^/[0-9]{2}% }",
    ],
)
def test_braces_alone_make_no_template(line: str, tmp_path: Path) -> None:
    write(tmp_path, {"haproxy.cfg": f"{HAPROXY}    {line}\n"})
    assert read_pair([str(tmp_path / "haproxy.cfg")]).hosts[0].haproxy is not None


@pytest.mark.parametrize("content", ["global\n log é\n".encode("latin-1"), b"\xef\xbb\xbfglobal\r\n"])
def test_odd_bytes_are_read(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "haproxy.cfg").write_bytes(content)
    assert read_pair([str(tmp_path / "haproxy.cfg")]).hosts[0].haproxy is not None


def test_a_byte_order_mark_is_neither_lost_nor_in_the_way(tmp_path: Path) -> None:
    write(tmp_path, {"haproxy.cfg": f"\ufeff{HAPROXY}", "keepalived.conf": f"\ufeff{KEEPALIVED}", "check.sh": f"\ufeff{SCRIPT}"})
    pair = read_pair([str(tmp_path)])
    assert [each[1:] for each in told(pair)] == [(2, 1, ["check.sh"])]
    assert pair.hosts[0].remarks == []
    found = [(each.rule.name, Path(each.finding.place.source.name).name) for each in audit(pair).found]
    assert [each for each in found if each[0] in ("byte-order-mark", "broken-shebang")] == [
        ("broken-shebang", "check.sh"),
        ("byte-order-mark", "haproxy.cfg"),
        ("byte-order-mark", "keepalived.conf"),
    ]
