"""The pair that the given paths hold."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from twinkeel.audit.given_files.files import MAIN, Input, Notes, inputs, read
from twinkeel.audit.given_files.hosts import Group, grouped, on_host
from twinkeel.audit.given_files.inventory import is_yaml, read_inventory
from twinkeel.audit.pair import Host, Pair, Script, as_script
from twinkeel.errors import UsageError
from twinkeel.liveconfig.haproxy_file import PROXIES, parse_haproxy
from twinkeel.liveconfig.haproxy_model import build_haproxy
from twinkeel.liveconfig.keepalived.model import VrrpConfig
from twinkeel.liveconfig.keepalived.resolve import resolve_keepalived
from twinkeel.source import SourceFile

MOST_INCLUDED = 200


def read_pair(paths: Sequence[str]) -> Pair:
    """The hosts that the paths hold.

    Raises UsageError when there is nothing to audit, or nothing in one of the paths, OSError for what cannot be read.
    """
    notes: Notes = []
    given = [each for path in paths for each in inputs(path, notes)]
    if all(each.kind == "script" for each in given):
        raise UsageError(
            "nothing to audit: no haproxy.cfg, no keepalived.conf and no inventory of Kubespray is here",
            where=", ".join(paths),
            hint="name the files, or a folder that holds them; `-` reads one from standard input",
        )
    inventories = [read_inventory(each.source, notes) for each in _inventories(given, notes)]
    hosts = [host for group in grouped([each for each in given if each.kind != "inventory"]) for host in _hosts(group, notes)]
    return Pair(tuple(hosts), tuple(dict.fromkeys(notes)), tuple(inventories))


def _inventories(given: Sequence[Input], notes: Notes) -> list[Input]:
    """Each inventory once; of a folder's that were not named, the first: a hosts.yaml and an inventory.ini say the same twice."""
    kept: dict[Path, Input] = {}
    found = {each.path.resolve(): each for each in given if each.kind == "inventory"}
    for each in sorted(found.values(), key=lambda one: (not one.named, not is_yaml(one.source))):
        first = kept.get(each.path.parent)
        if each.named or first is None:
            kept[each.path if each.named else each.path.parent] = each
        else:
            notes.append((str(each.path), f"left out: taken for the same as {first.path}; name it to have it audited"))
    return list(kept.values())


def _hosts(group: Group, notes: Notes) -> list[Host]:
    read_included = _Includes(group.root)
    haproxies = [build_haproxy(parse_haproxy(each)) for each in _haproxies(group, notes)]
    mains = _main_keepalived(group, read_included, notes)
    scripts = _scripts(group, notes)
    count = max(len(haproxies), len(mains), 1)
    hosts = []
    for place in range(count):
        haproxy = haproxies[min(place, len(haproxies) - 1)] if haproxies else None
        main = mains[min(place, len(mains) - 1)] if mains else None
        name = group.name if count == 1 else (main.path.stem if main and len(mains) > 1 else f"{group.name}-{place + 1}")
        keepalived = VrrpConfig(resolve_keepalived(main.source, name, read_included)) if main else None
        hosts.append(Host(name, haproxy, keepalived, scripts))
    return hosts


def _scripts(group: Group, notes: Notes) -> tuple[Script, ...]:
    """Those that were named, and of a folder those that keepalived.conf names: a host's other programs are not looked at."""
    contents = " ".join(each.source.text for each in group.of("keepalived"))
    # By its path, or by a name with a suffix: a word may also be a name.
    names = {PurePosixPath(word).name for word in re.split(r"[\s\"'(){}]+", contents) if "/" in word or "." in word}
    wanted = (each for each in group.of("script") if each.named or each.path.name in names)
    return tuple(as_script(on_host(group, each.path), each.source, notes) for each in wanted)


def _haproxies(group: Group, notes: Notes) -> list[list[SourceFile]]:
    """One configuration of all files, as with several -f; but files that have the same proxies are those of several hosts."""
    files = group.of("haproxy")
    sets: list[list[Input]] = []
    names: list[set[tuple[str, str]]] = []
    for each in files:
        own = {(section.kind, section.name) for section in parse_haproxy([each.source]).sections if section.kind in PROXIES}
        place = next((place for place, taken in enumerate(names) if not own & taken), None)
        if place is None:
            sets.append([each])
            names.append(own)
        else:
            sets[place].append(each)
            names[place] |= own
    kept = _without_copies(sets, notes) if len(sets) > 1 else sets
    return [[each.source for each in one] for one in kept]


def _without_copies(sets: list[list[Input]], notes: Notes) -> list[list[Input]]:
    """Without what lies beside a haproxy.cfg or keepalived.conf and says the same again: yesterday's copy is no second host."""
    main = _main(each for one in sets for each in one)
    if main is None:
        return sets
    kept = []
    for one in sets:
        if main in one or any(each.named for each in one):
            kept.append(one)
        else:
            why = f"left out: taken for a copy of {main.path}, which it lies beside; name it to have it audited"
            notes += [(str(each.path), why) for each in one]
    return kept


def _main(files: Iterable[Input]) -> Input | None:
    """The file of the daemon's own name that lies highest, when there is one such."""
    own = [each for each in files if MAIN.get(each.path.name) == each.kind]
    least = min((len(each.path.parts) for each in own), default=0)
    highest = [each for each in own if len(each.path.parts) == least]
    return highest[0] if len(highest) == 1 else None


def _main_keepalived(group: Group, read_included: "_Includes", notes: Notes) -> list[Input]:
    """The files that no other one includes."""
    files = group.of("keepalived")
    if len(files) < 2:
        return files
    included: set[str] = set()
    for each in files:
        if each.source.name not in included:
            included |= {other.name for other in resolve_keepalived(each.source, "", read_included).sources[1:]}
    mains = [each for each in files if each.source.name not in included] or files[:1]
    return [one for (one,) in _without_copies([[each] for each in mains], notes)]


class _Includes:
    """Reads what `include` names, below the host's folder alone: an audited file must not make us read this machine's own."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[tuple[Path, str], Sequence[SourceFile]] = {}

    def __call__(self, source: SourceFile, pattern: str) -> Sequence[SourceFile]:
        folder = Path(source.name).absolute().parent
        if (folder, pattern) not in self._read:
            self._read[folder, pattern] = self._find(folder, pattern)
        return self._read[folder, pattern]

    def _find(self, folder: Path, pattern: str) -> Sequence[SourceFile]:
        places = [(folder, pattern)]
        if pattern.startswith("/"):
            # As it lies on the host, or beside the file that names it.
            places = [(self._root, pattern.lstrip("/")), (folder, Path(pattern).name)]
        for base, name in places:
            found = self._matching(base, name)
            if found:
                return found
        return ()

    def _matching(self, base: Path, pattern: str) -> list[SourceFile]:
        try:
            paths = sorted(base.glob(pattern))[:MOST_INCLUDED] if pattern else []
        except (ValueError, NotImplementedError, OSError):
            return []
        inside = (path for path in paths if path.is_file() and path.resolve().is_relative_to(self._root.resolve()))
        sources = (read(path, []) for path in inside)
        return [SourceFile(_shown(source.name), source.text) for source in sources if source]


def _shown(name: str) -> str:
    """A path as the user would write it."""
    path = Path(name)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else name
