"""keepalived.conf as statements, as written and as it counts on a host."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinkeel.liveconfig.keepalived.file import DEEPEST, Statement, parse_keepalived, write_keepalived
from twinkeel.liveconfig.keepalived.model import VrrpConfig
from twinkeel.liveconfig.keepalived.resolve import MOST_STATEMENTS, KeepalivedConfig, resolve_keepalived
from twinkeel.source import SourceFile


def tree(statement: Statement) -> list[object]:
    """Nested lists of words."""
    return [[*(word.text for word in each.words), *([tree(each)] if each.opened else [])] for each in statement.block]


def parsed(text: str) -> list[object]:
    return tree(parse_keepalived(SourceFile("k.conf", text)).root)


def resolved(text: str, host: str = "lb-1", files: Mapping[str, str] | None = None) -> KeepalivedConfig:
    def read(_source: SourceFile, pattern: str) -> list[SourceFile]:
        return [SourceFile(pattern, files[pattern])] if files and pattern in files else []

    return resolve_keepalived(SourceFile("k.conf", text), host, read)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b{\n c\n}", [["a", "b", [["c"]]]]),
        ("a\n{ b c }", [["a", [["b", "c"]]]]),
        ("a { b }\nc", [["a", [["b"]]], ["c"]]),
        ("a 1!x\nb 2#y\n! z\n", [["a", "1"], ["b", "2"]]),
        ('script "/bin/x --a #b {" # c', [["script", "/bin/x --a #b {"]]),
        ('a"b c"d', [["a", "b c", "d"]]),
        (r"a \#b \!c", [["a", "#b", "!c"]]),
        ("a {\n b {\n }\n", [["a", [["b", []]]]]),
        ("} a", [["a"]]),
    ],
)
def test_statements(text: str, expected: list[object]) -> None:
    assert parsed(text) == expected


def test_odd_braces_are_told() -> None:
    file = parse_keepalived(SourceFile("k.conf", "}\na {\n{ b }\n"))
    assert [(str(remark.place), remark.text.split(":")[0]) for remark in file.remarks] == [
        ("k.conf:1:1", "this brace closes nothing"),
        ("k.conf:3:1", "this brace opens a block without a keyword"),
        ("k.conf:2:3", "this brace is not closed"),
    ]


def test_blocks_that_nest_too_deep_are_told_once_and_read() -> None:
    deep = "a { " * (DEEPEST + 20) + "} " * (DEEPEST + 20) + "b"
    file = parse_keepalived(SourceFile("k.conf", deep))
    assert [remark.text.split(":")[0] for remark in file.remarks] == [f"blocks nest more than {DEEPEST} deep"]
    assert file.root.block[-1].keyword == "b"


CONDITIONS = """\
@lb-1 $PRIORITY=200
@lb-2 $PRIORITY=100
vrrp_instance a {
    priority $PRIORITY
    @lb-1 state MASTER
    @^lb-1 state BACKUP
}
"""


@pytest.mark.parametrize(("host", "expected"), [("lb-1", ["200", "MASTER"]), ("lb-2", ["100", "BACKUP"])])
def test_conditions_and_parameters(host: str, expected: list[str]) -> None:
    config = resolved(CONDITIONS, host)
    assert [line.value() for line in config.root.block[0].block] == expected
    assert all(not line.condition for line in config.root.block[0].block)


def test_of_a_host_that_no_condition_names_all_alternatives_are_kept() -> None:
    config = resolved(CONDITIONS, "elsewhere")
    assert [(line.condition, line.value()) for line in config.root.block[0].block] == [
        ("", "100"),
        ("@lb-1", "MASTER"),
        ("@^lb-1", "BACKUP"),
    ]


def test_sequences_and_lists() -> None:
    text = "~SEQ(N, 1, 3) a ${N}\n~SEQ(N, 6, -2, 2) b $N\n~LST(W, x, y) c $W\n~SEQx(N, 9, 11) d $N\n"
    assert [" ".join(word.text for word in each.words) for each in resolved(text).root.block] == [
        *("a 1", "a 2", "a 3", "b 6", "b 4", "b 2", "c x", "c y", "d 9", "d a", "d b"),
    ]


def test_a_definition_of_several_lines_has_the_places_of_its_lines() -> None:
    text = "$CHECK= script x \\\n   interval 2 \\\n   weight -2\nvrrp_script a {\n    $CHECK\n}\n"
    lines = resolved(text).root.block[0].block
    assert [(line.keyword, line.value(), line.place.span.line, line.place.span.column) for line in lines] == [
        ("script", "x", 1, 9),
        ("interval", "2", 2, 4),
        ("weight", "-2", 3, 4),
    ]


def test_parameters_that_hold_each_other_end() -> None:
    text = "$A=$B $B\n$B=$A $A\nx $A\n"
    assert resolved(text).root.block[0].keyword == "x"


def test_includes() -> None:
    config = resolved("include a.conf\nb\n", files={"a.conf": "vrrp_instance x {\n priority 3\n}\n"})
    assert [each.keyword for each in config.root.block] == ["vrrp_instance", "b"]
    assert str(config.root.block[0].block[0].place) == "a.conf:2:2"
    assert [source.name for source in config.sources] == ["k.conf", "a.conf"]


def test_an_include_that_is_missing_or_names_itself_is_told() -> None:
    config = resolved("include a.conf\ninclude none.conf\n", files={"a.conf": "include a.conf\nb\n"})
    assert [each.keyword for each in config.root.block] == ["b"]
    assert [remark.text.split(":")[0] for remark in config.remarks] == ["a.conf includes itself", "no file none.conf is here"]


def test_more_statements_than_anybody_has_end_in_a_remark() -> None:
    config = resolved("~SEQ(N, 1, 9000) a $N\n" * 5)
    assert len(config.root.block) == MOST_STATEMENTS
    assert len(config.remarks) == 1


def test_the_model() -> None:
    text = """\
global_defs {
    vrrp_version 3
    default_interface eth1
}
vrrp_script s {
    script "/usr/bin/true"
    weight -5
}
track_file f {
    file /run/f
}
vrrp_instance v {
    state MASTER
    nopreempt
    virtual_router_id 7
    priority 120
    advert_int 0.5
    unicast_src_ip 10.0.0.1
    unicast_peer {
        10.0.0.2 min_ttl 255
    }
    virtual_ipaddress {
        10.0.0.9/24 dev eth1 label eth1:vip
    }
    track_script {
        s weight -9
        gone
    }
    track_file {
        f
    }
}
"""
    instance = VrrpConfig(resolved(text)).instances[0]
    assert (instance.version, instance.interface, instance.vrid, instance.priority, instance.advert_int) == (3, "eth1", 7, 120, 0.5)
    assert (instance.nopreempt, [peer.text for peer in instance.peers]) == (False, ["10.0.0.2"])
    assert [str(vip) for _, vip in instance.vips] == ["10.0.0.9/24"]
    assert [(each.word.text, each.kind, each.weight, each.definition is not None) for each in instance.trackers] == [
        ("s", "script", -9, True),
        ("gone", "script", 0, False),
        ("f", "file", 1, True),
    ]


PIECES = [
    "a",
    "b {",
    "}",
    "{",
    '"c d"',
    "$X=1",
    "@h e",
    "@^h f {",
    "~SEQ(N,1,2) g",
    "# h",
    "! i {",
    "$Y= j \\",
    "k # l",
    '"',
    "$X",
    "include m",
    "\\#",
]
TEXT = st.lists(st.lists(st.sampled_from(PIECES), max_size=4).map(" ".join), max_size=14).map("\n".join)
WILD = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Zl", "Zp"]), max_size=60)


def full(statement: Statement) -> list[object]:
    return [
        (
            each.condition,
            each.repeat,
            each.defines,
            [word.text for word in each.values],
            [word.text for word in each.words],
            each.opened,
            full(each),
        )
        for each in statement.block
    ]


@given(st.one_of(TEXT, WILD))
def test_parsed_written_and_parsed_again_it_is_the_same(text: str) -> None:
    first = parse_keepalived(SourceFile("k.conf", text)).root
    again = parse_keepalived(SourceFile("k.conf", write_keepalived(first))).root
    assert full(again) == full(first)


@given(st.one_of(TEXT, WILD))
def test_resolving_never_fails(text: str) -> None:
    resolved(text, files={"m": text})
