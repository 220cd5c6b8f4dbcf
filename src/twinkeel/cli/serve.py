"""`twinkeel serve`."""

import contextlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from twinkeel.cli.options import DEFAULT_SPEC, SpecFiles
from twinkeel.cli.which_specs import specs_of

app = typer.Typer(add_completion=False)

PORT = 8407


@app.command()
def serve(
    file: SpecFiles = DEFAULT_SPEC,
    address: Annotated[
        str, typer.Option("--address", help="The address to listen on. Any but a loopback address requires a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port to listen on; 0: any free port.")] = PORT,
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            metavar="FILE",
            help="A file (mode 0600) with the token that grants access; default: TWINKEEL_SERVE_TOKEN.",
        ),
    ] = None,
    certificate: Annotated[
        Path | None, typer.Option("--certificate", metavar="FILE", help="Serve over TLS, with this certificate chain (PEM).")
    ] = None,
    key: Annotated[Path | None, typer.Option("--key", metavar="FILE", help="The certificate's key (PEM).")] = None,
    period: Annotated[
        float,
        typer.Option(
            "--period", min=0.1, max=60, help="Seconds between two polls of a host. A move of a virtual IP is seen at once."
        ),
    ] = 2.0,
    drift_period: Annotated[
        float,
        typer.Option("--drift-period", min=0, help="Seconds between two comparisons with the spec, as `plan` makes; 0: never."),
    ] = 300.0,
    drills: Annotated[
        Path | None,
        typer.Option("--drills", metavar="DIR", help="The folder with the runs of drills. Default: below the user's state folder."),
    ] = None,
) -> None:
    """Serve a live page: who holds what since when, what is broken, what happened.

    Given several specs, or a folder, it shows an overview of all clusters and a page for each. It only reads, and takes no
    lock. GET /metrics is for
    Prometheus, GET /healthz says whether it still polls. Ctrl-C ends it.
    """
    import asyncio

    from twinkeel.cli.load import open_context
    from twinkeel.support.extras import require

    require("uvicorn")
    from twinkeel.app.serve import Order, Pace
    from twinkeel.app.serve import serve as run_page

    contexts = [open_context(each, reading=True) for each in specs_of(file) or file]
    order = Order(address, port, token_file, certificate, key, Pace(period, drift_period), drills)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(run_page(contexts, order, _print_url))


def _print_url(url: str) -> None:
    print(url, flush=True)
    print("Ctrl-C ends it", file=sys.stderr)
