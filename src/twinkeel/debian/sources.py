"""The machine's own package sources, so that a mirror or a snapshot that its owner chose is used for the lab too."""

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from twinkeel.debian.suites import SERVERS, Suite
from twinkeel.errors import ToolError

APT = Path("/etc/apt")
OS_RELEASE = Path("/etc/os-release")


def machine_release(os_release: Path = OS_RELEASE) -> tuple[str, str]:
    """The machine's distribution and its release's code name: ("debian", "bookworm")."""
    lines = os_release.read_text().splitlines() if os_release.exists() else []
    values = dict(line.split("=", 1) for line in lines if "=" in line)
    return values.get("ID", "").strip('"'), values.get("VERSION_CODENAME", "").strip('"')


def debian_stanzas(suite: str, folder: Path = APT, components: str = "main") -> tuple[str, ...]:
    """Deb822 stanzas (see sources.list(5)) of every enabled source of this release, security and updates included.

    Third parties' sources, and suites with other names, are left out.
    """
    stanzas: list[str] = []
    lists = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*.list"))]
    for path in lists:
        if path.exists():
            stanzas += filter(None, (_from_line(line) for line in path.read_text().splitlines()))
    for path in sorted((folder / "sources.list.d").glob("*.sources")):
        stanzas += [text.strip("\n") for text in re.split(r"\n[ \t]*\n", _without_comments(path.read_text())) if text.strip()]
    return tuple(chosen for stanza in stanzas if (chosen := _keep_suite(stanza, suite, components)))


def stanzas_for(suite: Suite, release: str, folder: Path = APT) -> tuple[str, ...]:
    """Stanzas for a suite from a machine of `release`: its own ones for that suite, else those of its release, the suite exchanged.

    Servers, keys and options are what the machine's owner chose. A part that the suite has not (unstable: security, updates) is
    left out; a machine of unstable names no server of security updates, so none is asked there.
    """
    components = SERVERS[suite.distribution].components
    own = debian_stanzas(suite.name, folder, components)
    if own:
        return own
    found = debian_stanzas(release, folder, components)
    return tuple(text for stanza in found if (text := _exchange(stanza, release, suite)))


def suite_sources(suite: Suite) -> tuple[str, ...]:
    """Stanzas for a suite: from this machine's own servers where it is of the same distribution, else from the public ones.

    Raises:
        ToolError: this machine names no server of its own distribution, or has no keys of the other one.
    """
    distribution, release = machine_release()
    own = stanzas_for(suite, release) if distribution == suite.distribution else ()
    if own:
        return own
    if distribution == suite.distribution:
        hint = f"packages come from this machine's own sources: add one for {release or 'its release'} or for {suite.name}"
        raise ToolError(f"apt has no enabled source for {suite.name}", where=str(APT), hint=hint)
    return public_stanzas(suite)


def public_stanzas(suite: Suite, root: Path = Path("/")) -> tuple[str, ...]:
    """Stanzas for a suite from its distribution's public servers. Raises ToolError when their keys are not on this machine."""
    servers = SERVERS[suite.distribution]
    if not (root / servers.keyring.lstrip("/")).exists():
        raise ToolError(
            f"the keys of {suite.title} ({suite.name}) are not on this machine",
            where=servers.keyring,
            hint=servers.keyring_hint,
        )
    common = {"types": "deb", "components": servers.components, "signed-by": servers.keyring}
    stanzas = [_text(common | {"uris": servers.everything, "suites": " ".join(_parts(suite, "", "-updates"))})]
    stanzas += [_text(common | {"uris": servers.security, "suites": name}) for name in _parts(suite, "-security")]
    return tuple(stanzas)


def _parts(suite: Suite, *suffixes: str) -> list[str]:
    return [name for suffix in suffixes if (name := suite.part(suffix))]


def _exchange(stanza: str, release: str, suite: Suite) -> str | None:
    """The stanza with the release's suites exchanged for the suite's; None when the suite has nothing of it."""
    fields = _fields(stanza.splitlines())
    parts = [suite.part(name.removeprefix(release)) for name in fields["suites"].split()]
    suites = [name for name in parts if name is not None]
    return _text(fields | {"suites": " ".join(suites)}) if suites else None


def acquire_options() -> tuple[str, ...]:
    """How this machine's apt reaches its sources (proxies, certificates, expired snapshots), as apt.conf(5) lines."""
    ended = subprocess.run(["apt-config", "dump", "Acquire"], capture_output=True, text=True, check=False)
    if ended.returncode != 0:
        raise ToolError(f"apt-config failed: {ended.stderr.strip()}", hint="the lab needs Debian's apt")
    wanted = re.compile(r'^Acquire::(http|https|Check-|Retries|ForceIPv)[^ ]* "[^"]+";$', re.IGNORECASE)
    return tuple(line for line in ended.stdout.splitlines() if wanted.match(line))


def _without_comments(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("#"))


def _from_line(line: str) -> str | None:
    """A one-line source as a stanza."""
    match = re.match(r"^deb\s+(?:\[(?P<options>[^]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>[^#]+)", line.strip())
    if match is None:
        return None
    fields = {"Types": "deb", "URIs": match["uri"], "Suites": match["suite"], "Components": match["components"].strip()}
    options = dict(word.split("=", 1) for word in (match["options"] or "").split() if "=" in word)
    for option, field in (("signed-by", "Signed-By"), ("trusted", "Trusted")):
        if option in options:
            fields[field] = options[option]
    return "\n".join(f"{name}: {value}" for name, value in fields.items())


def _keep_suite(stanza: str, suite: str, components: str) -> str | None:
    """The stanza with only this release's suites, and the wanted ones of its components; None when nothing of it is left."""
    fields = _fields(stanza.splitlines())
    known = re.compile(rf"^{re.escape(suite)}(-security|-updates)?$")
    suites = [name for name in fields.get("suites", "").split() if known.match(name)]
    offered = fields.get("components", "").split()
    wanted = [name for name in components.split() if name in offered]
    enabled = "deb" in fields.get("types", "").split() and fields.get("enabled", "yes").strip().lower() != "no"
    if not (suites and wanted and enabled):
        return None
    fields |= {"suites": " ".join(suites), "types": "deb", "components": " ".join(wanted)}
    return _text(fields)


def _text(fields: dict[str, str]) -> str:
    return "\n".join(f"{name.title()}: {value}" for name, value in fields.items())


def _fields(lines: Iterable[str]) -> dict[str, str]:
    """Lower-case field name -> value; a line that begins with a blank belongs to the field before it."""
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[:1] in " \t" and name:
            fields[name] += f"\n{line}"
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields
