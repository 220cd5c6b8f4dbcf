"""Two hosts that send clients to different API servers."""

from collections.abc import Iterator
from itertools import pairwise

from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.pair import Host, Pair
from twinkeel.audit.rule import Example, Finding, Rule, at
from twinkeel.liveconfig.words import Word

Servers = dict[tuple[str, int | None], Word]


def check(pair: Pair) -> Iterator[Finding]:
    hosts = [host for host in pair.hosts if host.haproxy is not None]
    for first, second in pairwise(hosts):
        ours, theirs = _servers(first), _servers(second)
        if not ours or not theirs or not (ours.keys() & theirs.keys() or _share_address(first, second)):
            continue
        for here, there, other in ((ours, theirs, second), (theirs, ours, first)):
            for address in here.keys() - there.keys():
                yield at(
                    here[address],
                    f"{address[0]}:{address[1]} is no server on {other.name}: the same virtual IP leads elsewhere there",
                )


def _share_address(first: Host, second: Host) -> bool:
    """Hosts that have nothing in common are two clusters' balancers, not a pair."""
    ours = {vip.ip for instance in first.instances for _, vip in instance.vips}
    return any(vip.ip in ours for instance in second.instances for _, vip in instance.vips)


def _servers(host: Host) -> Servers:
    found: Servers = {}
    for proxy in api_backends(host.haproxy) if host.haproxy else ():
        for server in proxy.servers:
            if server.address_word is not None:
                found[server.address, server.port] = server.address_word
    return found


RULE = Rule(
    name="backends-differ",
    severity="error",
    what="API servers that only one host of a pair has.",
    why="One of the two lists is old or mistyped. After a failover clients are sent to a host that is not there, or one "
    "control-plane host is left out, and nobody sees it before that day.",
    fix="the same servers on both hosts",
    source="the article that this project began with",
    bad=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check
    server master-2 «192.168.1.102:6443» check
""",
        peer_haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check
    server master-2 «192.168.1.122:6443» check
""",
    ),
    good=Example(
        haproxy="""\
backend kubernetes
    server master-1 192.168.1.101:6443 check
    server master-2 192.168.1.102:6443 check
""",
        peer_haproxy="""\
backend api-servers
    server two 192.168.1.102:6443 check
    server one 192.168.1.101:6443 check
""",
    ),
    check=check,
)
