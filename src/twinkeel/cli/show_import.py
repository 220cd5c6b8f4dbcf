"""An import as a person reads it. Pure."""

import shutil
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from twinkeel.adopt.difference import Difference, Differences
from twinkeel.adopt.notes import Effect, Left, SecretFound
from twinkeel.app.import_pair import SECRETS_FILE, Imported
from twinkeel.cli.options import DEFAULT_FILE
from twinkeel.cli.text_layout import rows, usable_width
from twinkeel.diagnostic import render_text
from twinkeel.liveconfig.words import Place
from twinkeel.vip.daemons import VRRP_DAEMON

TITLES: dict[Effect, str] = {
    "lost": "Lost: nothing does the same, unless you say it in the spec",
    "replaced": "Replaced by what Twinkeel does for the same purpose",
    "renamed": "The same under another name",
}


def as_text(imported: Imported, output: Path | None) -> str:
    """What was assumed, which secrets are needed, what is not carried over, what `check` says, and what to do next."""
    width = usable_width(shutil.get_terminal_size((100, 24)).columns)
    adopted = imported.adopted
    blocks = [f"written: {path}" for path in imported.written]
    blocks += [f"note: {file}: {text}" for file, text in imported.notes]
    if adopted.assumed:
        cells = [(f"{each.key}: {each.value}", each.why + (f" ({each.option})" if each.option else "")) for each in adopted.assumed]
        blocks.append("Assumed, since no file says it (an option overrides it):\n" + rows(cells, width).rstrip())
    blocks += [_secrets(adopted.needed, output)] if adopted.needed else []
    blocks.append("\n".join(_not_carried(adopted.left)))
    blocks += ["\n".join(_differences(imported.differences))] if imported.differences else []
    blocks += [render_text(item, imported.checked.source) for item in imported.checked.diagnostics]
    blocks += [f"note: {note}" for note in imported.checked.notes]
    blocks.append("next:\n" + rows(next_commands(output), width).rstrip())
    return "\n\n".join(blocks) + "\n"


def next_commands(output: Path | None) -> list[tuple[str, str]]:
    """The commands that come after, each with what it does."""
    option = "" if output in (None, DEFAULT_FILE) else f" -f {output}"
    return [
        (f"twinkeel check{option}", "shows every problem of the spec"),
        (f"twinkeel plan{option}", "shows what would change on the hosts, as a diff; changes nothing"),
    ]


def _secrets(needed: Sequence[SecretFound], output: Path | None) -> str:
    return "\n".join(("Secrets:", *(f"  {each.key}: {_secret(each, output)}" for each in needed)))


def _secret(each: SecretFound, output: Path | None) -> str:
    where = f" ({each.place})" if each.place else ""
    if each.why:
        return f"{each.why}{where}: write it to {SECRETS_FILE} (mode 0600), or set {each.variable}"
    if output is not None:
        return f"as the pair has it{where}: kept in {output.parent / SECRETS_FILE}"
    return f"the pair has it{where}: write it to {SECRETS_FILE} (mode 0600), or set {each.variable}; -o does it"


def _not_carried(left: Sequence[Left]) -> Iterator[str]:
    if not left:
        yield f"Not carried over: nothing. The spec's own haproxy.cfg and {VRRP_DAEMON.config_name} have every line."
        return
    count = sum(1 + len(each.also) for each in left)
    yield f"Not carried over: {count} line{'s' * (count != 1)}"
    for effect, title in TITLES.items():
        mine = [each for each in left if each.effect == effect]
        if mine:
            yield f"{title}: {sum(1 + len(each.also) for each in mine)}"
            yield from _reasons(mine)


def _reasons(left: Sequence[Left]) -> Iterator[str]:
    for (_, why, instead), group in groupby(left, key=lambda each: (_files(each), each.why, each.instead)):
        yield from (f"  {_where(each)}: {each.what}" for each in group)
        yield f"      why: {why}"
        yield f"      instead: {instead}"


def _files(left: Left) -> tuple[str, ...]:
    return tuple(place.source.name for place in (left.place, *left.also))


def _where(left: Left) -> str:
    return in_braces([_place(place) for place in (left.place, *left.also)])


def in_braces(places: Sequence[str]) -> str:
    """Several places as a shell writes them, where only one folder's name differs: `{lb-1,lb-2}/etc/haproxy/haproxy.cfg:11`."""
    parts = [place.split("/") for place in places]
    if len({len(each) for each in parts}) == 1:
        columns = [tuple(dict.fromkeys(column)) for column in zip(*parts, strict=True)]
        if sum(len(column) > 1 for column in columns[:-1]) == 1 and len(columns[-1]) == 1:
            return "/".join(column[0] if len(column) == 1 else "{" + ",".join(column) + "}" for column in columns)
    return ", ".join(places)


def _place(place: Place) -> str:
    return f"{place.source.name}:{place.span.line}"


def _differences(found: Differences) -> Iterator[str]:
    yield "The pair's files (-) beside those of the spec (+)"
    yield f"Better: {len(found.better)} differences mend what `twinkeel audit` finds"
    for rules, group in groupby(sorted(found.better, key=lambda each: each.rules), key=lambda each: each.rules):
        yield f"  {', '.join(rules)}"
        yield from (line for each in group for line in _difference(each))
    yield f"Merely different: {len(found.merely)}"
    yield from (line for each in found.merely for line in _difference(each))
    if found.remaining:
        yield f"Found by `twinkeel audit` before and after: {', '.join(found.remaining)}"
    if found.files:
        yield "Files that the pair has nothing like:"
        yield from (f"  {path}" for path in found.files)


def _difference(each: Difference) -> Iterator[str]:
    places = [_place(place) for place in (each.place, *each.also) if place is not None]
    if each.before:
        yield f"    - {each.before}    [{', '.join(places)}]"
    if each.after:
        yield f"    + {each.after}"
