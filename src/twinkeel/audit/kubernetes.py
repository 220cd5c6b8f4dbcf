"""Which proxies lead to Kubernetes API servers: some rules are about those alone. Pure."""

import re
from collections.abc import Iterator, Sequence

from twinkeel.liveconfig.haproxy_model import HaproxyConfig, Proxy, Server

API_PORT = 6443
# What stands beside an API under a name like its own: SSH, HTTP, etcd, RKE2's and OpenShift's registration, node ports.
_OTHERS = frozenset((22, 80, 443, 2379, 2380, 8080, 9345, 22623, *range(30_000, 32_768)))
_NAMES = re.compile(r"k8s|kube|k3s|rke|api-?server|control-?plane|masters?\b", re.IGNORECASE)


def api_backends(config: HaproxyConfig) -> Iterator[Proxy]:
    """The backends whose servers are API servers: by their port, by their frontend's, or by their name."""
    for proxy in config.of_kind("backend", "listen"):
        servers = proxy.servers
        if not servers or proxy.mode not in ("tcp", "http"):
            continue
        ports = {server.port for server in servers}
        if API_PORT in ports or (_NAMES.search(proxy.name) and not ports & _OTHERS) or _on_api_port(config, proxy):
            yield proxy


def api_frontends(config: HaproxyConfig) -> Iterator[Proxy]:
    """The frontends that send clients to such a backend."""
    backends = {id(proxy) for proxy in api_backends(config)}
    for proxy in config.of_kind("frontend", "listen"):
        if any(id(backend) in backends for backend in config.backends_of(proxy)):
            yield proxy


def count(servers: Sequence[Server]) -> str:
    """Servers in a sentence: the first one's name, and how many more."""
    more = len(servers) - 1
    return servers[0].name if not more else f"{servers[0].name} (and {more} more)"


def _on_api_port(config: HaproxyConfig, proxy: Proxy) -> bool:
    fronts = [front for front in config.frontends_of(proxy) if front.mode == "tcp"]
    return any(port == API_PORT for front in fronts for bind in front.binds for _, port in bind.addresses)
