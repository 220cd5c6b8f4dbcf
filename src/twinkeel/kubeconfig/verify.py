"""Prove that a kubeconfig works through the virtual IP: TLS verifies, and the API knows the client."""

import ssl
from collections.abc import Iterable, Iterator

import httpx2

from twinkeel.errors import VerificationError
from twinkeel.kubeconfig.credentials import read_credentials, tls_context
from twinkeel.kubeconfig.document import parse_kubeconfig
from twinkeel.kubeconfig.server import server_url
from twinkeel.topology.model import Endpoint

TIMEOUT = 10.0


async def verify_kubeconfig(text: str, endpoint: Endpoint, where: str, *, by_name: bool = False) -> str:
    """The API's version (v1.35.4), once the certificate verified for every virtual IP and for the endpoint's name.

    Connections go to the virtual IPs in each case: this machine need not resolve the name.

    Args:
        where: the place to name in errors about the kubeconfig itself.
        by_name: the kubeconfig names the endpoint's name: then the certificate need not hold the virtual IPs.

    Raises:
        KubeconfigError: the kubeconfig cannot be used.
        VerificationError: the API does not answer, its certificate does not verify, or it refuses the client.
    """
    credentials = read_credentials(parse_kubeconfig(text, where), where)
    headers = {"Authorization": f"Bearer {credentials.token}"} if credentials.token else {}
    context = tls_context(credentials, where)
    version = ""
    for vip in endpoint.vips:
        base = server_url(vip.ip, endpoint.port)
        first, *others = [endpoint.name] if by_name else [str(vip.ip), endpoint.name]
        version = await _ask(context, headers, base, ("/version", "/readyz"), endpoint, first)
        for name in others:
            await _ask(context, headers, base, ("/version",), endpoint, name)
    return version


async def _ask(
    context: ssl.SSLContext, headers: dict[str, str], base: str, paths: Iterable[str], endpoint: Endpoint, name: str
) -> str:
    """Ask each path on one new connection whose certificate must verify for `name`; the API's version."""
    async with httpx2.AsyncClient(verify=context, timeout=TIMEOUT, trust_env=False, headers=headers, base_url=base) as client:
        answers = {path: await _get(client, path, endpoint, name) for path in paths}
    return _version(answers["/version"], f"{base}/version")


def _version(answer: httpx2.Response, where: str) -> str:
    try:
        return str(answer.json()["gitVersion"])
    except (ValueError, KeyError, TypeError) as error:
        hint = "something else than a Kubernetes API server answers there"
        raise VerificationError("the answer is not a Kubernetes version", where=where, hint=hint) from error


async def _get(client: httpx2.AsyncClient, path: str, endpoint: Endpoint, name: str) -> httpx2.Response:
    where = f"{str(client.base_url).rstrip('/')}{path}"
    extensions = {"sni_hostname": name} if name == endpoint.name else {}
    try:
        answer = await client.get(path, extensions=extensions)
    except ssl.SSLError as error:
        # In TLS 1.3 the server judges the client's certificate after the handshake: its alert comes with the first answer.
        raise _refused_user(str(error.reason), where) from error
    except httpx2.TransportError as error:
        raise _transport_error(error, where, endpoint, name) from error
    if answer.status_code in (httpx2.codes.UNAUTHORIZED, httpx2.codes.FORBIDDEN):
        raise _refused_user(str(answer.status_code), where)
    if answer.status_code != httpx2.codes.OK:
        raise VerificationError(
            f"the API answers {answer.status_code}", where=where, hint="`twinkeel status` shows what is not ready"
        )
    return answer


def _refused_user(reason: str, where: str) -> VerificationError:
    hint = "its client certificate may have expired, or be another cluster's: on the host, kubeadm certs check-expiration"
    return VerificationError(f"the API refuses the kubeconfig's user ({reason})", where=where, hint=hint)


def _transport_error(error: httpx2.TransportError, where: str, endpoint: Endpoint, name: str) -> VerificationError:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            names = ", ".join([*(str(vip.ip) for vip in endpoint.vips), endpoint.name])
            hint = (
                f"the API servers' certificate must name {names}: `twinkeel kubespray run` sets them "
                "(supplementary_addresses_in_ssl_keys) and makes the certificates anew; or kubeadm init phase certs apiserver"
            )
            return VerificationError(f"the certificate does not verify for {name}: {cause.verify_message}", where=where, hint=hint)
    if isinstance(error, httpx2.ReadError | httpx2.WriteError | httpx2.RemoteProtocolError):
        # A server that judges the client's certificate may close so fast that its alert is lost.
        return _refused_user("it closed the connection", where)
    reason = f"no answer within {TIMEOUT:g} s" if isinstance(error, httpx2.TimeoutException) else str(error) or type(error).__name__
    hint = "is this machine on a network that reaches the virtual IP? `twinkeel status` shows who holds it"
    return VerificationError(f"the API does not answer through the virtual IP: {reason}", where=where, hint=hint)


def _causes(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
