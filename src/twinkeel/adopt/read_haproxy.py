"""`haproxy` of the spec: log, connections, balance, metrics, version, and raw lines that say the same there. Pure."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from twinkeel.adopt.draft import Draft
from twinkeel.adopt.find_api import FoundApi
from twinkeel.adopt.notes import SecretFound
from twinkeel.audit.hidden import hidden
from twinkeel.liveconfig.haproxy_file import Line
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy
from twinkeel.render.haproxy import BALANCES
from twinkeel.spec.model import Haproxy

METRICS = "twinkeel-metrics"
_GLOBAL = re.compile(
    r"(tune\.\S+|nbthread|cpu-map|cpu-policy|ssl-\S+|log-tag|log-send-hostname|description|maxconnrate|spread-checks"
    r"|no(epoll|splice|reuseport)|stats timeout|stats maxconn|numa-cpu-mapping|thread-groups)\b"
)
"""Lines of `global` that mean the same beside ours."""
_ACCESS = ("tcp-request", "acl")
"""Lines of the API's frontend that say who may come: without them everybody could."""
_METRICS_LINES = frozenset(("bind", "mode", "http-request", "option", "timeout", "no", "maxconn", "log"))
_READER, _REJECT = "acl reader src ", "tcp-request connection reject unless reader"
_LOG = re.compile(r"(/\S+|\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?|\[[0-9A-Fa-f:.]+\]:\d+)")
DEFAULT_USER = "prometheus"


def read_log(draft: Draft, config: HaproxyConfig) -> None:
    """`haproxy.log`, where the target is one that a spec knows."""
    line = config.global_line("log")
    match = _LOG.fullmatch(line.value()) if line else None
    if match is None:
        return
    target = match[1] if match[1].startswith("/") or ":" in match[1] else f"{match[1]}:514"
    if target != Haproxy.model_fields["log"].default:
        draft.set("haproxy", "log", value=target)


def read_connections(draft: Draft, api: FoundApi) -> None:
    """`haproxy.max_connections`: the frontend's, or else the process's."""
    line = api.frontend.last("maxconn") or api.config.global_line("maxconn")
    text = line.value() if line else ""
    if text.isdecimal() and 100 <= int(text) <= 400_000 and int(text) != Haproxy.model_fields["max_connections"].default:
        draft.set("haproxy", "max_connections", value=int(text))


def read_balance(draft: Draft, api: FoundApi) -> None:
    """`haproxy.balance`, of our own files alone: what somebody else's say is among the differences."""
    line = api.backend.last("balance")
    balance = next((key for key, words in BALANCES.items() if line is not None and line.value() == words), None)
    if balance is not None and balance != Haproxy.model_fields["balance"].default:
        draft.set("haproxy", "balance", value=balance)


def read_metrics(draft: Draft, frontends: Sequence[tuple[Proxy, Sequence[str]]]) -> None:
    """`haproxy.metrics`. Each frontend of the hosts comes with its host's own addresses."""
    if not frontends:
        return
    binds = [(bound(proxy), own) for proxy, own in frontends]
    everywhere_own = all(bound[0] in own for bound, own in binds)
    address, port = binds[0][0]
    metrics: dict[str, Any] = {"address": "host" if everywhere_own else address}
    metrics |= {"port": port} if port != 8405 else {}
    metrics |= {"readers": readers} if (readers := _readers(frontends[0][0])) else {}
    guarded = [line for proxy, _ in frontends for line in proxy.lines("http-request") if line.value() == "auth"]
    if guarded:
        metrics["user"] = DEFAULT_USER
        draft.assume("haproxy.metrics.user", DEFAULT_USER, f"{guarded[0].place} asks for a user whose name is not readable there")
        why = "the file has a digest or a userlist, from which no password can be read"
        draft.needed.append(SecretFound("metrics_password", "TWINKEEL_METRICS_PASSWORD", guarded[0].place, why))
    for key, value in metrics.items():
        draft.set("haproxy", "metrics", key, value=value)


def is_metrics(proxy: Proxy) -> bool:
    """Whether a frontend only serves metrics, on an address of the network."""
    serves = any("prometheus-exporter" in (word.text for word in line.words) for line in proxy.section.named("http-request"))
    alone = all(line.keyword in _METRICS_LINES or raw_text(line) in _ours(proxy) for line in proxy.section.lines)
    return serves and alone and len(proxy.binds) == 1 and not proxy.binds[0].parameters and bound(proxy)[1] > 0


def _readers(proxy: Proxy) -> list[str]:
    """`haproxy.metrics.readers`, where the section says it as ours does; empty for anyone."""
    listed = [reader for line in proxy.section.lines if (reader := raw_text(line).partition(_READER)[2])]
    return listed if any(raw_text(line) == _REJECT for line in proxy.section.lines) else []


def _ours(proxy: Proxy) -> set[str]:
    """The lines that `_readers` understands."""
    return {_REJECT, *(f"{_READER}{reader}" for reader in _readers(proxy) if _is_network(reader))}


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def bound(proxy: Proxy) -> tuple[str, int]:
    """Address and port, `0.0.0.0` for every address; port 0 where it is none that is known."""
    text, _, port = proxy.binds[0].line.value().rpartition("@")[2].rpartition(":")
    address = text.strip("[]")
    address = "0.0.0.0" if address in ("", "*") else address  # noqa: S104 - read, not bound
    try:
        return str(ip_address(address)), int(port) if port.isdecimal() else 0
    except ValueError:
        return address, 0


def global_extra(config: HaproxyConfig) -> list[Line]:
    """Lines of `global` that the spec takes as raw lines."""
    lines = (line for section in config.globals for line in section.lines)
    return [line for line in lines if _GLOBAL.match(" ".join(word.text for word in line.words)) and not _secret(line)]


def frontend_extra(api: FoundApi) -> list[Line]:
    """Lines of the API's frontend that the spec takes as raw lines."""
    return [line for line in api.frontend.section.lines if line.keyword in _ACCESS and not _secret(line)]


def text_of(lines: Sequence[Line], indent: str = "") -> Iterator[str]:
    """Lines as they can stand in haproxy.cfg again."""
    yield from (indent + raw_text(line) for line in lines)


def raw_text(line: Line) -> str:
    """Its words as they stand in the file."""
    return " ".join(word.raw for word in line.words)


def _secret(line: Line) -> bool:
    return has_secret(raw_text(line))


def has_secret(text: str) -> bool:
    """Whether a spec is no place for it."""
    return hidden(text) != text
