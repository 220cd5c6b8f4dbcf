"""What an image has: the versions of its packages, read from its own list of them."""

import re
from collections.abc import Iterator
from pathlib import Path

STATUS = "var/lib/dpkg/status"
# Debian's version: [epoch:]upstream[-revision]; see deb-version(7). Of upstream, what its program would say.
_UPSTREAM = re.compile(r"(?:\d+:)?(\d+(?:\.\d+)*)")


def versions(image: Path, *packages: str) -> dict[str, tuple[int, ...]]:
    """The upstream versions of those packages that are installed: {"systemd": (257, 13)}; empty for an image without a list."""
    status = image / STATUS
    text = status.read_text(errors="replace") if status.exists() else ""
    return {name: version for name, version in _installed(text) if name in packages}


def written(version: tuple[int, ...]) -> str:
    """As people write it: 2.1.9."""
    return ".".join(str(part) for part in version)


def _installed(text: str) -> Iterator[tuple[str, tuple[int, ...]]]:
    for stanza in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if re.match(r"(Package|Status|Version): ", line))
        found = _UPSTREAM.match(fields.get("Version", ""))
        if found and fields.get("Status", "").endswith(" installed"):
            yield fields["Package"], tuple(int(part) for part in found[1].split("."))
