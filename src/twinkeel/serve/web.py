"""The page's addresses. Every answer reads; there is nothing that a request could change.

/            the page       /events   what it shows, as server-sent events
/metrics     for Prometheus      /healthz   whether the looks go on, for systemd or a load balancer: needs no token
/login       for browsers, where there is a token
"""

from collections.abc import Awaitable, Callable
from importlib.resources import files
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from twinkeel.serve.access import COOKIE, COOKIE_AGE, Token, may_read
from twinkeel.serve.board import Board
from twinkeel.serve.clock import Clock
from twinkeel.serve.event_stream import EventStream
from twinkeel.serve.numbers import CONTENT_TYPE, Numbers

_PAGE = files("twinkeel.serve") / "page"
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/picture.js": ("picture.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
# What a page without a token may show.
_OPEN = {"/healthz", "/login", "/page.css", "/icon.svg"}
REFUSED = '<p class="bad-text" role="alert">That is not the token.</p>'
STALLED = 90.0
LARGEST_FORM = 4096

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

Answer = Callable[[Request], Awaitable[Response]]


def make_app(
    board: Board, numbers: Numbers, token: Token | None, clock: Clock, stopping: Callable[[], bool], *, tls: bool = False
) -> ASGIApp:
    """The application. `stopping`: whether open streams must end; `tls`: cookies are given to encrypted connections alone."""

    async def healthz(_: Request) -> Response:
        stalled = [watch for watch in board.watches.values() if clock() - watch.turned_at > STALLED]
        return PlainTextResponse("stalled\n" if stalled else "ok\n", 503 if stalled else 200)

    async def metrics(_: Request) -> Response:
        return Response(numbers.text(), media_type=CONTENT_TYPE)

    async def login(request: Request) -> Response:
        if token is None:
            return RedirectResponse("/", 303)
        if request.method != "POST":
            return _login()
        if not token.is_(await _given_token(request)):
            numbers.refused.inc()
            return _login(401, REFUSED)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(COOKIE, token.cookie(), max_age=COOKIE_AGE, httponly=True, samesite="strict", secure=tls)
        return answer

    routes = [
        *(Route(path, _file_at(path), methods=["GET"]) for path in _FILES),
        Route("/healthz", healthz, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
        Route("/login", login, methods=["GET", "POST"]),
        Route("/events", EventStream(board, numbers, stopping), methods=["GET"]),
    ]
    return _Guard(Starlette(routes=routes), token, numbers)


class _Guard:
    """Refuses who may not look, and gives every answer its headers."""

    def __init__(self, app: ASGIApp, token: Token | None, numbers: Numbers) -> None:
        self._app, self._token, self._numbers = app, token, numbers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *((name.encode(), value.encode()) for name, value in HEADERS.items())]
            await send(message)

        request = Request(scope)
        app = self._app if self._may(request) else self._refusal(request)
        await app(scope, receive, send_with_headers)

    def _may(self, request: Request) -> bool:
        return (self._token is not None and request.url.path in _OPEN) or may_read(self._token, request.headers)

    def _refusal(self, request: Request) -> Response:
        self._numbers.refused.inc()
        if self._token is None:
            what = (
                "without a token this page is for this machine alone: ask for 127.0.0.1, or start `twinkeel serve` with a token\n"
            )
            return PlainTextResponse(what, 403)
        if request.url.path == "/" and request.method == "GET":
            return RedirectResponse("/login", 303)
        return PlainTextResponse("a token is needed: Authorization: Bearer ...\n", 401, {"www-authenticate": "Bearer"})


async def _given_token(request: Request) -> str:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_FORM:
            return ""
    return parse_qs(body.decode(errors="replace")).get("token", [""])[0].strip()


def _file_at(path: str) -> Answer:
    name, kind = _FILES[path]

    async def answer(_: Request) -> Response:
        return _file(name, kind)

    return answer


def _login(status: int = 200, said: str = "") -> Response:
    text = (_PAGE / "login.html").read_text(encoding="utf-8")
    return Response(text.replace("<!-- refused -->", said), status, media_type="text/html; charset=utf-8")


def _file(name: str, kind: str) -> Response:
    return Response((_PAGE / name).read_bytes(), media_type=kind)
