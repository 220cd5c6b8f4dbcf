"""Which of a haproxy.cfg's frontends is the Kubernetes API's. Pure."""

import re
from dataclasses import dataclass

from twinkeel.adopt.draft import Draft
from twinkeel.adopt.notes import Missing
from twinkeel.audit.pair import Host
from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy, Server

FRONTEND = "kubernetes-endpoint"
"""Ours, as the template of haproxy.cfg has it."""

API_PORT = 6443
_LIKELY = re.compile(r"kube|k8s|k3s|rke|api|master|control", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FoundApi:
    """One host's frontend and backend of the API; a `listen` section is both. `place` is the host's among the pair's."""

    place: int
    config: HaproxyConfig
    frontend: Proxy
    backend: Proxy

    @property
    def servers(self) -> list[Server]:
        """The API servers."""
        return self.backend.servers


def find_api(draft: Draft, hosts: tuple[Host, ...]) -> list[FoundApi]:
    """The API of each host that has a haproxy.cfg; what cannot be told is missing in the draft."""
    found = []
    for place, host in enumerate(hosts):
        if host.haproxy is None:
            continue
        frontend = _frontend(draft, host, host.haproxy)
        if frontend is not None:
            backend = _backends(host.haproxy, frontend)[0]
            found.append(FoundApi(place, host.haproxy, frontend, backend))
    if not found and not draft.missing:
        draft.missing.append(Missing("a haproxy.cfg with a frontend for the API", "name the file, or its folder"))
    return found


def _frontend(draft: Draft, host: Host, config: HaproxyConfig) -> Proxy | None:
    candidates = [proxy for proxy in config.of_kind("frontend", "listen") if _backends(config, proxy)]
    if draft.given.frontend:
        named = [proxy for proxy in candidates if proxy.name == draft.given.frontend]
        candidates = named or candidates
    scores = {id(proxy): _score(config, proxy) for proxy in candidates}
    best = [proxy for proxy in candidates if scores[id(proxy)] == max(scores.values())]
    if len(best) == 1:
        return best[0]
    if best:
        names = ", ".join(proxy.name for proxy in best)
        draft.missing.append(Missing(f"which frontend of {host.name} is the API's", f"--frontend NAME, one of: {names}"))
    return None


def _backends(config: HaproxyConfig, frontend: Proxy) -> list[Proxy]:
    return [backend for backend in config.backends_of(frontend) if backend.servers]


def _score(config: HaproxyConfig, frontend: Proxy) -> int:
    """How likely it is: a port of the API, before a name that sounds so."""
    backends = _backends(config, frontend)
    ports = {port for bind in frontend.binds for _, port in bind.addresses}
    served = {server.port for backend in backends for server in backend.servers}
    sounds = any(_LIKELY.search(proxy.name) for proxy in (frontend, *backends))
    return 8 * (frontend.name == FRONTEND) + 4 * (API_PORT in ports) + 4 * (API_PORT in served) + 2 * sounds
