"""The command `twinkeel`, and `python -m twinkeel`: Ctrl-C is no traceback, not even while Python still loads."""

import sys

from twinkeel.errors import EXIT_INTERRUPTED


def main() -> None:
    """Run the command line; see `twinkeel.cli.main`."""
    try:
        from twinkeel.cli.main import main as command_line  # noqa: PLC0415 - loading is what may be interrupted
    except KeyboardInterrupt:
        sys.stderr.write("twinkeel: interrupted\n")
        sys.exit(EXIT_INTERRUPTED)
    command_line()


if __name__ == "__main__":
    main()
