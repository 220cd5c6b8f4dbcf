"""What is read of real releases is what our table says of them, for every checkout in KUBESPRAY_DIR."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from twinkeel.kubespray.read_support import read_support
from twinkeel.spec.kubespray_releases import RELEASES, table_support


def checkouts() -> dict[str, Path]:
    """Tag (or any name) -> its checkout."""
    named = os.environ.get("KUBESPRAY_DIR")
    folder = Path(named).absolute() if named else Path()
    candidates = [folder, *(sorted(folder.iterdir()) if folder.is_dir() else [])] if named else []
    return {path.name: path / "checkout" for path in candidates if (path / "checkout/roles").is_dir()}


FOUND = checkouts()
pytestmark = pytest.mark.skipif(not FOUND, reason="KUBESPRAY_DIR names no checkout that `twinkeel kubespray fetch` made")


# A tag of which the table knows no version: what is the table's after all is the newest line's.
TOMORROW = "v99.0.0"


@pytest.mark.parametrize("tag", [tag for tag in RELEASES if tag in FOUND])
def test_a_release_says_what_the_table_says(tag: str) -> None:
    read, table = read_support(TOMORROW, FOUND[tag]), table_support(tag)
    assert read.versions["amd64"] == table.versions["amd64"]
    assert "arm64" in read.versions
    # v2.16.0 does not say which Python its Ansible runs with.
    pythons = table.pythons if table.ansible_2_9 else read.pythons
    assert replace(read, tag=tag, versions=table.versions, pythons=pythons, read=False) == table


@pytest.mark.parametrize("name", FOUND)
def test_a_release_says_all_of_it(name: str) -> None:
    read = read_support(TOMORROW, FOUND[name])
    assert read.installs(read.lowest) == read.installs(read.default) == "yes"
    assert read.ranges()[0].startswith(f"{read.lowest} to ")
    assert (FOUND[name] / f"{read.playbooks}facts.yml").is_file()
    assert read.ansible.allows(read.ansible.least)
