"""Use case: the live page of clusters. It only reads: hosts are asked, never changed, and no lock is taken."""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn

from twinkeel.app.context import Context
from twinkeel.app.drill import drills_folder
from twinkeel.app.hosts import ClusterHosts
from twinkeel.errors import ToolError, UsageError
from twinkeel.serve.access import VARIABLE, Token, is_loopback_address, read_token
from twinkeel.serve.board import Board
from twinkeel.serve.clock import monotonic
from twinkeel.serve.cluster_watch import ClusterWatch, Pace
from twinkeel.serve.numbers import Numbers
from twinkeel.serve.subject import Subject
from twinkeel.serve.web import make_app
from twinkeel.support.url_host import url_host

__all__ = ["Order", "Pace", "serve"]

GRACE = 2
MOST_CLIENTS = 500


@dataclass(frozen=True)
class Order:
    """Where to listen, who may look (`token_file`; None: the environment's variable), how to encrypt, and how often to look.

    `drills` is the folder of runs of drills; None for the user's own.
    """

    address: str = "127.0.0.1"
    port: int = 8407
    token_file: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    pace: Pace = field(default_factory=Pace)
    drills: Path | None = None


async def serve(contexts: Sequence[Context], order: Order, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        on_ready: gets the page's address when connections are taken.

    Raises:
        UsageError: others than this machine could look without a token; or the token or certificate is not usable.
        ToolError: the port cannot be had.
    """
    token = read_token(order.token_file, os.environ)
    _refuse_open_doors(order.address, token)
    encryption = _encryption(order)
    listener = _listen(order.address, order.port)
    numbers, stack = Numbers(), AsyncExitStack()
    with listener:
        async with stack:
            board = await _board(contexts, order, stack)
            numbers.watch(board.watches.values(), monotonic)
            server: uvicorn.Server
            app = make_app(board, numbers, token, monotonic, lambda: server.should_exit, tls=encryption is not None)
            server = uvicorn.Server(_settings(app, encryption))
            on_ready(f"http{'s' if encryption else ''}://{url_host(order.address)}:{listener.getsockname()[1]}/")
            await _until_it_ends(server, listener, board)


async def _board(contexts: Sequence[Context], order: Order, stack: AsyncExitStack) -> Board:
    board: Board
    watches = []
    for number, context in enumerate(contexts, start=1):
        hosts = await stack.enter_async_context(ClusterHosts(context).reading())
        subject = Subject(number, context.topology, context.passwords)
        watches.append(ClusterWatch(subject, hosts, order.pace, monotonic, lambda: board.stir()))
    board = Board(watches, order.drills or drills_folder(), monotonic)
    return board


async def _until_it_ends(server: uvicorn.Server, listener: socket.socket, board: Board) -> None:
    watching = asyncio.create_task(board.run())
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        # A watch that ends is a defect, and must not look like a page on which nothing happens.
        await asyncio.wait((watching, serving), return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            server.should_exit = True
            await serving
            watching.result()
        await serving
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


def _settings(app: object, encryption: tuple[str, str] | None) -> uvicorn.Config:
    certificate, key = encryption or (None, None)
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MOST_CLIENTS,
        timeout_graceful_shutdown=GRACE,
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


def _refuse_open_doors(address: str, token: Token | None) -> None:
    if token is None and not is_loopback_address(address):
        raise UsageError(
            "others than this machine could look, and there is no token",
            where=f"--address {address}",
            hint=f"give --token-file FILE (mode 0600; `openssl rand -hex 32 > FILE`) or set {VARIABLE}",
        )


def _encryption(order: Order) -> tuple[str, str] | None:
    if order.certificate is None and order.key is None:
        return None
    if order.certificate is None or order.key is None:
        raise UsageError("a certificate and its key are given together", hint="give both --certificate and --key")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(order.certificate, order.key)
    except (OSError, ssl.SSLError) as error:
        where = f"{order.certificate}, {order.key}"
        raise UsageError(f"the certificate and key cannot be used: {error.strerror or error}", where=where) from error
    return str(order.certificate), str(order.key)


def _listen(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family, backlog=128)
    except OSError as error:
        hint = "another --port, or --address: one that this machine has"
        raise ToolError(f"the port cannot be had: {error.strerror}", where=f"{url_host(address)}:{port}", hint=hint) from error
