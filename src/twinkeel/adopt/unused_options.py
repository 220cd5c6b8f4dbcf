"""Options that would change nothing, since the pair has nothing of that name: a slip in them must not go unnoticed. Pure."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_interface

from twinkeel.adopt.draft import Draft, host_name
from twinkeel.adopt.find_api import FoundApi
from twinkeel.adopt.notes import Missing
from twinkeel.adopt.vips import FoundVip


def refuse_unused_options(draft: Draft, vips: Sequence[FoundVip], apis: Sequence[FoundApi]) -> None:
    """Each is missing in the draft, with the names that there are. (`read_balancers` does the same for load balancers.)"""
    if vips and apis:
        draft.missing += _unused(draft, vips, apis)


def _unused(draft: Draft, vips: Sequence[FoundVip], apis: Sequence[FoundApi]) -> Iterator[Missing]:
    given = draft.given
    frontends = dict.fromkeys(proxy.name for api in apis for proxy in api.config.of_kind("frontend", "listen"))
    if given.frontend and given.frontend not in frontends:
        yield Missing(f"a frontend called {given.frontend}", f"--frontend takes: {', '.join(frontends)}")
    addresses = [str(vip.address) for vip in vips]
    for text in given.vips:
        if str(ip_interface(text).ip) not in addresses:
            yield Missing(f"the virtual IP {ip_interface(text).ip}", f"--vip takes: {', '.join(addresses)}")
    names = dict.fromkeys(name for api in apis for server in api.servers for name in (server.name, host_name(server.name)) if name)
    for name in given.control_plane:
        if name not in names:
            yield Missing(f"a server called {name}", f"--control-plane takes: {', '.join(names)}")
