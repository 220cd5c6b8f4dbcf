"""A package repository inside the image, so that `apt-get install haproxy` works for real on a host without a network."""

import subprocess
from pathlib import Path

from twinkeel.debian.flat_repository import index_stanza
from twinkeel.errors import ToolError

FOLDER = "opt/packages"
SOURCE = f"deb [trusted=yes] file:/{FOLDER} ./\n"


def write_index(image: Path) -> None:
    """Write the repository's Packages file, make it the image's only source, and let the image's apt read it.

    See deb-src-control(5) for the fields; `Filename`, `Size` and `SHA256` are what an index adds to a package's own.
    """
    folder = image / FOLDER
    stanzas = [index_stanza(path) for path in sorted(folder.glob("*.deb"))]
    if not stanzas:
        raise ToolError("no package came into the image's repository", where=str(folder), hint="try again")
    (folder / "Packages").write_text("\n".join(stanzas))
    lists = image / "etc/apt/sources.list.d"
    for path in lists.iterdir():
        path.unlink()
    (image / "etc/apt/sources.list").write_text(SOURCE)
    for argv in (["apt-get", "update", "-qq"], ["apt-cache", "gencaches"]):
        _run(["chroot", str(image), *argv])


def _run(argv: list[str]) -> str:
    ended = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
    )
    if ended.returncode != 0:
        raise ToolError(f"{argv[0]} ended with {ended.returncode}: {ended.stderr.strip()}", where=" ".join(argv))
    return ended.stdout
