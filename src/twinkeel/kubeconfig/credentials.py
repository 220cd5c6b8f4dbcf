"""What a kubeconfig gives to a TLS client: the cluster's authority, and a client certificate or a token."""

import base64
import binascii
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from twinkeel.kubeconfig.document import Kubeconfig, KubeconfigError


@dataclass(frozen=True)
class Credentials:
    """PEM bytes, as in the kubeconfig. `token` is there instead of certificate and key, or not at all."""

    ca: bytes
    certificate: bytes | None
    key: bytes | None
    token: str | None


def read_credentials(kubeconfig: Kubeconfig, where: str) -> Credentials:
    """The credentials of the current context.

    Raises:
        KubeconfigError: TLS verification is switched off, or something is missing or not embedded in the file.
    """
    if kubeconfig.cluster.get("insecure-skip-tls-verify"):
        raise KubeconfigError("the kubeconfig switches TLS verification off (insecure-skip-tls-verify)", where=where)
    ca = _embedded(kubeconfig.cluster, "certificate-authority", where)
    if ca is None:
        raise KubeconfigError("the kubeconfig has no certificate-authority-data: TLS could not be verified", where=where)
    token = kubeconfig.user.get("token")
    if token:
        return Credentials(ca, None, None, str(token))
    certificate, key = _embedded(kubeconfig.user, "client-certificate", where), _embedded(kubeconfig.user, "client-key", where)
    if certificate is None or key is None:
        raise KubeconfigError("the kubeconfig's user has neither a token nor a client certificate with its key", where=where)
    return Credentials(ca, certificate, key, None)


def tls_context(credentials: Credentials, where: str) -> ssl.SSLContext:
    """A client's TLS context that trusts only the kubeconfig's authority and shows its client certificate.

    Raises:
        KubeconfigError: the certificates or the key cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=credentials.ca.decode())
        if credentials.certificate is not None and credentials.key is not None:
            _load_client_certificate(context, credentials.certificate, credentials.key)
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise KubeconfigError(f"the kubeconfig's certificates cannot be used: {error}", where=where) from error
    return context


def _load_client_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    # The ssl module takes a client's key from a file alone.
    with TemporaryDirectory(prefix="twinkeel-") as folder:
        path = Path(folder, "client.pem")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(certificate + b"\n" + key)
        context.load_cert_chain(path)


def _embedded(section: Any, name: str, where: str) -> bytes | None:
    if name in section and f"{name}-data" not in section:
        what = f"the kubeconfig names a file for its {name}, which exists on the host it is from only"
        raise KubeconfigError(what, where=where, hint=f"embed it as {name}-data: kubectl config view --flatten")
    text = section.get(f"{name}-data")
    if text is None:
        return None
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise KubeconfigError(f"the kubeconfig's {name}-data is not base64", where=where) from error
