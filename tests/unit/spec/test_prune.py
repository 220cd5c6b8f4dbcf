"""What is broken hides nothing else. `tests/fuzz/test_pruning.py` breaks every key and value in turn."""

from pathlib import Path

from twinkeel.source import SourceFile, Span
from twinkeel.spec.load import load

TEXT = (Path(__file__).parents[2] / "fuzz/every-key.yaml").read_text()


def test_a_broken_value_hides_no_other_problem() -> None:
    """Each level of problems at once: YAML, model, rules."""
    text = TEXT.replace("port: 8443", "port: 0777").replace("profile: steady", "profile: stedy")
    text = text.replace("worker-1: {address: 192.168.7.141", "worker-1: {address: 192.168.7.111").replace("etcd-3:", "bastion:")
    text = text.replace("192.168.7.110/24", "192.168.7.999/24").replace("vrid: 77", "vrid: 51")
    found = [(item.code, item.span.line) for item in load(SourceFile("x.yaml", text)).diagnostics if item.span]
    assert found == [("S008", 6), ("S014", 8), ("S045", 9), ("S034", 23), ("S021", 25), ("S013", 37)]


def test_places_after_a_broken_list_item_stay_right() -> None:
    text = TEXT.replace("192.168.7.110/24", "nonsense").replace("192.168.7.120/24", "192.168.7.112/24")
    found = [(item.code, item.span) for item in load(SourceFile("x.yaml", text)).diagnostics]
    assert found == [("S014", Span(8, 7, 8)), ("S025", Span(9, 17, 16))]


def test_nothing_is_concluded_from_what_a_broken_value_would_have_said() -> None:
    for broken in ("[[]]", '"\\0"', "no"):
        text = TEXT.replace(
            'lb-1: {address: 192.168.7.111, address6: "fd07::111"', f"lb-1: {{address: 192.168.7.111, address6: {broken}"
        )
        found = [item.code for item in load(SourceFile("x.yaml", text)).diagnostics]
        assert len(found) == 1
        assert found[0] < "S019"


def test_a_count_says_nothing_while_one_of_the_counted_is_broken() -> None:
    text = TEXT.replace("etcd-3: 192.168.7.133", "etcd-3: 192.168.7")
    assert [item.code for item in load(SourceFile("x.yaml", text)).diagnostics] == ["S014"]


def test_a_file_with_next_to_nothing_right_names_what_is_missing_and_no_more() -> None:
    found = [item.message for item in load(SourceFile("x.yaml", "colour: red\n")).diagnostics]
    assert found == [
        "`name` is missing",
        "`domain` is missing",
        "`endpoint` is missing",
        "`load_balancers` is missing",
        "`control_plane` is missing",
        "`colour` is not a key that Twinkeel knows",
    ]
