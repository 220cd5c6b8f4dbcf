"""A pair from files that somebody has already read: the seam for whatever fetches them from live hosts. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatch
from pathlib import PurePosixPath

from twinkeel.audit.pair import Host, Pair, Script
from twinkeel.liveconfig.haproxy_file import parse_haproxy
from twinkeel.liveconfig.haproxy_model import build_haproxy
from twinkeel.liveconfig.keepalived.model import VrrpConfig
from twinkeel.liveconfig.keepalived.resolve import resolve_keepalived
from twinkeel.render.haproxy import CONFIG_PATH as HAPROXY
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED
from twinkeel.source import SourceFile

Files = Mapping[str, Mapping[str, str]]
"""Host -> absolute path on it -> text."""


def pair_of(files: Files) -> Pair:
    """The pair whose files these are, in the order of the hosts. What an `include` names is looked for among a host's files."""
    return Pair(tuple(_host(name, texts) for name, texts in files.items()))


def _host(name: str, texts: Mapping[str, str]) -> Host:
    sources = {path: SourceFile(f"{name}:{path}", text) for path, text in texts.items()}
    haproxy = [sources[path] for path in _haproxy_paths(sources)]
    main = sources.get(KEEPALIVED)

    def included(source: SourceFile, pattern: str) -> Sequence[SourceFile]:
        folder = PurePosixPath(source.name.partition(":")[2]).parent
        wanted = str(folder / pattern)
        return [sources[path] for path in sorted(sources) if fnmatch(path, wanted)]

    return Host(
        name,
        build_haproxy(parse_haproxy(haproxy)) if haproxy else None,
        VrrpConfig(resolve_keepalived(main, name, included)) if main else None,
        tuple(Script(path, source) for path, source in sources.items() if source.text.startswith("#!") and _tracked(path, main)),
    )


def _haproxy_paths(sources: Mapping[str, SourceFile]) -> Iterator[str]:
    """haproxy.cfg, and the fragments that Red Hat's and Debian's units add."""
    yield from (path for path in (HAPROXY,) if path in sources)
    yield from sorted(path for path in sources if fnmatch(path, "/etc/haproxy/conf.d/*.cfg"))


def _tracked(path: str, main: SourceFile | None) -> bool:
    return main is not None and path in main.text
