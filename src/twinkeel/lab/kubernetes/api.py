"""Asking the lab's API servers from inside the lab's network: one request, one connection, verified TLS."""

import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinkeel.lab.kubernetes.cluster import LabCluster
from twinkeel.lab.model import LabHost, LabPaths
from twinkeel.lab.namespaces import in_network
from twinkeel.lab.network import host_namespace, namespace_path
from twinkeel.spec.fields import IPAddress
from twinkeel.support.url_host import url_host

REQUEST_TIMEOUT = 3.0


@dataclass(frozen=True)
class Answer:
    """An HTTP status code and the body."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON. Raises ValueError."""
        return json.loads(self.body)


class ApiError(Exception):
    """No answer: refused, timed out, or a certificate that does not verify. Callers poll, or say so."""


@dataclass(frozen=True)
class LabApi:
    """The API as the lab's administrator reaches it, from the network namespace at `namespace`."""

    namespace: Path
    context: ssl.SSLContext
    timeout: float = REQUEST_TIMEOUT

    def request(self, address: IPAddress, port: int, method: str, path: str, body: Any = None) -> Answer:
        """Send one request. The server's certificate must name the address that was dialled. Raises ApiError."""
        content = json.dumps(body).encode() if body is not None else None
        headers = {"Host": f"{url_host(address)}:{port}", "Accept": "application/json", "Connection": "close"}
        if content is not None:
            headers["Content-Type"] = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            with self._connect(address, port) as stream:
                connection = http.client.HTTPSConnection(str(address), port)
                connection.sock = stream
                connection.request(method, path, content, headers)
                response = connection.getresponse()
                return Answer(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            raise ApiError(f"{address}:{port}: {error}") from error

    def _connect(self, address: IPAddress, port: int) -> ssl.SSLSocket:
        """Only the socket is made in the lab's network; it stays there while this thread comes back."""
        with in_network(self.namespace):
            plain = socket.create_connection((str(address), port), timeout=self.timeout)
        try:
            return self.context.wrap_socket(plain, server_hostname=str(address))
        except OSError:
            plain.close()
            raise


def admin_api(cluster: LabCluster, paths: LabPaths, timeout: float = REQUEST_TIMEOUT) -> LabApi:
    """The administrator's view from the lab's operator. Raises OSError when the lab has no PKI yet."""
    operator = cluster.layout.with_role("operator")[0]
    context = ssl.create_default_context(cafile=str(paths.pki / "ca.crt"))
    context.load_cert_chain(paths.pki / "admin.crt", paths.pki / "admin.key")
    return LabApi(namespace_path(host_namespace(cluster.layout, operator)), context, timeout)


def is_ready(api: LabApi, cluster: LabCluster, master: LabHost) -> bool:
    """Whether the API server of one control-plane host says that it is ready."""
    try:
        return api.request(master.address, cluster.api_port, "GET", "/readyz").status == http.client.OK
    except ApiError:
        return False
