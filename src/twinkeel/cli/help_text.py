"""Help texts as a terminal of any width shows them well."""

import re

import click

# A line that ends a sentence, or announces what follows, ends on purpose. Any other ends where the source file's line did.
_WITHIN_A_SENTENCE = re.compile(r"(?<![.:;])\n")


def unwrapped(text: str) -> str:
    """The help without line breaks within sentences, which Typer would keep. Paragraphs marked with \\b stay as they are."""
    paragraphs = text.split("\n\n")
    return "\n\n".join(each if each.startswith("\b") else _WITHIN_A_SENTENCE.sub(" ", each) for each in paragraphs)


def unwrap_help(command: click.Command) -> None:
    """Unwrap the help of a command and of all commands below it, in place."""
    command.help = unwrapped(command.help) if command.help else command.help
    if isinstance(command, click.Group):
        for child in command.commands.values():
            unwrap_help(child)
