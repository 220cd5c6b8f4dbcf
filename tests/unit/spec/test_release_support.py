"""Questions that are asked of what a release supports, and the rules that ask them."""

from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.source import SourceFile
from twinkeel.spec.kubespray_releases import LINES, RELEASES, table_support
from twinkeel.spec.load import load
from twinkeel.spec.release_support import AnsibleRange, ReleaseSupport, numbers

LAB_HOME = Path(__file__).with_name("twinkeel.yaml").read_text()
V2_33 = replace(
    table_support("v2.33.0"),
    versions={"amd64": ("1.37.3", "1.37.2", "1.37.0", "1.36.10", "1.36.9"), "arm64": ("1.37.4",)},
    lowest="1.36.9",
    removed_variables=("gone",),
    read=True,
)


def found(release: ReleaseSupport, version: str, more: str = "") -> list[tuple[str, int]]:
    text = LAB_HOME.replace("version: 1.35.4, kubespray: v2.31.0", f"version: {version}, kubespray: {release.tag}{more}")
    return [(item.code, item.span.column) for item in load(SourceFile("x", text), lambda _: release).diagnostics if item.span]


def test_ranges_have_no_gaps() -> None:
    assert V2_33.ranges() == ("1.36.9 to 1.36.10", "1.37.0", "1.37.2 to 1.37.4")
    assert table_support("v2.99.0").ranges() == ()


@pytest.mark.parametrize(("version", "codes"), [("1.37.4", []), ("1.36.10", []), ("1.37.1", ["S077"]), ("1.36.8", ["S077"])])
def test_check_goes_by_what_it_is_given(version: str, codes: list[str]) -> None:
    assert [code for code, _ in found(V2_33, version)] == codes


def test_what_is_older_than_the_lowest_version_is_not_installed() -> None:
    assert replace(V2_33, lowest="1.37.0").installs("1.36.10") == "no"
    assert replace(V2_33, lowest="").installs("1.36.9") == "yes"


def test_the_load_asks_once_for_the_spec_s_tag() -> None:
    asked: list[str] = []

    def find(tag: str) -> ReleaseSupport:
        asked.append(tag)
        return table_support(tag)

    load(SourceFile("x", LAB_HOME), find)
    assert asked == ["v2.31.0"]


def test_a_release_whose_files_do_not_say_it_is_not_to_be_fetched_again() -> None:
    text = LAB_HOME.replace("v2.31.0", "v2.33.0")
    silent = load(SourceFile("x", text), lambda _: replace(V2_33, versions={})).diagnostics
    assert [(item.code, "do not say" in item.message, "fetch" in item.hint) for item in silent] == [("S078", True, False)]
    absent = load(SourceFile("x", text)).diagnostics
    assert [(item.code, "kubespray fetch" in item.hint) for item in absent] == [("S078", True)]


def test_traits_that_were_read_decide_and_not_the_tag() -> None:
    removed = ", variables: {gone: 1}"
    assert [code for code, _ in found(V2_33, "1.37.0", removed)] == ["S095"]
    text = ", variables: {a: '[1]'}"
    assert [code for code, _ in found(V2_33, "1.37.0", text)] == ["S093"]
    assert found(replace(V2_33, ansible=AnsibleRange("2.18.0", "2.19.0")), "1.37.0", text) == []


def test_every_tag_of_the_table() -> None:
    assert [table_support(tag).typed for tag in RELEASES] == [tag == "v2.32.0" for tag in RELEASES]
    assert [table_support(tag).ansible_2_9 for tag in RELEASES] == [tag == "v2.16.0" for tag in RELEASES]
    for tag, newest in RELEASES.items():
        release = table_support(tag)
        minor, patch = list(newest.items())[-1]
        assert release.installs(f"{minor}.{patch}") == "yes"
        assert release.installs(f"{minor}.{patch + 1}") == "no"
        assert release.ranges()[-1] == f"{minor}.0 to {minor}.{patch}"
        assert release.installs(release.default) == "yes"
    assert [line.line for line in LINES] == sorted(line.line for line in LINES)


def test_versions_are_compared_as_numbers() -> None:
    assert sorted(["1.10.0", "1.9.12", "", "1.9.2"], key=numbers) == ["", "1.9.2", "1.9.12", "1.10.0"]
    assert AnsibleRange("2.18.0", "2.19.0").allows("2.18.0rc1")
    assert not AnsibleRange("2.18.0", "2.19.0").allows("2.19.0")
