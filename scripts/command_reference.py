"""Writes docs/commands.md, docs/twinkeel.1 and docs/examples.md from the program and the examples; with --check it compares.

    .venv/bin/python scripts/command_reference.py [--check]

Exit code 1: a page is stale.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import click

from twinkeel.cli.main import COMMANDS, cli

ROOT = Path(__file__).parents[1]
COMMANDS_HEAD = """\
# Commands

Made from the program's own help (`scripts/command_reference.py`). `twinkeel COMMAND --help` and `man twinkeel` show the same.
Exit codes: [errors.md](errors.md).

A shell completes commands, options, hosts of the spec, scenarios, codes and labs after
`eval "$(_TWINKEEL_COMPLETE=bash_source twinkeel)"` in `~/.bashrc` (`zsh_source` in `~/.zshrc`; fish: `fish_source`).
"""
EXAMPLES_HEAD = """\
# Examples

The files of `examples/`, as they are. `twinkeel check`, `explain` and `render` take each of them; tests do so.
"""


@dataclass(frozen=True)
class Described:
    """One command: its path (`drill run`), its usage line, paragraphs of help, and records of (what is typed, what it means)."""

    path: str
    usage: str
    paragraphs: tuple[str, ...]
    arguments: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]


def described(group: click.Group, path: str = "") -> Iterator[Described]:
    """Every command that can be run, in the order of `--help`."""
    context = click.Context(group, info_name=path or "twinkeel")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None:
            continue
        here = f"{path} {name}".strip()
        if isinstance(command, click.Group):
            yield from described(command, here)
        else:
            yield _described(command, here)


def _described(command: click.Command, path: str) -> Described:
    context = click.Context(command, info_name=f"twinkeel {path}")
    usage = " ".join(["twinkeel", path, *command.collect_usage_pieces(context)])
    records = [(param, param.get_help_record(context)) for param in command.get_params(context)]
    kinds = [
        tuple(record for param, record in records if record and isinstance(param, kind) and "--help" not in param.opts)
        for kind in (click.Argument, click.Option)
    ]
    paragraphs = tuple(re.split(r"\n\s*\n", (command.help or "").strip()))
    return Described(path, usage, paragraphs, *kinds)


def markdown(commands: list[Described]) -> str:
    """docs/commands.md."""
    lines = [COMMANDS_HEAD, "| command | does |", "|---|---|"]
    lines += [f"| [{each.path}](#{each.path.replace(' ', '-')}) | {_first_sentence(each)} |" for each in commands]
    for each in commands:
        lines += ["", f"## {each.path}", "", f"    {each.usage}", "", *_joined(each.paragraphs)]
        for title, records in (("argument", each.arguments), ("option", each.options)):
            if records:
                lines += ["", f"| {title} | means |", "|---|---|", *(f"| `{_cell(one)}` | {_cell(two)} |" for one, two in records)]
    return "\n".join(lines) + "\n"


def _joined(paragraphs: tuple[str, ...]) -> Iterator[str]:
    for number, paragraph in enumerate(paragraphs):
        if number:
            yield ""
        yield paragraph


def _first_sentence(each: Described) -> str:
    listed = COMMANDS[each.path][1] if each.path in COMMANDS else " ".join(each.paragraphs[0].split())
    return _cell(listed.split(". ")[0])


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def manual_page(commands: list[Described]) -> str:
    """docs/twinkeel.1, in man(7)."""
    intro = re.split(r"\n\s*\n", (cli.help or "").strip())
    lines = [f'.TH TWINKEEL 1 "" "twinkeel {version("twinkeel")}" "User Commands"', ".SH NAME"]
    lines += [rf"twinkeel \- {_roff(intro[0]).rstrip('.')}", ".SH SYNOPSIS", ".B twinkeel", "COMMAND [ARGS]...", ".SH DESCRIPTION"]
    for paragraph in intro[1:]:
        lines += [".PP", _roff(paragraph)]
    lines.append(".SH COMMANDS")
    for each in commands:
        lines += [f".SS {_roff(each.usage)}"]
        for paragraph in each.paragraphs:
            lines += [".PP", _roff(paragraph)]
        for one, two in (*each.arguments, *each.options):
            lines += [".TP", rf"\fB{_roff(one)}\fR", _roff(two) or r"\&"]
    return "\n".join(lines) + "\n"


def _roff(text: str) -> str:
    """Text of one paragraph. A line that begins with a point or an apostrophe would be a request."""
    escaped = " ".join(text.split()).replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped


def examples() -> str:
    """docs/examples.md."""
    parts = [EXAMPLES_HEAD]
    for path in sorted((ROOT / "examples").glob("*.yaml")):
        parts.append(f"\n## {path.stem}\n\n```yaml\n{path.read_text()}```\n")
    return "".join(parts)


def main() -> None:
    """Write, or compare."""
    commands = list(described(cli))
    made = {"commands.md": markdown(commands), "twinkeel.1": manual_page(commands), "examples.md": examples()}
    paths = {ROOT / "docs" / name: text for name, text in made.items()}
    stale = [path for path, text in paths.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path} is stale: run .venv/bin/python scripts/command_reference.py", file=sys.stderr)
        sys.exit(1 if stale else 0)
    for path, text in paths.items():
        path.write_text(text)


if __name__ == "__main__":
    main()
