"""Which of a machine's package sources the image is made from."""

from pathlib import Path

import pytest

from twinkeel.debian.sources import debian_stanzas, machine_release

MIXED = """\
# a comment
Types: deb deb-src
URIs: https://mirror.example/debian
Suites: bookworm bookworm-updates bookworm-backports trixie
Components: main contrib
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 abc

Types: deb
URIs: https://vendor.example/apt
Suites: nodistro
Components: main

Enabled: no
Types: deb
URIs: https://off.example/debian
Suites: bookworm
Components: main
"""


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def fields(stanza: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in stanza.splitlines() if line[0] != " ")


def test_a_deb822_file_keeps_this_releases_suites_and_its_key(apt: Path) -> None:
    (apt / "sources.list.d/debian.sources").write_text(MIXED)
    (stanza,) = debian_stanzas("bookworm", apt)
    assert "Suites: bookworm bookworm-updates\n" in stanza
    assert "Types: deb\n" in stanza
    assert "Components: main" in stanza
    assert "https://mirror.example/debian" in stanza
    assert "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc" in stanza


def test_one_line_sources_keep_their_options(apt: Path) -> None:
    (apt / "sources.list").write_text(
        "# deb http://commented.example/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://one.example/debian bookworm main # why\n"
        "deb-src http://one.example/debian bookworm main\n"
    )
    vendors = ("deb http://vendor.example bookworm-pgdg main", "deb http://x.example bookworm stable")
    (apt / "sources.list.d/vendor.list").write_text("\n".join(vendors))
    (stanza,) = debian_stanzas("bookworm", apt)
    assert fields(stanza) == {
        "Types": "deb",
        "Uris": "http://one.example/debian",
        "Suites": "bookworm",
        "Components": "main",
        "Signed-By": "/usr/share/keyrings/k.gpg",
    }


def test_no_source_of_this_release_is_no_stanza(apt: Path) -> None:
    (apt / "sources.list.d/debian.sources").write_text(MIXED)
    assert debian_stanzas("forky", apt) == ()


def test_the_release_is_read_from_os_release(tmp_path: Path) -> None:
    path = tmp_path / "os-release"
    path.write_text('NAME="Debian"\nID=debian\nVERSION_CODENAME="bookworm"\n')
    assert machine_release(path) == ("debian", "bookworm")
    assert machine_release(tmp_path / "none") == ("", "")
