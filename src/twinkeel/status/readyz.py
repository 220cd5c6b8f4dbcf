"""Asking an API server, or the virtual IP, for /readyz over verified TLS."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import httpx2

from twinkeel.support.connection_trouble import connection_trouble
from twinkeel.support.url_host import url_host

# A host that is gone costs the first. An API server of 1.36 that has lost etcd takes 4 s to say so (two checks of 2 s each): it is
# "not ready", and not unreachable.
PROBE_TIMEOUT = 3.0
ANSWER_TIMEOUT = 5.0
LARGEST_ANSWER = 1 << 16

Outcome = Literal["ready", "not ready", "unreachable", "not verified", "not known"]
"""The last: nothing was asked, or is not answered yet."""


@dataclass(frozen=True)
class Readiness:
    """What /readyz said. `detail` is one line for a person; empty when ready."""

    outcome: Outcome
    detail: str = ""

    @property
    def ready(self) -> bool:
        """Whether the answer was 200 over a connection whose certificate verifies."""
        return self.outcome == "ready"

    @property
    def known(self) -> bool:
        """Whether it was asked, and answered or had its time to."""
        return self.outcome != "not known"


def tls_context(ca: str) -> ssl.SSLContext:
    """A client's TLS context that trusts only the given authority (PEM text)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ca)
    return context


async def ask_readyz(
    address: str, port: int, context: ssl.SSLContext, *, name: str | None = None, wanted: int | None = 200
) -> Readiness:
    """GET https://ADDRESS:PORT/readyz on a new connection.

    Args:
        address: IPv4 or IPv6, without brackets.
        name: the name that the certificate must hold; default: the address itself.
        wanted: the status that means ready; None when any answer does.
    """
    async with readyz_client(context) as client:
        return await ask_over(client, address, port, name=name, wanted=wanted)


def readyz_client(context: ssl.SSLContext) -> httpx2.AsyncClient:
    """What keeps connections for `ask_over`; close it at the end."""
    limits = httpx2.Timeout(PROBE_TIMEOUT, read=ANSWER_TIMEOUT)
    # No proxy of the environment may answer for the cluster.
    return httpx2.AsyncClient(verify=context, timeout=limits, trust_env=False)


async def ask_over(
    client: httpx2.AsyncClient, address: str, port: int, *, name: str | None = None, wanted: int | None = 200, once: bool = False
) -> Readiness:
    """As `ask_readyz`, over a connection that the client may have kept; `once`: over a new one that is not kept."""
    try:
        asked = client.stream(
            "GET",
            f"https://{url_host(address)}:{port}/readyz",
            extensions={"sni_hostname": name} if name else {},
            headers={"Connection": "close"} if once else {},
        )
        async with asked as answer:
            await _read_little(answer)
    except (httpx2.TransportError, ssl.SSLError) as error:
        return _failure(error, name or address)
    if wanted is None or answer.status_code == wanted:
        return Readiness("ready")
    if answer.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
        return Readiness("not ready", anonymous_refused(answer.status_code))
    return Readiness("not ready", f"/readyz answers {answer.status_code}")


async def _read_little(answer: httpx2.Response) -> None:
    """The body of an API server is a line, and must be read for its connection to be kept. Who answers may be anybody."""
    read = 0
    async for part in answer.aiter_raw():
        read += len(part)
        if read > LARGEST_ANSWER:
            return


def anonymous_refused(status: int | str) -> str:
    """What an answer of 401 or 403 means."""
    return f"/readyz answers {status}: anonymous requests to it must be allowed, or kubernetes.api_check set"


def _failure(error: Exception, name: str) -> Readiness:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Readiness("not verified", f"the certificate does not verify for {name}: {cause.verify_message}")
    if isinstance(error, httpx2.TimeoutException):
        waited = ANSWER_TIMEOUT if isinstance(error, httpx2.ReadTimeout) else PROBE_TIMEOUT
        return Readiness("unreachable", f"no answer within {waited:g} s")
    # The last of them is what the system said, before libraries put it into their own words.
    said = [connection_trouble(cause) for cause in _causes(error) if isinstance(cause, OSError)]
    return Readiness("unreachable", said[-1] if said else str(error) or type(error).__name__)


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
