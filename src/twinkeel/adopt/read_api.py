"""The endpoint's port, the control plane, and how API servers are checked, from haproxy.cfg. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from twinkeel.adopt.draft import Draft, domain_of, host_name
from twinkeel.adopt.find_api import API_PORT, FoundApi
from twinkeel.adopt.notes import Missing, NewAddresses
from twinkeel.liveconfig.haproxy_model import Server
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import ApiCheck, Endpoint, Kubernetes

Entries = Mapping[str, dict[str, Any]]
# HAProxy's own (its manual, section 5.2).
DEFAULT_INTER, DEFAULT_FALL, DEFAULT_RISE = 2.0, 3, 2


def read_port(draft: Draft, apis: Sequence[FoundApi]) -> int:
    """The port that clients use."""
    ports = Counter(port for api in apis for bind in api.frontend.binds for _, port in bind.addresses if port)
    port = ports.most_common(1)[0][0] if ports else API_PORT
    if port != Endpoint.model_fields["port"].default:
        draft.set("endpoint", "port", value=port)
    return port


def read_control_plane(draft: Draft, apis: Sequence[FoundApi], balancers: Entries, known: Mapping[str, str]) -> dict[str, str]:
    """`control_plane`, in the order of the first file; each address with the name that it has now.

    `known` are names by address, from an inventory: a node keeps its name.
    """
    names: dict[str, str] = {}
    for server in (server for api in apis for server in api.servers):
        address = _address(draft, server)
        if address is None or str(address) in names:
            continue
        host = next((name for name, entry in balancers.items() if str(address) in entry.values()), "")
        name = host or _free(
            known.get(str(address)) or host_name(server.name) or f"master-{len(names) + 1}", {*names.values(), *balancers}
        )
        names[str(address)] = name
        # A machine with several roles is written alike in each of them.
        draft.set("control_plane", name, value=balancers[host] if host else {"address": str(address)})
    if not names and not draft.missing:
        draft.missing.append(Missing("an API server's address", "--control-plane NAME=ADDRESS"))
    return names


def domain_of_servers(apis: Sequence[FoundApi]) -> str:
    """The domain that the servers' names have in common; empty where they are short."""
    domains = {domain_of(server.name) for api in apis for server in api.servers if host_name(server.name)}
    return domains.pop() if len(domains) == 1 else ""


def read_api_port(draft: Draft, apis: Sequence[FoundApi]) -> None:
    """`kubernetes.api_port`."""
    ports = Counter(server.port for api in apis for server in api.servers if server.port)
    port = ports.most_common(1)[0][0] if ports else API_PORT
    if port != Kubernetes.model_fields["api_port"].default:
        draft.set("kubernetes", "api_port", value=port)


def read_check(draft: Draft, api: FoundApi) -> None:
    """`kubernetes.api_check`: what is in force, and not what would be better. RKE2's API servers answer 401 to anybody."""
    server, option = api.servers[0], api.backend.check_option
    check: dict[str, Any] = {}
    if option is None or option.value() != "httpchk":
        check["type"] = "tcp"
        if not server.has("check"):
            draft.assume("kubernetes.api_check.type", "tcp", "the API servers are not checked: a connection is the least of checks")
    else:
        status = _expected(api)
        if status != ApiCheck.model_fields["status"].default:
            check["status"] = status
    check |= {"client_certificate": server.text("crt")} if server.text("crt").startswith("/") else {}
    if server.text("verify") == "required":
        name = server.text("check-sni") or server.text("verifyhost") or None
        if name != ApiCheck.model_fields["certificate_name"].default:
            check["certificate_name"] = name
    for key, value in check.items():
        draft.set("kubernetes", "api_check", key, value=value)


def _expected(api: FoundApi) -> int:
    lines = (line for line in api.backend.lines("http-check") if line.value() == "expect")
    texts = (line.value(3) for line in lines if line.value(2) == "status")
    return next((int(text) for text in texts if text.isdecimal() and 100 <= int(text) <= 599), 200)


def read_timers(api: FoundApi) -> Iterator[tuple[str, float | int]]:
    """The checks' timers in force, HAProxy's own where the file says none; in seconds."""
    server, backend = api.servers[0], api.backend
    inter = server.seconds("inter") or DEFAULT_INTER
    yield "check_interval", inter
    # A fast interval that is the longer one is none: a spec refuses it.
    yield "check_fast_interval", min(server.seconds("fastinter") or inter, inter)
    yield "check_timeout", backend.seconds("timeout", "check") or inter
    yield "check_fall", _count(server, "fall", DEFAULT_FALL)
    yield "check_rise", _count(server, "rise", DEFAULT_RISE)
    connect = backend.seconds("timeout", "connect")
    if connect:
        yield "connect_timeout", connect


def _count(server: Server, name: str, default: int) -> int:
    text = server.text(name)
    return int(text) if text.isdecimal() and int(text) else default


def _address(draft: Draft, server: Server) -> IPAddress | None:
    try:
        return ip_address(server.address)
    except ValueError:
        name = host_name(server.name) or server.name
        given = draft.given.control_plane.get(name) or draft.given.control_plane.get(server.name)
        if given is None:
            missing = Missing(
                f"the address of {server.address or server.name} ({server.line.place})", f"--control-plane {name}=ADDRESS"
            )
            draft.missing += [missing] if missing not in draft.missing else []
            return None
        return _given(given)


def _given(given: NewAddresses) -> IPAddress:
    return ip_address(given.address)


def _free(name: str, taken: set[str]) -> str:
    made, number = name, 1
    while made in taken:
        number += 1
        made = f"{name}-{number}"
    return made
