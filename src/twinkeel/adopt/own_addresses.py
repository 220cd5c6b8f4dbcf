"""Load balancers' own addresses, where other lines than VRRP's tell them. Pure."""

from collections.abc import Sequence
from ipaddress import ip_address

from twinkeel.adopt.find_api import FoundApi
from twinkeel.adopt.inventory import Inventory
from twinkeel.adopt.own_marks import head_of, monitored_address, second_chance_peers
from twinkeel.adopt.pair_files import Files
from twinkeel.adopt.read_haproxy import bound
from twinkeel.adopt.read_inventory import ip_version
from twinkeel.adopt.read_services import metrics_of
from twinkeel.audit.pair import Host
from twinkeel.spec.fields import IPAddress


def own_addresses(
    apis: Sequence[FoundApi], hosts: Sequence[Host], files: Files, inventory: Inventory | None
) -> dict[int, IPAddress]:
    """By the host's place, of our own files alone: metrics and servers are on them, and second-chance.json has peers'."""
    found: dict[int, IPAddress] = {}
    if not any(head_of(source) for host in hosts if host.haproxy for source in host.haproxy.file.sources):
        return found
    peers = {place: second_chance_peers(files.get(host.name, {})) for place, host in enumerate(hosts)}
    for place in peers:
        others = _common([peers[other] for other in peers if other != place]) - peers[place]
        addresses = [ip_address(text) for text in sorted(others)]
        own = [each for each in addresses if each.version == 4] or addresses
        if len(own) == 1:
            found[place] = own[0]
    monitored = {place: monitored_address(files.get(host.name, {})) for place, host in enumerate(hosts)}
    found |= {place: address for place, address in monitored.items() if address is not None}
    return found | _of_certificates(apis, inventory) | _of_servers(apis) | _of_metrics(apis)


def _of_servers(apis: Sequence[FoundApi]) -> dict[int, IPAddress]:
    """A server that is called as a load balancer is one."""
    places = {head.machine: api.place for api in apis for source in api.config.file.sources if (head := head_of(source))}
    servers = [server for api in apis for proxy in api.config.proxies for server in proxy.servers if server.name in places]
    return {places[server.name]: ip_address(server.address) for server in servers if ip_version(server.address)}


def _of_certificates(apis: Sequence[FoundApi], inventory: Inventory | None) -> dict[int, IPAddress]:
    """In our inventory's names for certificates a load balancer's full name follows its addresses, IPv4 before IPv6."""
    given = inventory.value("supplementary_addresses_in_ssl_keys") if inventory else None
    names = [str(each) for each in given] if isinstance(given, list) else []
    found: dict[int, IPAddress] = {}
    for api in apis:
        heads = [head for source in api.config.file.sources if (head := head_of(source))]
        full = f"{heads[0].machine}.{heads[0].domain}" if heads else ""
        before = names[max(names.index(full) - 2, 0) : names.index(full)] if full in names else []
        own = [each for each in before[::-1] if ip_version(each)]
        if own:
            # The one before an IPv6 address is its host's only where it is of the other kind.
            paired = len(own) > 1 and ip_version(own[0]) == 6 and ip_version(own[1]) == 4
            found[api.place] = ip_address(own[1] if paired else own[0])
    return found


def _common(sets: Sequence[set[str]]) -> set[str]:
    return set.intersection(*sets) if sets else set()


def _of_metrics(apis: Sequence[FoundApi]) -> dict[int, IPAddress]:
    """Every host listens on another address: its own."""
    binds = {api.place: ip_address(bound(proxy)[0]) for api in apis for proxy in metrics_of(api)[:1]}
    distinct = len(set(binds.values())) == len(binds)
    return binds if distinct and not any(each.is_unspecified or each.is_loopback for each in binds.values()) else {}
