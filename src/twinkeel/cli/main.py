"""The `twinkeel` command: which commands exist, and how every error ends.

A command's module is imported only when that command runs, so that `twinkeel --help` stays fast.
Each module holds `app`: a Typer application, or a LightCommand where loading Typer would be felt.
"""

import contextlib
import errno
import gc
import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING

import click

from twinkeel.cli.help_text import unwrap_help
from twinkeel.errors import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_UNREAD, TwinkeelError
from twinkeel.support.lean_imports import lean_imports

if TYPE_CHECKING:
    import typer

lean_imports()
_THE_MACHINE_S = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM))

# Name -> module below twinkeel.cli, and the line that `--help` shows.
COMMANDS = {
    "init": ("init", "Write a new spec and its secrets file, from questions or from options."),
    "import": ("import_pair", "Write the spec of an existing pair, and list what a spec cannot express."),
    "check": ("check", "Show every problem in the spec, with its position."),
    "schema": ("schema", "Print the JSON Schema of the spec, for editors."),
    "explain": ("explain", "Show the topology, every setting in force, and the predicted downtime of each failure."),
    "render": ("render", "Write every file of the system to a folder."),
    "audit": ("audit", "Find what is wrong with an existing pair, and what each failure will cost."),
    "preflight": ("preflight", "Check that every host is ready for an apply."),
    "plan": ("plan", "Show what apply would change, as a diff by host and file."),
    "apply": ("apply", "Bring the load balancers in line with the spec, verified through the virtual IP."),
    "drain": ("drain", "Take a control-plane host out of rotation on every load balancer."),
    "undrain": ("undrain", "Put a control-plane host back into rotation."),
    "rollback": ("rollback", "Restore what the load balancers had before the last change."),
    "switchover": ("switchover", "Move the virtual IP to another load balancer on purpose."),
    "export": ("export", "Write an Ansible project that does the same without Twinkeel."),
    "kubespray": ("kubespray", "Fetch a Kubespray release and run its playbooks, with guards and progress."),
    "kubeconfig": ("kubeconfig", "Fetch admin.conf, point it at the endpoint, and prove that TLS verifies."),
    "status": ("status", "Show who holds the virtual IP, the backends, and whether the API is ready."),
    "serve": ("serve", "Serve a live page: who holds what since when, what is broken, what happened."),
    "monitor": ("monitor", "Generate alert rules, scrape jobs and a dashboard for Prometheus and Grafana."),
    "drill": ("drill", "Break something on purpose and measure what a client sees."),
    "tune": ("tune", "Measure which timers these machines and this network sustain, and recommend some."),
    "bench": ("bench", "Run the same faults on other configurations, and compare each with ours."),
    "lab": ("lab", "Run the whole system, with the real daemons, on this machine."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command itself; None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"twinkeel.cli.{COMMANDS[cmd_name][0]}")
        command = module.app if isinstance(module.app, click.Command) else _of_typer(module.app)
        command.name = cmd_name
        unwrap_help(command)
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As Click does; a slip is told with the command that is near."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            if near := get_close_matches(args[0], COMMANDS, n=1):
                ctx.fail(f"No such command '{args[0]}'. Did you mean '{near[0]}'?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands' one-line helps, from the table: nothing is imported."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _of_typer(app: "typer.Typer") -> click.Command:
    from typer.main import get_command

    command = get_command(app)
    if hasattr(click.exceptions, "NoSuchCommand"):
        _suggest_once(command)
    return command


def _suggest_once(command: click.Command) -> None:
    """From 8.4 on Click says itself which command is near, and Typer says it again."""
    if isinstance(command, click.Group):
        vars(command)["suggest_commands"] = False
        for each in command.commands.values():
            _suggest_once(each)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="twinkeel")
def cli() -> None:
    """A Kubernetes API that survives the loss of any one machine, with a measured proof.

    One YAML file (twinkeel.yaml, or -f FILE) describes the load balancers, the virtual IP and the cluster behind them.
    Exit codes: 0 success, 1 a check failed or something differs, 2 wrong usage or an invalid spec, 3 a host or tool failed.
    """


def main() -> None:
    """Run the command line; every error ends here as a message and an exit code."""
    _end_as_ctrl_c_does()
    try:
        code = cli.main(prog_name="twinkeel", standalone_mode=False)
    except click.exceptions.Abort:
        code = _print_error("interrupted", EXIT_INTERRUPTED)
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except TwinkeelError as error:
        code = _print_error(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        code = _without_module(error)
    except KeyboardInterrupt:
        code = _print_error("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        code = EXIT_UNREAD
    except SystemExit as ended:
        # Click makes 1, which means "the answer is no", of output that nobody reads.
        code = EXIT_UNREAD if isinstance(ended.__context__, BrokenPipeError) else ended.code
    except OSError as error:
        # With a file's name, or of a machine that is full, it is about the user's machine. Anything else is ours to mend.
        explained = error.filename is not None or error.errno in _THE_MACHINE_S
        where = error.filename or "this machine"
        code = _print_error(f"{error.strerror or error}\n  where: {where}" if explained else _defect(error), EXIT_FAILED)
    except Exception as error:
        code = _print_error(_defect(error), EXIT_FAILED)
    code = _flushed(code)
    # The interpreter's last collection takes a sixth of a short command's time, and what it frees is freed anyway.
    gc.freeze()
    sys.exit(code if isinstance(code, int) else 0)


def _flushed(code: object) -> object:
    """Write out what is left of the output here: at the interpreter's end a closed pipe is a complaint of Python's and code 120."""
    try:
        sys.stdout.flush()
    except OSError as error:
        unread = isinstance(error, BrokenPipeError)
        if not unread:
            _print_error(f"{error.strerror or error}\n  where: standard output", EXIT_FAILED)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return code or (EXIT_UNREAD if unread else EXIT_FAILED)
    return code


def _end_as_ctrl_c_does() -> None:
    """A polite end (a job's timeout, a closed terminal) cleans up as Ctrl-C does; a signal that is ignored (nohup) stays so."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _interrupt)


def _interrupt(*_: object) -> None:
    """As Ctrl-C, also where a shell started us in the background: there SIGINT is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


def _print_error(message: str, code: int) -> int:
    # What was printed before comes before, also where both go into one file.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    print(f"twinkeel: {message}", file=sys.stderr)
    return code


def _without_module(error: ModuleNotFoundError) -> int:
    """A library of an extra that is not installed is no defect."""
    from twinkeel.support.extras import EXTRAS, missing_extra

    module = (error.name or "").partition(".")[0]
    return _print_error(str(missing_extra(module)) if module in EXTRAS else _defect(error), EXIT_FAILED)


def _defect(error: Exception) -> str:
    """Keep the traceback for a report, and say where it is."""
    from twinkeel.support.defect import HINT, keep_traceback

    return f"this is a defect in Twinkeel, not in your input\n  where: {keep_traceback(error)}\n  hint: {HINT}"


if __name__ == "__main__":
    main()
