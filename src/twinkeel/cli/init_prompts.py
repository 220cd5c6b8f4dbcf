"""`twinkeel init` in a terminal: one question after the other; an answer that cannot be is asked again, with the reason."""

import sys

import typer

from twinkeel.cli.init_flags import Given, refuse, with_options
from twinkeel.cli.init_steps import STEPS, GroupStep, Step, take_host
from twinkeel.diagnostic import Diagnostic
from twinkeel.errors import UsageError
from twinkeel.spec.draft import Draft, problems

WELCOME = "Twinkeel asks for what a spec needs. Enter takes what is in [brackets]; Ctrl-C ends it, and nothing is written."


def draft_from_answers(start: Draft, given: Given) -> Draft:
    """The draft that the person at the terminal describes. What an option gave is not asked for.

    Raises UsageError when an option's value cannot be: the command is typed again sooner than its answers.
    """
    typer.echo(WELCOME)
    draft = start
    for step in STEPS:
        if given[step.field]:
            found: list[str] = []
            draft = with_options(draft, step, given[step.field], found)
            refuse(found)
        elif isinstance(step, GroupStep):
            draft = _ask_group(draft, step)
        elif step.applies(draft):
            draft = _ask(draft, step)
    return draft


def _ask(draft: Draft, step: Step) -> Draft:
    while True:
        answer = typer.prompt(step.question, default=step.default(draft), type=str).strip()
        after = step.take(draft, answer)
        if answer and _is_good(problems(draft, after)):
            return after


def _ask_group(draft: Draft, step: GroupStep) -> Draft:
    typer.echo(f"{step.question}\n  One a line, as {_form(draft)}; an empty line ends them.")
    before = draft
    while True:
        number = len(getattr(draft, step.field)) + 1
        answer = typer.prompt(f"  {number}", default="", show_default=False, type=str).strip()
        if answer:
            draft = _with_host(draft, step, answer)
        elif number == 1 and step.required:
            _print("at least one host is needed")
        elif _is_good(problems(before, draft)):
            return draft


def _form(draft: Draft) -> str:
    kinds = {":" in vip for vip in draft.vips}
    if kinds == {True, False}:
        return "NAME=ADDRESS,IPV6-ADDRESS"
    return "NAME=ADDRESS" + (", or the name of a load balancer" if draft.load_balancers else "")


def _with_host(draft: Draft, step: GroupStep, answer: str) -> Draft:
    try:
        after = take_host(draft, step.field, answer)
    except UsageError as error:
        _print(error.what, error.hint)
        return draft
    return after if _is_good(problems(draft, after, step.field)) else draft


def _is_good(diagnostics: list[Diagnostic]) -> bool:
    """Whether there is no error; everything is shown, warnings too."""
    for item in diagnostics:
        _print(item.message if item.severity == "error" else f"warning: {item.message}", item.hint)
    return not any(item.severity == "error" for item in diagnostics)


def _print(message: str, hint: str = "") -> None:
    print(f"    {message}" + (f"\n    hint: {hint}" if hint else ""), file=sys.stderr)
