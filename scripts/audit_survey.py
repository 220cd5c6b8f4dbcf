"""What `twinkeel audit` finds in many people's files, as a Markdown table: how many files have each fault.

Each folder directly below FOLDER is one source, such as a checkout of somebody's repository. Every haproxy.cfg and keepalived.conf
in it is audited by itself; a source that has both kinds, or two hosts, is audited once more as a whole, with its scripts, for the
rules that look at a pair or at scripts. A file that another source has, too, byte for byte, counts once.
"""

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from twinkeel.audit.audit import audit
from twinkeel.audit.given_files.files import template_line
from twinkeel.audit.given_files.pair import read_pair
from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.pair import Host, Pair
from twinkeel.audit.registry import AUDIT, HAPROXY, KEEPALIVED, PAIR, SCRIPTS
from twinkeel.audit.rule import Rule
from twinkeel.errors import TwinkeelError
from twinkeel.source import SourceFile

CHAPTERS: tuple[tuple[str, tuple[Rule, ...]], ...] = (
    ("haproxy.cfg", (*HAPROXY, *AUDIT)),
    ("keepalived.conf", (*KEEPALIVED, *AUDIT)),
    ("pairs and hosts with their scripts", (*PAIR, *SCRIPTS)),
)


@dataclass
class Chapter:
    """How many files of one kind there were, and in how many of them each rule found something; `api`: the same where an API is."""

    files: int = 0
    api: int = 0
    found: Counter[str] = field(default_factory=Counter)
    found_api: Counter[str] = field(default_factory=Counter)

    def add(self, pair: Pair, rules: Sequence[Rule], *, api: bool) -> None:
        """One more file, or one more whole source."""
        names = {each.rule.name for each in audit(pair, rules).found}
        self.files += 1
        self.found.update(names)
        if api:
            self.api += 1
            self.found_api.update(names)


@dataclass
class Survey:
    """The whole."""

    chapters: tuple[Chapter, Chapter, Chapter] = field(default_factory=lambda: (Chapter(), Chapter(), Chapter()))
    sources: int = 0
    pairs: int = 0
    templates: int = 0
    left_out: int = 0
    seen: set[bytes] = field(default_factory=set)

    def take(self, source: Path) -> None:
        """One source, if it has anything to audit."""
        read = [(path, pair) for path in sorted(source.rglob("*")) if path.is_file() and (pair := self._read(path)) is not None]
        if not read:
            return
        self.sources += 1
        api = any(_has_api(host) for _, pair in read for host in pair.hosts)
        for path, pair in read:
            digest = sha256(path.read_bytes()).digest()
            if digest not in self.seen:
                self.seen.add(digest)
                kind = 0 if pair.hosts[0].haproxy else 1
                self.chapters[kind].add(pair, CHAPTERS[kind][1], api=api)
        self._take_whole(source, api=api)

    def _read(self, path: Path) -> Pair | None:
        if path.suffix in (".sh", ".py", ".bash"):
            return None
        try:
            pair = read_pair([str(path)])
        except TwinkeelError:
            template = template_line(SourceFile(str(path), path.read_text(errors="replace")))
            self.templates += bool(template)
            self.left_out += not template
            return None
        # An inventory alone has no host of a pair.
        return pair if any(host.haproxy or host.instances for host in pair.hosts) else None

    def _take_whole(self, source: Path, *, api: bool) -> None:
        try:
            pair = read_pair([str(source)])
        except TwinkeelError:
            return
        if any(host.instances for host in pair.hosts) and (len(pair.hosts) > 1 or pair.hosts[0].haproxy):
            self.pairs += len(pair.hosts) > 1
            self.chapters[2].add(pair, CHAPTERS[2][1], api=api)


def table(survey: Survey) -> Iterator[str]:
    """The table, chapter by chapter, the commonest fault first; what nobody has is left out."""
    yield f"{survey.sources} sources; left out: {survey.templates} templates, {survey.left_out} files with nothing to audit."
    for (title, rules), chapter in zip(CHAPTERS, survey.chapters, strict=True):
        pairs = f", {survey.pairs} of them of two or more hosts" if chapter is survey.chapters[2] else ""
        yield f"\n**{title}**: {chapter.files}{pairs}; {chapter.api} of sources with a Kubernetes API\n"
        yield "| rule | severity | all | with a Kubernetes API |\n|---|---|---|---|"
        for rule in sorted(rules, key=lambda each: (-chapter.found[each.name], each.name)):
            if chapter.found[rule.name]:
                every, api = (_share(*each) for each in _counts(chapter, rule.name))
                yield f"| {rule.name} | {rule.severity} | {every} | {api} |"


def _counts(chapter: Chapter, rule: str) -> tuple[tuple[int, int], tuple[int, int]]:
    return (chapter.found[rule], chapter.files), (chapter.found_api[rule], chapter.api)


def _share(count: int, total: int) -> str:
    return f"{count} ({100 * count / total:.0f} %)" if total else "-"


def _has_api(host: Host) -> bool:
    return host.haproxy is not None and any(True for _ in api_backends(host.haproxy))


def main() -> None:
    """Print the table."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: scripts/audit-survey FOLDER, which holds a folder for each source")
    survey = Survey()
    for source in sorted(path for path in Path(sys.argv[1]).iterdir() if path.is_dir()):
        survey.take(source)
    print("\n".join(table(survey)))


if __name__ == "__main__":
    main()
