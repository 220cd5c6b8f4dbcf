"""A command in plain Click, for one so short that loading Typer would be a tenth of it. Its help looks as the others'."""

from pathlib import Path

import click

SPEC_FILES = click.Option(
    ["-f", "--file"],
    type=click.Path(path_type=Path),
    multiple=True,
    default=[Path("twinkeel.yaml")],
    envvar="TWINKEEL_FILE",
    show_default=True,
    show_envvar=True,
    help="The spec, or a folder of specs; repeatable.",
)
"""As `options.SpecFiles`; its value is a tuple."""
OUTPUT_FORMAT = click.Option(
    ["--format", "output"], type=click.Choice(["text", "json"]), default="text", show_default=True, help="Output format."
)
"""As `options.OutputFormat`; its value is a str."""


class LightCommand(click.Command):
    """A command whose help alone needs Typer."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help as Typer writes it of a command of its own."""
        from typer.core import TyperCommand

        params = [_typer_s(param) for param in self.params if isinstance(param, click.Option)]
        TyperCommand(self.name, params=list(params), help=self.help).format_help(ctx, formatter)


def _typer_s(option: click.Option) -> click.Option:
    from typer.core import TyperOption

    return TyperOption(
        param_decls=[option.name or "", *option.opts],
        type=option.type,
        multiple=option.multiple,
        default=option.default,
        show_default=True,
        envvar=str(option.envvar) if option.envvar else None,
        show_envvar=option.show_envvar,
        help=option.help,
    )
