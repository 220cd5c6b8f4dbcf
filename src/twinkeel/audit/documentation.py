"""A rule's page, as text for `--explain` and as Markdown for docs/audit.md. Pure."""

from collections.abc import Iterator, Sequence

from twinkeel.audit.examples import CLOSE, OPEN, example_files
from twinkeel.audit.registry import AUDIT, HAPROXY, KEEPALIVED, KUBESPRAY, PAIR, SCRIPTS
from twinkeel.audit.rule import Example, Rule

_CHAPTERS: tuple[tuple[str, Sequence[Rule]], ...] = (
    ("haproxy.cfg", HAPROXY),
    ("keepalived.conf", KEEPALIVED),
    ("Across files and hosts", PAIR),
    ("Check scripts", SCRIPTS),
    ("Kubespray's inventory", KUBESPRAY),
    ("The audit itself", AUDIT),
)
_LANGUAGES = {"cfg": "haproxy", "conf": "", "sh": "sh", "yaml": "yaml", "yml": "yaml"}


def rule_markdown(rule: Rule, level: int = 3) -> str:
    """Its name as a heading, and everything that it says; ends in a newline."""
    checker_complains = "complains, too" if rule.bad.checker_complains else "says nothing"
    daemon = "" if not _has_daemon_files(rule.bad) else f" The daemon's own checker {checker_complains}."
    lines = [
        f"{'#' * level} {rule.name}",
        "",
        f"**{rule.severity}** · {_versions(rule)}",
        "",
        f"Finds {rule.what}",
        "",
        f"{rule.why}{daemon}",
        "",
        *_example("Found", rule.bad, marks=True),
        *_example("Not found", rule.good, marks=False),
        f"Use instead: {rule.fix}.",
        "",
        f"Source: {rule.source}.",
    ]
    return "\n".join(lines) + "\n"


def rules_markdown() -> str:
    """Every rule: a table of all, then a chapter for each kind of file."""
    return "\n".join(_pages())


def _pages() -> Iterator[str]:
    total = sum(len(rules) for _, rules in _CHAPTERS)
    yield f"{total} rules.\n\n| rule | severity | finds |\n|---|---|---|"
    for _, rules in _CHAPTERS:
        for rule in rules:
            yield f"| [{rule.name}](#{rule.name}) | {rule.severity} | {rule.what.replace('|', chr(92) + '|')} |"
    for title, rules in _CHAPTERS:
        yield f"\n## {title}\n"
        for rule in rules:
            yield rule_markdown(rule)


def _versions(rule: Rule) -> str:
    return "all versions" if rule.versions == "all" else f"versions: {rule.versions}"


def _has_daemon_files(example: Example) -> bool:
    return bool(example.haproxy or example.keepalived)


def _example(title: str, example: Example, *, marks: bool) -> Iterator[str]:
    for name, text in example_files(example):
        yield f"{title}, {name}{' (« and » stand around what is meant)' if marks and OPEN in text else ''}:"
        yield ""
        yield f"```{_LANGUAGES[name.rpartition('.')[2]]}"
        yield (text if marks else text.replace(OPEN, "").replace(CLOSE, "")).rstrip("\n")
        yield "```"
        yield ""
