"""What a drill shows to the API where /readyz is not enough: the administrator's own credentials, for a watch and for kubectl.

They are never written to a disk: programs read them from a file in memory that only they have open.
"""

import contextlib
import os
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.drill.https import verified_context
from twinkeel.errors import TwinkeelError
from twinkeel.hosts.executor import Reader
from twinkeel.kubeconfig.credentials import read_credentials
from twinkeel.kubeconfig.document import parse_kubeconfig
from twinkeel.kubeconfig.fetch import fetch_admin_conf
from twinkeel.kubeconfig.server import server_url
from twinkeel.topology.model import Endpoint, Topology


@dataclass(frozen=True)
class Access:
    """A client certificate with its key (PEM), or a token; and a kubeconfig that points at the virtual IP."""

    pem: bytes = field(repr=False)
    token: str = field(repr=False)
    kubeconfig: str = field(repr=False)


async def find_access(reader: Reader, topology: Topology) -> Access | str:
    """The credentials of admin.conf on a control-plane host; or, where there are none that can be used, why not."""
    try:
        text, where = await fetch_admin_conf(reader, topology.control_plane)
        return access_of(text, where, topology.endpoint)
    except TwinkeelError as error:
        return f"{error.what} ({error.where})" if error.where else error.what


def access_of(text: str, where: str, endpoint: Endpoint) -> Access:
    """From a kubeconfig. Raises KubeconfigError when it cannot be used."""
    kubeconfig = parse_kubeconfig(text, where)
    given = read_credentials(kubeconfig, where)
    # This machine need not resolve the endpoint's name, and the virtual IP under test may not be the one that the name stands for.
    kubeconfig.cluster["server"] = server_url(endpoint.vip.ip, endpoint.port)
    kubeconfig.cluster["tls-server-name"] = endpoint.name
    pem = given.certificate + b"\n" + given.key if given.certificate and given.key else b""
    return Access(pem, given.token or "", kubeconfig.text())


@contextlib.contextmanager
def in_memory(content: bytes) -> Iterator[int]:
    """A file in memory with that content: a descriptor for `pass_fds`, to be opened as `path_of(descriptor)`."""
    descriptor = os.memfd_create("twinkeel-drill")
    try:
        os.write(descriptor, content)
        yield descriptor
    finally:
        os.close(descriptor)


def path_of(descriptor: int) -> Path:
    """Where this process, or a child that has it too, opens a descriptor anew."""
    return Path(f"/proc/self/fd/{descriptor}")


def known_context(ca_file: Path, access: Access) -> ssl.SSLContext:
    """TLS that trusts this CA alone and shows the client certificate, when there is one. Raises ssl.SSLError for a bad one."""
    context = verified_context(ca_file)
    if access.pem:
        with in_memory(access.pem) as descriptor:
            context.load_cert_chain(path_of(descriptor))
    return context
