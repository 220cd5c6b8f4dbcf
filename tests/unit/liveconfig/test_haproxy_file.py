"""haproxy.cfg as sections: quotes, escapes, conditions, inheritance, several files, and what is not understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.liveconfig.haproxy_file import HaproxyFile, parse_haproxy, write_haproxy
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, build_haproxy, split_address
from twinkeel.liveconfig.haproxy_words import quote
from twinkeel.source import SourceFile


def parsed(*texts: str) -> HaproxyFile:
    return parse_haproxy(SourceFile(f"{place}.cfg", text) for place, text in enumerate(texts))


def config(*texts: str) -> HaproxyConfig:
    return build_haproxy(parsed(*texts))


def words(line: str) -> list[str]:
    return [word.text for word in parsed(f"global\n{line}\n").lines[1].words]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bind *:6443#comment", ["bind", "*:6443"]),
        ('acl a path "/x#y" # z', ["acl", "a", "path", "/x#y"]),
        (r"acl a hdr\ x \#y", ["acl", "a", "hdr x", "#y"]),
        ("log '$HOST \"x\\' local0", ["log", '$HOST "x\\', "local0"]),
        (r'server a "${IP-1.2.3.4}":6443 "\"q\" \$x \\"', ["server", "a", "${IP-1.2.3.4}:6443", '"q" $x \\']),
        ('a "" b', ["a", "", "b"]),
        (r"a \x41\x42", ["a", "AB"]),
        ("a b\\", ["a", "b"]),
        ("\ta\t b\r", ["a", "b"]),
    ],
)
def test_words(line: str, expected: list[str]) -> None:
    assert words(line) == expected


def test_places_are_exact() -> None:
    file = parsed("global\n\n  stats   'a b'  x\n")
    spans = [(word.place.span.line, word.place.span.column, word.place.span.length) for word in file.lines[1].words]
    assert spans == [(3, 3, 5), (3, 11, 5), (3, 18, 1)]


def test_a_quote_without_an_end_is_told_and_read() -> None:
    file = parsed('global\n log "/dev/log local0\n user x\n')
    assert [str(remark.place) for remark in file.remarks] == ["0.cfg:2:6"]
    assert [line.keyword for line in file.sections[0].lines] == ["log", "user"]


def test_conditions() -> None:
    text = """\
global
.if feature(PROMEX)
    maxconn 1
.elif version_atleast(2.5)
    maxconn 2
.else
    maxconn 3
.endif
.if 0
    maxconn 4
.else
    maxconn 5
.endif
    maxconn 6
"""
    lines = parsed(text).sections[0].lines
    assert [(line.value(), line.conditions) for line in lines] == [
        ("1", ("feature(PROMEX)",)),
        ("2", ("version_atleast(2.5)",)),
        ("3", ("not version_atleast(2.5)",)),
        ("5", ()),
        ("6", ()),
    ]


def test_what_is_not_understood_is_told() -> None:
    file = parsed("maxconn 1\n.endif\n.frob x\n.if 1\nglobal\n")
    said = [(remark.place.span.line, remark.text.split(":")[0]) for remark in file.remarks]
    assert said == [
        (1, "this line stands before the first section"),
        (2, ".endif without .if"),
        (3, ".frob is no directive that is known here"),
        (4, "this .if has no .endif"),
    ]


def test_defaults_are_inherited() -> None:
    made = config(
        "defaults one\n mode http\n timeout client 1s\n"
        "frontend a\n timeout client 2s\n"
        "defaults two from one\n timeout server 3s\n"
        "backend b\n no option redispatch\n"
        "backend c from one\n"
        "defaults\n mode tcp\n option redispatch\n"
        "backend d\n"
        "backend e\n no option redispatch\n"
    )
    proxies = {proxy.name: proxy for proxy in made.proxies}
    assert [proxies[name].mode for name in "abcde"] == ["http", "http", "http", "tcp", "tcp"]
    assert proxies["a"].seconds("timeout", "client") == 2.0
    assert [proxies[name].seconds("timeout", "server") for name in "abcd"] == [None, 3.0, None, None]
    assert [proxies[name].option("redispatch") is not None for name in "bcde"] == [False, False, True, False]


def test_defaults_reach_the_next_file_and_sections_do_not() -> None:
    made = config("defaults\n mode http\nfrontend a\n bind :1\n", " bind :2\nfrontend b\n")
    assert made.proxies[1].mode == "http"
    assert len(made.proxies[0].binds) == 1
    assert [str(remark.place) for remark in made.file.remarks] == ["1.cfg:1:2"]


def test_servers_have_what_default_server_gives_them() -> None:
    text = """\
defaults
    default-server inter 5s fall 2
backend b
    server a 1.1.1.1:1
    default-server check ssl verify none
    server b 1.1.1.2:2 no-ssl inter 1s
    server-template t 3 api.example.com:6443 check
"""
    a, b, template = config(text).proxies[0].servers
    assert (a.has("check"), a.seconds("inter"), a.text("fall")) == (False, 5.0, "2")
    assert (b.has("check"), b.has("ssl"), b.seconds("inter"), b.text("verify")) == (True, False, 1.0, "none")
    assert (template.address, template.port) == ("api.example.com", 6443)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.3.4:6443", ("1.2.3.4", 6443)),
        ("*:6443", ("", 6443)),
        (":::6443", ("", 6443)),
        ("[fd00::1]:6443", ("fd00::1", 6443)),
        ("ipv4@10.0.0.1:80", ("10.0.0.1", 80)),
        ("api.example.com", ("api.example.com", None)),
        ("/run/x.sock", ("/run/x.sock", None)),
        ("10.0.0.1:8000-8100", ("10.0.0.1:8000-8100", None)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int | None]) -> None:
    assert split_address(text) == expected


LINE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20)
ANYTHING = st.lists(
    st.one_of(
        LINE,
        st.sampled_from(["global", "defaults x", " frontend f from x", ".if 1", ".else", ".endif", " a \"b c\" 'd' # e", "b\\ c"]),
    ),
    max_size=12,
).map("\n".join)


def meaning(file: HaproxyFile) -> list[tuple[str, ...]]:
    return [tuple(word.text for word in line.words) for line in file.lines]


@given(ANYTHING)
def test_parsed_written_and_parsed_again_it_is_the_same(text: str) -> None:
    first = parsed(text)
    again = parsed(write_haproxy(first))
    assert meaning(again) == meaning(first)
    assert [(one.kind, one.name, len(one.lines)) for one in again.sections] == [
        (one.kind, one.name, len(one.lines)) for one in first.sections
    ]


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=20))
def test_a_quoted_word_is_read_back(text: str) -> None:
    assert words(f"a {quote(text)} b") == ["a", text, "b"]


@given(ANYTHING)
def test_every_place_is_where_its_word_stands(text: str) -> None:
    for line in parsed(text).lines:
        for word in line.words:
            span = word.place.span
            assert word.place.source.line(span.line)[span.column - 1 : span.column - 1 + span.length] == word.raw
