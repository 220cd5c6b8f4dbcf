"""Which server a kubeconfig names: the virtual IP, or the endpoint's name where it resolves to the virtual IP."""

import socket
from typing import Literal

from twinkeel.errors import HostError
from twinkeel.spec.fields import IPAddress
from twinkeel.support.url_host import url_host
from twinkeel.topology.model import Endpoint

ServerChoice = Literal["vip", "name"]


def choose_server(endpoint: Endpoint, choice: ServerChoice) -> str:
    """The server's URL.

    Raises:
        HostError: the name was asked for, and does not lead to the virtual IPs from this machine.
    """
    if choice == "vip":
        return server_url(endpoint.vip.ip, endpoint.port)
    addresses = resolve(endpoint.name)
    if addresses and addresses <= {str(vip.ip) for vip in endpoint.vips}:
        return f"https://{endpoint.name}:{endpoint.port}"
    problem = f"resolves to {', '.join(sorted(addresses))}" if addresses else "does not resolve"
    hint = f"let it resolve to {' and '.join(str(vip.ip) for vip in endpoint.vips)} (DNS, /etc/hosts), or use --server vip"
    raise HostError(f"{endpoint.name} {problem} on this machine", where="--server name", hint=hint)


def server_url(address: IPAddress, port: int) -> str:
    """https://ADDRESS:PORT; an IPv6 address in brackets."""
    return f"https://{url_host(address)}:{port}"


def resolve(name: str) -> set[str]:
    """The addresses that this machine finds for a name; empty when it finds none."""
    try:
        return {str(entry[4][0]) for entry in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except socket.gaierror:
        return set()
