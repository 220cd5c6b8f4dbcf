"""The import: a pair's files to a spec, and to the list of what a spec cannot say. Pure.

From live hosts: `adopt(pair_of(files), files, given)`, with whatever text was read of `{host: {path: text}}`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinkeel.adopt.compare import Change, compare
from twinkeel.adopt.compare_haproxy import Roles
from twinkeel.adopt.draft import Draft
from twinkeel.adopt.find_api import FRONTEND, FoundApi, find_api
from twinkeel.adopt.left import left_lines
from twinkeel.adopt.notes import Assumed, Given, Left, Missing, SecretFound
from twinkeel.adopt.own_addresses import own_addresses
from twinkeel.adopt.own_marks import Head, firewall, head_of, monitoring, old_keepalived, raw_lines, second_chance_window, watchdog
from twinkeel.adopt.pair_files import Files
from twinkeel.adopt.read_api import (
    domain_of_servers,
    read_api_port,
    read_check,
    read_control_plane,
    read_port,
    read_timers,
)
from twinkeel.adopt.read_balancers import FoundBalancer, read_balancers, write_balancers
from twinkeel.adopt.read_haproxy import (
    METRICS,
    frontend_extra,
    global_extra,
    read_balance,
    read_connections,
    read_log,
    read_metrics,
    text_of,
)
from twinkeel.adopt.read_inventory import inventory_domain, node_names, write_cluster, write_nodes
from twinkeel.adopt.read_services import (
    RAW_KINDS,
    find_services,
    metrics_of,
    raw_sections,
    read_services,
    rendered_names,
    sections_text,
    why_not_raw,
)
from twinkeel.adopt.read_vrrp import write_failover, write_vips
from twinkeel.adopt.spec_text import spec_text
from twinkeel.adopt.timers import write_timers
from twinkeel.adopt.unused_options import refuse_unused_options
from twinkeel.adopt.vips import find_vips
from twinkeel.adopt.without_marks import without_marks
from twinkeel.audit.pair import Host, Pair
from twinkeel.errors import UsageError
from twinkeel.render.haproxy import BACKEND
from twinkeel.spec.secrets import Secrets

HEAD = """\
Written by `twinkeel import`. What is not here keeps its default: `twinkeel explain` shows every value in force,
and docs/spec.md has every key."""
UNKNOWN_NAME, UNKNOWN_DOMAIN = "imported", "cluster.local"


@dataclass(frozen=True, slots=True)
class Adopted:
    """The spec's text and values, and all that is to be told.

    `left` are lines that are not carried over, `changes` those that the spec's own files lack or say otherwise. `secrets` are those
    that were found; `needed` says where, and which ones the user must give. `roles`: see Draft.
    """

    text: str
    values: Mapping[str, Any]
    assumed: tuple[Assumed, ...]
    left: tuple[Left, ...]
    needed: tuple[SecretFound, ...]
    secrets: Secrets
    changes: tuple[Change, ...]
    roles: Roles


def adopt(pair: Pair, files: Files, given: Given) -> Adopted:
    """The import of a pair.

    Args:
        pair: its daemons' configurations, parsed.
        files: other files of the hosts, by host and path on it: those of ours tell more than the daemons' do. May be empty.
        given: what the files cannot say.

    Raises UsageError that lists all that is missing and the options that say it.
    """
    inventory = given.inventory
    draft = Draft(given, secrets=given.secrets)
    bare = without_marks(pair)
    head = _head(bare)
    draft.ours = head is not None
    vips, apis = find_vips(bare.hosts), find_api(draft, bare.hosts)
    if not vips:
        draft.missing.append(Missing("a keepalived.conf with a virtual IP", "name the file, or its folder"))
    refuse_unused_options(draft, vips, apis)
    _require(draft)
    balancers = read_balancers(draft, bare.hosts, vips, own_addresses(apis, bare.hosts, files, inventory))
    _names(draft, head, domain_of_servers(apis) or (inventory_domain(inventory) if inventory else ""))
    draft.set("endpoint", "name", value="")
    port = read_port(draft, apis)
    write_vips(draft, vips, balancers)
    entries = write_balancers(draft, balancers, vips)
    nodes = read_control_plane(draft, apis, entries, node_names(inventory) if inventory else {})
    _require(draft)
    draft.set("endpoint", "name", value=_endpoint_name(draft, apis, port))
    if inventory:
        write_nodes(draft, inventory, entries)
        nodes |= {str(host["address"]): name for name, host in draft.values.get("workers", {}).items()}
    known = {address: name for name, entry in entries.items() for address in entry.values()} | nodes
    services = [find_services(api) for api in apis]
    read_services(draft, services[0], known)
    timers = write_failover(draft, vips, balancers)
    traces = next((texts for texts in files.values() if watchdog(texts)), next(iter(files.values()), {}))
    timers |= dict(read_timers(apis[0])) | watchdog(traces)
    write_timers(draft, timers)
    _haproxy(draft, apis, balancers, files)
    _ours(draft, pair, traces, {each.name: {str(address) for address in each.addresses.values()} for each in balancers})
    read_api_port(draft, apis)
    read_check(draft, apis[0])
    if inventory:
        write_cluster(draft, inventory)
    _roles(draft, apis, services)
    _raw(draft, apis, services)
    text = spec_text(draft.values, HEAD)
    changes = tuple(compare(pair, draft, text))
    return Adopted(
        text,
        draft.values,
        tuple(draft.assumed),
        tuple(left_lines(draft, changes)),
        tuple(draft.needed),
        draft.secrets,
        changes,
        draft.roles,
    )


def _require(draft: Draft) -> None:
    if draft.missing:
        what = "; ".join(dict.fromkeys(each.what for each in draft.missing))
        options = "; ".join(dict.fromkeys(each.option for each in draft.missing))
        raise UsageError(f"the files do not say: {what}", hint=options)


def _head(pair: Pair) -> Head | None:
    sources = [source for host in pair.hosts if host.haproxy for source in host.haproxy.file.sources]
    return next((head for source in sources if (head := head_of(source))), None)


def _names(draft: Draft, head: Head | None, domain: str) -> None:
    given = draft.given
    draft.set("name", value=given.name or (head.cluster if head else UNKNOWN_NAME))
    draft.set("domain", value=given.domain or (head.domain if head else domain or UNKNOWN_DOMAIN))
    if not given.name and head is None:
        draft.assume("name", UNKNOWN_NAME, "no file says the cluster's name", "--name NAME")
    if not given.domain and head is None:
        why = "it is what follows the first dot in the nodes' names" if domain else "no file says the hosts' domain"
        draft.assume("domain", domain or UNKNOWN_DOMAIN, why, "--domain NAME")


def _endpoint_name(draft: Draft, apis: Sequence[FoundApi], port: int) -> str:
    """As given; ours checks services by it; else the virtual IP itself, which is what clients of such a pair mostly have."""
    if draft.given.endpoint:
        return draft.given.endpoint
    known = draft.given.inventory.value("apiserver_loadbalancer_domain_name") if draft.given.inventory else None
    if isinstance(known, str) and "{{" not in known:
        return known
    if draft.ours:
        sends = (line for proxy in apis[0].config.proxies for line in proxy.section.named("http-check", "send"))
        hosts = ([word.text for word in line.words] for line in sends)
        named = next((words[-1] for words in hosts if words[-2:-1] == ["Host"] and words[-1] != "kubernetes"), "")
        if named:
            return named
    endpoint = draft.values["endpoint"]
    first = endpoint["vip"] if "vip" in endpoint else endpoint["vips"][0]
    address = str(first["address"]).partition("/")[0]
    # A name that is an IPv4 address reaches no IPv6 endpoint.
    vips = [endpoint["vip"]] if "vip" in endpoint else endpoint["vips"]
    name = f"api.{draft.values['domain']}" if any(":" in vip["address"] for vip in vips) else address
    draft.assume("endpoint.name", name, f"the files do not say by which name clients reach port {port}", "--endpoint NAME")
    return name


def _haproxy(draft: Draft, apis: Sequence[FoundApi], balancers: Sequence[FoundBalancer], files: Files) -> None:
    config = apis[0].config
    if draft.ours and not any(line.keyword == ".if" for line in config.file.lines):
        knows = any(line.keyword == "clitcpka-idle" for line in config.file.lines)
        draft.set("haproxy", "version", value="2.3" if knows else "2.2")
    read_log(draft, config)
    read_connections(draft, apis[0])
    if draft.ours:
        read_balance(draft, apis[0])
    own = {each.place: [str(address) for address in each.addresses.values()] for each in balancers}
    read_metrics(draft, [(proxy, own.get(api.place, [])) for api in apis for proxy in metrics_of(api)[:1]])
    if any(old_keepalived(texts) for texts in files.values()):
        draft.set("keepalived", "version", value="2.1")


def _ours(draft: Draft, pair: Pair, traces: Mapping[str, str], own: Mapping[str, Collection[str]]) -> None:
    """What only our own files say. `own` are the load balancers' addresses."""
    rules, window = firewall(traces), second_chance_window(traces)
    if rules:
        draft.set("system", "firewall", value=rules)
    if window is not None:
        draft.set("failover", "second_chance", value=True)
        if not isinstance(window, int):
            draft.set("failover", "second_chance_window", value=window)
    elif draft.ours and len(own) > 1:
        draft.set("failover", "second_chance", value=False)
    if settings := monitoring(traces, own):
        draft.set("monitoring", value=settings)
    for host in pair.hosts[:1]:
        for text in _texts(host):
            for key, lines in raw_lines(text).items():
                draft.set(*key.split("."), value=lines)


def _texts(host: Host) -> list[str]:
    sources = list(host.haproxy.file.sources) if host.haproxy else []
    sources += host.keepalived.config.sources if host.keepalived else []
    return [source.text for source in sources]


def _roles(draft: Draft, apis: Sequence[FoundApi], services: Sequence[Sequence[Any]]) -> None:
    for api, found in zip(apis, services, strict=True):
        draft.stands_for(api.backend.section, BACKEND)
        draft.stands_for(api.frontend.section, *dict.fromkeys([FRONTEND, *([BACKEND] if api.frontend is api.backend else [])]))
        for proxy in metrics_of(api):
            draft.stands_for(proxy.section, METRICS)
        for each in found:
            frontend, backend = rendered_names(each)
            both = each.frontend.section is each.backend.section
            draft.stands_for(each.frontend.section, frontend, *([backend] if both else []))
            if not both:
                draft.stands_for(each.backend.section, backend)


def _explain(draft: Draft, api: FoundApi, found: Sequence[Any]) -> None:
    """Why a section is not among the raw ones."""
    done = {id(proxy.section) for each in found for proxy in (each.frontend, each.backend)}
    for section in api.config.file.sections:
        why = why_not_raw(section) if section.kind in RAW_KINDS | {"userlist"} and id(section) not in done else ""
        for line in (section.header, *section.lines) if why and not draft.ours else ():
            draft.explain(line.place, why, "haproxy.metrics, `twinkeel status`, or lines of haproxy.extra.sections that you write")


def _raw(draft: Draft, apis: Sequence[FoundApi], services: Sequence[Sequence[Any]]) -> None:
    """Raw lines, from the first host: the other one's that differ are told as not carried over."""
    api, found = apis[0], services[0]
    done = [*metrics_of(api), *(proxy for each in found for proxy in (each.frontend, each.backend))]
    sections = raw_sections(api, done)
    for each in apis:
        _explain(draft, each, services[apis.index(each)])
    extra = {
        "global": "\n".join(text_of(global_extra(api.config))),
        "frontend": "\n".join(text_of(frontend_extra(api))),
        "sections": sections_text(api.config, sections),
    }
    for place, text in extra.items():
        if text:
            own = draft.values.get("haproxy", {}).get("extra", {}).get(place, "")
            draft.set("haproxy", "extra", place, value="\n".join(filter(None, (own, text))))
