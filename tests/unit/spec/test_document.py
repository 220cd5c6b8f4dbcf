"""YAML in, values with positions out; every kind of broken text with its exact place."""

from pathlib import Path

import pytest

from twinkeel.errors import SpecError
from twinkeel.source import SourceFile, Span
from twinkeel.spec.document import MAX_BYTES, DocumentError, parse, read_source


def problems(text: str) -> list[tuple[str, int, int]]:
    try:
        diagnostics = parse(SourceFile("x.yaml", text)).diagnostics
    except DocumentError as error:
        diagnostics = error.diagnostics
    return [(item.code, item.span.line if item.span else 0, item.span.column if item.span else 0) for item in diagnostics]


def test_values_are_plain_and_numbers_keep_their_text() -> None:
    document = parse(SourceFile("x.yaml", "version: 1.30\nport: 6443\nflag: true\nnot_a_flag: one\nnothing:\nlist: [a, {b: c}]\n"))
    assert document.values == {
        "version": "1.30",
        "port": "6443",
        "flag": True,
        "not_a_flag": "one",
        "nothing": None,
        "list": ["a", {"b": "c"}],
    }


def test_every_key_and_value_has_its_place() -> None:
    document = parse(SourceFile("x.yaml", 'a:\n  "b": one two\n  c: {d: 4}\ne: [5, 66]\n'))
    assert document.key_span(("a", "b")) == Span(2, 3, 3)
    assert document.value_span(("a", "b")) == Span(2, 8, 7)
    assert document.value_span(("a", "c", "d")) == Span(3, 10, 1)
    assert document.value_span(("e", 1)) == Span(4, 8, 2)


def test_a_mapping_and_an_empty_value_are_found_at_their_key() -> None:
    document = parse(SourceFile("x.yaml", "a:\n  b: {}\nc:\n"))
    assert document.value_span(("a",)) == Span(1, 1, 1)
    assert document.value_span(("c",)) == Span(3, 1, 1)


def test_a_path_that_is_not_there_leads_to_what_encloses_it() -> None:
    document = parse(SourceFile("x.yaml", "first: 1\na:\n  b: 2\n"))
    assert document.value_span(("a", "b", "c", "d")) == Span(3, 6, 1)
    assert document.key_span(("a", "x")) == Span(2, 1, 1)
    assert document.key_span(()) == Span(1, 1)


def test_an_alias_is_the_value_it_stands_for() -> None:
    document = parse(SourceFile("x.yaml", "a: &one {b: 1}\nc: *one\n"))
    assert document.values["c"] == {"b": "1"}


BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True)
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a: 1\nb: [1\nc: 2\n", [("S001", 3, 2)], id="bracket not closed"),
        pytest.param('a: 1\nb: "x\n', [("S001", 2, 4)], id="quote not closed"),
        pytest.param("a: b: c\n", [("S001", 1, 5)], id="two colons"),
        pytest.param("a: 1\n  b: 2\n", [("S001", 2, 4)], id="bad indentation"),
        pytest.param("a: *x\n", [("S001", 1, 4)], id="unknown alias"),
        pytest.param("a: 1\n---\nb: 2\n", [("S001", 2, 1)], id="two documents"),
        pytest.param("a: 1\nb: x\x01y\n", [("S001", 2, 5)], id="control character"),
        pytest.param("a:\n\tb: 1\n", [("S002", 2, 1)], id="tab as indentation"),
        pytest.param("a: 1\nb:\t c: 1\n", [("S002", 2, 3)], id="tab after a colon"),
        pytest.param("a: 1\nb: 2\na: 3\n", [("S003", 3, 1)], id="key given twice"),
        pytest.param("x:\n  a: 1\n  a: 2\nz:\n  b: 1\n  b: 2\n", [("S003", 3, 3), ("S003", 6, 3)], id="two keys given twice"),
        pytest.param(BOMB, [("S004", 5, 1)], id="aliases that blow up"),
        pytest.param("a: &a\n  b: *a\n", [("S004", 1, 1)], id="alias to itself"),
        pytest.param("a: " + "[" * 5000, [("S004", 1, 24)], id="nested too deep"),
        pytest.param("a: 1\nb: " + "!" * 70_000, [("S004", 2, 1)], id="a line that no person wrote"),
        pytest.param("", [("S005", 0, 0)], id="empty"),
        pytest.param("# nothing\n", [("S005", 0, 0)], id="only a comment"),
        pytest.param("\n- a\n", [("S005", 2, 1)], id="a list"),
        pytest.param("hello\n", [("S005", 1, 1)], id="one word"),
        pytest.param("a: 1\nb: \ufffd\n", [("S006", 2, 4)], id="not UTF-8"),
        pytest.param("a: !vault x\n", [("S007", 1, 4)], id="tag"),
        pytest.param("? [a]\n: b\n", [("S007", 1, 3)], id="a list as key"),
        pytest.param("a: {{ b }}\n", [("S007", 1, 5)], id="an unquoted template"),
        pytest.param("a: 1\nb: 0123\n", [("S008", 2, 4)], id="octal"),
        pytest.param("%YAML 1.1\n---\na: 1\n", [("S001", 2, 1)], id="a directive"),
        pytest.param("a: 0b11\nb: 1_000\n", [("S008", 1, 4), ("S008", 2, 4)], id="more numbers of other languages"),
        pytest.param("a: 12:30\n", [("S008", 1, 4)], id="base 60"),
        pytest.param("a: yes\nb: [Off, n]\n", [("S009", 1, 4), ("S009", 2, 5), ("S009", 2, 10)], id="old booleans"),
        pytest.param("a:\n  no: 1\n", [("S009", 2, 3)], id="an old boolean as key"),
        pytest.param('a: "x\\0y"\nb: "\\ud800"\n', [("S001", 1, 4), ("S001", 2, 4)], id="escaped control character"),
        pytest.param('"\\e": 1\n', [("S001", 1, 1)], id="control character in a key"),
        pytest.param("a: !x {b: 0123}\na: 2\n", [("S007", 1, 4), ("S008", 1, 11), ("S003", 2, 1)], id="several at once"),
        pytest.param("a: 0o17\nb: 0x1F\n", [("S008", 1, 4), ("S008", 2, 4)], id="other bases"),
    ],
)
def test_broken_text(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert problems(text) == expected


@pytest.mark.parametrize(
    "text",
    ["0", "-0", "0.5", '"0123"', '"no"', "'12:30'", "none", "True", "1:2:3:4:5:6:7:8", "192.168.1.50:514", "1.30.0", "a:1"],
)
def test_what_means_one_thing_to_everybody_is_fine(text: str) -> None:
    assert problems(f"a: {text}\n") == []


def test_a_plain_number_keeps_its_text_and_knows_its_value() -> None:
    values = parse(SourceFile("x.yaml", "a: 1.30\nb: 12\nc: '12'\n")).values
    assert [str(value) for value in values.values()] == ["1.30", "12", "12"]
    assert [getattr(value, "number", None) for value in values.values()] == [1.3, 12, None]


def test_the_keys_on_and_off_of_power_are_our_own() -> None:
    assert problems("power:\n  off: a\n  on: b\n") == []
    assert problems("powers:\n  off: a\n") == [("S009", 2, 3)]


def test_lines_end_where_yaml_says_so_and_nowhere_else() -> None:
    assert problems("a: 'x\u2028y'\nb: 0123\n") == [("S008", 2, 4)]
    assert SourceFile("x", "a\x0bb\r\nc\rd\x85e\n").lines == ["a\x0bb", "c", "d\x85e", ""]


def test_a_key_given_twice_names_the_first_place() -> None:
    document = parse(SourceFile("x.yaml", "a: 1\nb: 2\na: 3\n"))
    assert document.diagnostics[0].related == ((Span(1, 1, 1), "first given here"),)
    assert document.values == {"a": "1", "b": "2"}


def test_a_byte_that_is_not_utf8_is_found_at_its_place(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"name: x\ndomain: a\xff\n")
    with pytest.raises(DocumentError) as caught:
        parse(read_source(path))
    assert caught.value.diagnostics[0].span == Span(2, 10)


def test_a_byte_order_mark_does_not_shift_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfname: x\r\nb: y\r\n")
    document = parse(read_source(path))
    assert document.key_span(("name",)) == Span(1, 1, 4)
    assert document.values == {"name": "x", "b": "y"}


def test_a_file_that_cannot_be_read_says_so_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"no such spec file\n  where: .*gone\.yaml\n  hint: .*-f FILE"):
        read_source(tmp_path / "gone.yaml")
    with pytest.raises(SpecError, match="-f /dev/stdin"):
        read_source(Path("-"))
    with pytest.raises(SpecError, match="cannot be read: Is a directory"):
        read_source(tmp_path)


def test_a_device_that_never_ends_is_refused() -> None:
    with pytest.raises(SpecError, match="larger than"):
        read_source(Path("/dev/zero"))


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(SpecError, match="larger than"):
        read_source(path)
