"""`twinkeel init` without questions: every answer from an option, and every problem told at once."""

from collections.abc import Iterable, Iterator, Mapping

from twinkeel.cli.init_steps import STEPS, GroupStep, Step, take_host
from twinkeel.diagnostic import Diagnostic
from twinkeel.errors import UsageError
from twinkeel.spec.draft import Draft, problems

Given = Mapping[str, tuple[str, ...]]
"""Field -> what its option was given, empty for an option that was not."""


def draft_from_flags(start: Draft, given: Given) -> Draft:
    """The draft that the options describe; warnings are left to `check`.

    Raises UsageError that names the options that are missing, or whose values cannot be.
    """
    missing = [step.flag for step in STEPS if step.required and not given[step.field]]
    if missing:
        raise UsageError(
            f"nothing is asked here, and options are missing: {', '.join(missing)}",
            hint="give them, or run `twinkeel init` in a terminal, without --yes",
        )
    draft, found = start, list[str]()
    for step in STEPS:
        draft = with_options(draft, step, given[step.field], found)
    refuse(found)
    return draft


def refuse(found: list[str]) -> None:
    """Raise UsageError with everything that was found wrong with the options."""
    if found:
        raise UsageError("the options do not make a good spec", where="\n         ".join(found))


def with_options(draft: Draft, step: Step | GroupStep, values: tuple[str, ...], found: list[str]) -> Draft:
    """The draft with one step's options; what is wrong with them goes to `found`, and they are left out."""
    if isinstance(step, GroupStep):
        return _with_group(draft, step, values, found)
    if values:
        return _kept(draft, step.take(draft, " ".join(values)), f"{step.flag} {' '.join(values)}", found)
    if step.field == "port" and step.applies(draft):
        found.append("--port: a load balancer is a control-plane host, so the endpoint needs a port of its own, like 8443")
    default = step.default(draft) if step.applies(draft) else None
    return draft if default is None else step.take(draft, default)


def _with_group(draft: Draft, step: GroupStep, values: tuple[str, ...], found: list[str]) -> Draft:
    before, already = draft, len(found)
    for value in values:
        try:
            draft = _kept(draft, take_host(draft, step.field, value), f"{step.flag} {value}", found, step.field)
        except UsageError as error:
            found.append(f"{step.flag}: {error.what}; {error.hint}")
    if len(found) == already:
        found += _messages(step.flag, problems(before, draft))
    return draft


def _kept(before: Draft, after: Draft, option: str, found: list[str], group: str | None = None) -> Draft:
    wrong = list(_messages(option, problems(before, after, group)))
    found += wrong
    return before if wrong else after


def _messages(option: str, diagnostics: Iterable[Diagnostic]) -> Iterator[str]:
    for item in diagnostics:
        if item.severity == "error":
            yield f"{option}: {item.message}; {item.hint}"
