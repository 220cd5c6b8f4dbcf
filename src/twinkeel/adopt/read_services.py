"""Everything else that a haproxy.cfg serves: extra services where a spec can say them, else raw sections. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from twinkeel.adopt.draft import Draft, host_name
from twinkeel.adopt.find_api import FRONTEND, FoundApi
from twinkeel.adopt.read_haproxy import has_secret, is_metrics, raw_text, text_of
from twinkeel.liveconfig.haproxy_file import PROXIES, Section
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy, Server
from twinkeel.render.haproxy import BACKEND
from twinkeel.spec.model import MONITOR_PORT

LOCAL = "twinkeel-local"
_SERVICE, _SERVICE_BACKEND = "endpoint.", "service."
RAW_KINDS = PROXIES | {"resolvers", "peers", "cache", "ring", "http-errors", "log-forward", "mailers", "fcgi-app", "program"}
_PLAIN_LINES = frozenset(("bind", "mode", "option", "default_backend", "maxconn", "log", "timeout", "no", "description", "id"))


@dataclass(frozen=True, slots=True)
class FoundService:
    """One service, its frontend and its backend; a `listen` section is both."""

    name: str
    frontend: Proxy
    backend: Proxy
    port: int


def metrics_of(api: FoundApi) -> list[Proxy]:
    """Frontends for Prometheus alone."""
    return [proxy for proxy in _others(api) if proxy.name != LOCAL and proxy.section.kind == "frontend" and is_metrics(proxy)]


def find_services(api: FoundApi) -> list[FoundService]:
    """The other frontends that pass TCP on as it is, in their order."""
    found: list[FoundService] = []
    for proxy in _others(api):
        backends = api.config.backends_of(proxy)
        ports = [port for bind in proxy.binds for _, port in bind.addresses]
        if len(backends) == 1 and len(set(ports)) == 1 and ports[0] and _plain(proxy, backends[0]):
            name = _free(proxy.name, {each.name for each in found})
            found.append(FoundService(name, proxy, backends[0], ports[0]))
    return found


def read_services(draft: Draft, services: Sequence[FoundService], nodes: Mapping[str, str]) -> None:
    """`services`; `nodes` are the known machines' names by address."""
    for each in services:
        draft.set("services", each.name, value=dict(_service(draft, each, nodes)))


def _service(draft: Draft, each: FoundService, nodes: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    yield "port", each.port
    yield "targets", _targets(draft, each.backend.servers, nodes)
    ports = {server.port for server in each.backend.servers if server.port}
    if ports and ports != {each.port}:
        yield "target_port", min(ports)
    first = each.backend.servers[0]
    version = "v2" if first.has("send-proxy-v2") else "v1" if first.has("send-proxy") else ""
    if version:
        yield "proxy_protocol", version
    check = dict(_check(each.backend, first))
    if check:
        yield "check", check


def _check(backend: Proxy, server: Server) -> Iterator[tuple[str, Any]]:
    option = backend.check_option
    if option is not None and option.value() == "httpchk":
        yield "type", "https" if server.has("check-ssl") or server.has("ssl") else "http"
        yield "path", _path(backend, [word.text for word in option.words])
        status = _status(backend)
        yield from [("status", status)] if status != 200 else []
    port = server.text("port")
    if port.isdecimal():
        yield "port", int(port)


def _path(backend: Proxy, option: Sequence[str]) -> str:
    sends = ([word.text for word in line.words] for line in backend.lines("http-check") if line.value() == "send")
    given = next((words[words.index("uri") + 1] for words in sends if "uri" in words[:-1]), "")
    return given or next((text for text in option[2:4] if text.startswith("/")), "/")


def _status(backend: Proxy) -> int:
    expects = (line for line in backend.lines("http-check") if line.value() == "expect" and line.value(2) == "status")
    text = next((line.value(3) for line in expects), "200")
    return int(text) if text.isdecimal() and 100 <= int(text) <= 599 else 200


def _targets(draft: Draft, servers: Sequence[Server], nodes: Mapping[str, str]) -> list[str]:
    found = [_target(draft, server, nodes) for server in servers]
    plane = list(draft.values.get("control_plane", {}))
    return ["control_plane"] if found == plane else found


def _target(draft: Draft, server: Server, nodes: Mapping[str, str]) -> str:
    known = nodes.get(server.address)
    if known:
        return known
    # A name of ours is a host's of the spec: `workers` has those that are nothing else here.
    if draft.ours and server.name != server.address.replace(":", "-") and host_name(server.name) == server.name:
        draft.values.setdefault("workers", {})[server.name] = {"address": server.address}
        return server.name
    return server.address


def raw_sections(api: FoundApi, done: Sequence[Proxy]) -> list[Section]:
    """Sections that go into the spec as they are, with the `defaults` that they inherit."""
    taken = {id(proxy.section) for proxy in (*done, api.frontend, api.backend)} | {id(proxy.section) for proxy in _ours(api.config)}
    kept = [section for section in api.config.file.sections if section.kind in RAW_KINDS and id(section) not in taken]
    return [section for section in kept if not why_not_raw(section)]


def why_not_raw(section: Section) -> str:
    """Why a section cannot be a raw one; empty where it can."""
    if section.kind == "userlist" or any(has_secret(raw_text(line)) for line in section.lines):
        return "it holds a password, and a spec is no place for one"
    if any(line.conditions for line in section.lines):
        return "it lies in `.if`"
    if section.kind == "program":
        return "a program beside HAProxy is a unit of its own"
    if any(port == MONITOR_PORT for line in section.named("bind") for port in _ports(line.value())):
        return f"port {MONITOR_PORT} is that of Twinkeel's own listener on the loopback"
    if section.name in (FRONTEND, BACKEND, LOCAL):
        return "Twinkeel has a section of this name"
    return ""


def sections_text(config: HaproxyConfig, sections: Sequence[Section]) -> str:
    """The sections as raw text. Proxies take their own `defaults` with them, so that they mean the same after ours."""
    proxies = {id(proxy.section): proxy for proxy in config.proxies}
    lines: list[str] = []
    latest: tuple[int, ...] = ()
    for section in sections:
        proxy = proxies.get(id(section))
        if proxy is not None:
            inherited = tuple(id(each) for each in proxy.defaults)
            if inherited != latest:
                lines.append("defaults")
                lines += [text for each in reversed(proxy.defaults) for text in text_of(each.lines, "    ")]
                latest = inherited
        lines.append(" ".join(filter(None, (section.kind, section.name))))
        lines += text_of(section.lines, "    ")
    return "\n".join(lines)


def _others(api: FoundApi) -> Iterator[Proxy]:
    for proxy in api.config.of_kind("frontend", "listen"):
        if proxy is not api.frontend:
            yield proxy


def _ours(config: HaproxyConfig) -> Iterator[Proxy]:
    yield from (proxy for proxy in config.proxies if proxy.name == LOCAL)


def _plain(frontend: Proxy, backend: Proxy) -> bool:
    """TCP as it is, with nothing that a service of the spec could not say."""
    lines = frontend.section.lines if frontend is not backend else []
    simple = all(line.keyword in _PLAIN_LINES for line in lines) and not any(bind.parameters.get("ssl") for bind in frontend.binds)
    servers = backend.servers
    return simple and frontend.mode == "tcp" and bool(servers) and all(_usable(server) for server in servers)


def _usable(server: Server) -> bool:
    try:
        ip_address(server.address)
    except ValueError:
        return False
    return server.port is not None and not server.has("ssl")


def _ports(text: str) -> Iterator[int]:
    for part in text.split(","):
        port = part.rpartition(":")[2]
        if port.isdecimal():
            yield int(port)


def _free(proxy: str, taken: set[str]) -> str:
    name = host_name(proxy.removeprefix(_SERVICE)) or f"service-{len(taken) + 1}"
    number = 1
    made = name
    while made in taken:
        number += 1
        made = f"{name}-{number}"
    return made


def rendered_names(service: FoundService) -> tuple[str, str]:
    """What its frontend and backend are called in rendered files."""
    return _SERVICE + service.name, _SERVICE_BACKEND + service.name
