"""`twinkeel audit`: faults of existing haproxy.cfg and keepalived.conf, and what each failure will cost."""

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinkeel.errors import EXIT_GOOD, EXIT_NO, UsageError

if TYPE_CHECKING:
    from twinkeel.app.audit import AuditResult
    from twinkeel.app.audit_live import LiveHosts
    from twinkeel.app.audit_settings import Settings
    from twinkeel.audit.audit import Found

app = typer.Typer(add_completion=False)


class AuditFormat(StrEnum):
    """Output format."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"


class Profile(StrEnum):
    """Which rules are asked."""

    breaks = "breaks"
    everything = "everything"


class Least(StrEnum):
    """The least severity that is shown."""

    error = "error"
    warning = "warning"
    info = "info"


@app.command()
def audit(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH...", help="Files or folders of one host or of a pair; - is standard input.")
    ] = None,
    output: Annotated[AuditFormat, typer.Option("--format", help="Output format.")] = AuditFormat.text,
    severity: Annotated[
        Least | None, typer.Option("--severity", help="The lowest severity to show. [default: warning]", show_default=False)
    ] = None,
    profile: Annotated[
        Profile | None,
        typer.Option("--profile", help="breaks: only what costs clients the API. [default: everything]", show_default=False),
    ] = None,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings. [default: .twinkeel-audit.yaml, where there is one]")
    ] = None,
    no_config: Annotated[bool, typer.Option("--no-config", help="Ignore any settings file.")] = False,
    host: Annotated[
        list[str] | None,
        typer.Option("--host", metavar="HOST", help="A live host, read over SSH: USER@HOST[:PORT], or a name of the spec's."),
    ] = None,
    file: Annotated[
        list[Path] | None,
        typer.Option(
            "-f",
            "--file",
            help="A spec whose load balancers are read over SSH (all, or each --host); may be a folder; repeatable.",
        ),
    ] = None,
    explain: Annotated[str | None, typer.Option("--explain", metavar="RULE", help="Explain what a rule finds, and why.")] = None,
) -> None:
    """Find what is wrong with existing load balancers, and predict what each failure will cost.

    PATH: haproxy.cfg, keepalived.conf, check scripts and Kubespray's inventory, or folders that hold them. Two hosts are two
    folders (lb-1/ and lb-2/, with or without etc/haproxy and etc/keepalived below); then it also reports what differs between
    them. Nothing is changed.

    With --host or -f the files are those that the hosts' units load; nothing is written there.

    A comment suppresses a finding, on its line or alone on the line above: # twinkeel: ignore[RULE] REASON

    Given several specs, or a folder, prints a table with a row per cluster, and each cluster's findings; see
    docs/how-to/many-clusters.md.

    .twinkeel-audit.yaml in the working directory disables rules and sets profile and severity; options take precedence.

    Exit codes: 0 no warnings or errors; 1 at least one; 2 wrong usage, or nothing to audit in a PATH or on a HOST; 3 a file
    cannot be read, or a host cannot be reached.
    """
    from twinkeel.app.audit import audit as audit_paths
    from twinkeel.app.audit import rule_of
    from twinkeel.app.audit_settings import rules_of

    # The excerpts show other people's text, which a terminal of another encoding may not be able to.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    if explain is not None:
        from twinkeel.audit.documentation import rule_markdown

        print(rule_markdown(rule_of(explain), level=1), end="")
        raise typer.Exit(EXIT_GOOD)
    if not (paths or host or file):
        raise UsageError("no files were named", hint="twinkeel audit lb-1/ lb-2/; or --host lb-1 --host lb-2")
    chosen = _settings(config, no_config)
    rules = rules_of(profile.value if profile else chosen.profile or "everything")
    least = severity or Least(chosen.severity or "warning")
    specs = _several(file or [], output, alone=not (paths or host))
    if specs is not None:
        from twinkeel.cli.audit_many import audit_many

        raise typer.Exit(audit_many(specs, rules, chosen.ignored, lambda result: _shown(result, least), as_json=output == "json"))
    live = _read_hosts(host or [], file) if host or file else None
    result = audit_paths(
        paths or [],
        predictions=output in (AuditFormat.text, AuditFormat.json),
        live=live,
        rules=rules,
        ignored=chosen.ignored,
    )
    shown = _shown(result, least)
    _print(result, shown, output)
    raise typer.Exit(code_of(shown))


def code_of(shown: "Sequence[Found]") -> int:
    """The exit code of what is shown."""
    return EXIT_NO if any(each.rule.severity != "info" for each in shown) else EXIT_GOOD


def _several(files: list[Path], output: AuditFormat, *, alone: bool) -> tuple[Path, ...] | None:
    """The specs in the plural; None where one is meant, or none. Raises UsageError for what fits one spec alone."""
    if not files:
        return None
    from twinkeel.cli.which_specs import specs_of

    specs = specs_of(files)
    if specs is not None and not alone:
        raise UsageError("several specs stand alone", hint="leave out PATH and --host, or name one spec")
    if specs is not None and output not in (AuditFormat.text, AuditFormat.json):
        raise UsageError(f"--format {output.value} is about one spec", hint="--format json has the findings of all")
    return specs


def _settings(config: Path | None, no_config: bool) -> "Settings":
    from twinkeel.app.audit_settings import Settings, settings
    from twinkeel.diagnostic import render_text

    if no_config and config is not None:
        raise UsageError("--config and --no-config contradict each other")
    return Settings() if no_config else settings(config, lambda found, source: print(render_text(found, source), file=sys.stderr))


def _read_hosts(hosts: list[str], file: list[Path] | None) -> "LiveHosts":
    from twinkeel.app.audit_live import read_hosts
    from twinkeel.cli.load import open_context
    from twinkeel.cli.run_async import run

    return run(read_hosts(hosts, open_context(file, reading=True) if file else None))


def _shown(result: "AuditResult", least: Least) -> "list[Found]":
    levels = [level.value for level in Least]
    return [each for each in result.audited.found if levels.index(each.rule.severity) <= levels.index(least.value)]


def audited_json(result: "AuditResult", shown: "list[Found]") -> dict[str, Any]:
    """The object that --format json prints."""
    from twinkeel.audit.report_json import findings_json, predictions_json

    found = findings_json(shown, result.audited)
    predictions = predictions_json(result.outcomes, result.ours or {})
    notes = [{"file": file, "message": text} for file, text in result.notes]
    return {"hosts": result.hosts, "versions": result.versions, "notes": notes, **found, "predictions": predictions}


def _print(result: "AuditResult", shown: "list[Found]", output: AuditFormat) -> None:
    if output is AuditFormat.text:
        from twinkeel.cli.show_audit import as_text

        print(as_text(result, shown), end="")
    elif output is AuditFormat.json:
        print(json.dumps(audited_json(result, shown), indent=2))
    elif output is AuditFormat.sarif:
        from importlib.metadata import version

        from twinkeel.audit.registry import RULES
        from twinkeel.audit.report_sarif import sarif

        print(json.dumps(sarif(shown, result.audited, RULES, version("twinkeel")), indent=2))
    else:
        from twinkeel.audit.report_github import github

        for line in github(shown):
            print(line)
