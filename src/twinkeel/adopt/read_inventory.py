"""What a Kubespray inventory says of the cluster behind the load balancers, as keys of the spec. Pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any

from twinkeel.adopt.draft import Draft, domain_of, host_name
from twinkeel.adopt.inventory import Inventory, Variable
from twinkeel.audit.hidden import hidden
from twinkeel.spec.etcd_members import can_ask_own_member
from twinkeel.spec.failover_defaults import shutdown_delay
from twinkeel.spec.kubespray_releases import RELEASES, table_support
from twinkeel.spec.kubespray_variables import RESERVED_VARIABLES
from twinkeel.spec.model import ApiServer, Failover, Kubernetes
from twinkeel.topology.api_server import DELAY, ETCD_SERVERS, GOAWAY, OWN_MEMBER, RETRY_AFTER, VARIABLE

_SECRET = re.compile(r"passw|_pass\b|_pw\b|secret|token|private|_key\b|credential", re.IGNORECASE)
# Variable -> key of `kubernetes`, where the value is taken as it is.
_SAME = {
    "kube_network_plugin": "network_plugin",
    "kube_pods_subnet": "pod_network",
    "kube_service_addresses": "service_network",
    "kube_pods_subnet_ipv6": "pod_network6",
    "kube_service_addresses_ipv6": "service_network6",
    "kube_apiserver_port": "api_port",
}


def inventory_domain(inventory: Inventory) -> str:
    """The domain that the nodes' names have in common; empty where they are short."""
    domains = {domain_of(name) for name in inventory.hosts}
    return domains.pop() if len(domains) == 1 else ""


def node_names(inventory: Inventory) -> dict[str, str]:
    """Short names by address."""
    return {
        address: host_name(name) for name in inventory.hosts for address in _addresses(inventory.hosts[name]) if host_name(name)
    }


def write_nodes(draft: Draft, inventory: Inventory, balancers: Mapping[str, dict[str, Any]]) -> None:
    """`etcd`, `workers` and what is said of the control plane's hosts, with how they are reached."""
    entries = {name: _entry(inventory.hosts[name]) for name in inventory.hosts}
    users = Counter(entry["ssh_user"] for entry in entries.values() if "ssh_user" in entry)
    user = users.most_common(1)[0][0] if users else ""
    if user and user != "root":
        draft.set("ssh", "user", value=user)
    plane, etcd, nodes = (inventory.members(group) for group in ("kube_control_plane", "etcd", "kube_node"))
    groups = {
        "control_plane": plane,
        "etcd": etcd if etcd and etcd != plane else [],
        "workers": [each for each in nodes if each not in plane],
    }
    if plane and all(each not in plane for each in nodes):
        draft.set("kubernetes", "schedule_on_control_plane", value=False)
    elif set(plane) <= set(nodes) and len(nodes) > len(plane) and nodes[: len(plane)] != plane:
        groups["workers"] = nodes
    for group, members in groups.items():
        made = {host_name(name): _shared(host_name(name), entries[name], user, balancers) for name in members if host_name(name)}
        if made:
            draft.values[group] = made
    if plane and not any("." in name for name in plane):
        draft.set("kubernetes", "node_names", value="short")


def _shared(name: str, entry: dict[str, Any], user: str, balancers: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """A host's entry; a machine that is a load balancer, too, is written alike in each of its roles."""
    made = {key: value for key, value in entry.items() if not (key == "ssh_user" and value == user)}
    own = balancers.get(name)
    if own is None:
        return made
    own |= {key: value for key, value in made.items() if key not in own}
    return own


def _entry(variables: Mapping[str, Variable]) -> dict[str, Any]:
    values = {name: variable.value for name, variable in variables.items()}
    address = str(values.get("ip") or values.get("ansible_host") or values.get("ip6") or "")
    entry: dict[str, Any] = {"address": address}
    if values.get("ip6") and str(values["ip6"]) != address:
        entry["address6"] = str(values["ip6"])
    reached = str(values.get("ansible_host") or address)
    if reached != address and _is_address(reached):
        entry["ssh_address"] = reached
    access = str(values.get("access_ip") or address)
    if access != address and ip_version(access) == ip_version(address):
        entry["access_address"] = access
    if values.get("ansible_user"):
        entry["ssh_user"] = str(values["ansible_user"])
    port = values.get("ansible_port")
    if isinstance(port, int) and port != 22:
        entry["ssh_port"] = port
    return entry


def write_cluster(draft: Draft, inventory: Inventory) -> None:
    """`kubernetes` and `dns`."""
    for name, key in _SAME.items():
        value = inventory.value(name)
        if value is not None and not _template(value) and value != _default(key):
            draft.set("kubernetes", key, value=value)
    _version(draft, inventory)
    _dns(draft, inventory)
    _certificates(draft, inventory)
    arguments = _api_server(draft, inventory)
    variables = {name: each.value for name, each in inventory.variables.items() if is_free(each)}
    if arguments:
        variables[VARIABLE] = arguments
    if variables:
        draft.set("kubernetes", "variables", value=variables)


def is_free(variable: Variable) -> bool:
    """Whether `kubernetes.variables` may hold it: it is no secret, and Twinkeel does not set it itself."""
    ours = variable.name in RESERVED_VARIABLES or variable.name == VARIABLE
    return not ours and not is_secret(variable)


def is_secret(variable: Variable) -> bool:
    """Whether a spec is no place for it: it is encrypted, or its name or its text says so."""
    text = f"{variable.name}: {variable.value}"
    return variable.secret or (isinstance(variable.value, str) and bool(_SECRET.search(variable.name))) or hidden(text) != text


def _default(key: str) -> Any:
    default = Kubernetes.model_fields[key].default
    return default if isinstance(default, int) or default is None else str(default)


def _version(draft: Draft, inventory: Inventory) -> None:
    version = str(inventory.value("kube_version") or "").removeprefix("v")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        return
    installs = [tag for tag in RELEASES if version in table_support(tag).versions.get("amd64", ())]
    default = str(Kubernetes.model_fields["kubespray"].default)
    if version != Kubernetes.model_fields["version"].default:
        draft.set("kubernetes", "version", value=version)
    tag = default if default in installs or not installs else installs[-1]
    if tag != default:
        draft.set("kubernetes", "kubespray", value=tag)
    why = f"no file says the release; it installs Kubernetes {version}" if installs else "no known release installs this Kubernetes"
    draft.assume("kubernetes.kubespray", tag, why)


def _dns(draft: Draft, inventory: Inventory) -> None:
    mode, server, upstream = (inventory.value(name) for name in ("dns_mode", "manual_dns_server", "upstream_dns_servers"))
    if mode in ("coredns_dual", "manual", "none"):
        draft.set("dns", "mode", value=mode)
    if isinstance(server, str) and _is_address(server):
        draft.set("dns", "server", value=server)
    if isinstance(upstream, list) and upstream and all(_is_address(str(each)) for each in upstream):
        draft.set("dns", "upstream", value=[str(each) for each in upstream])


def _certificates(draft: Draft, inventory: Inventory) -> None:
    """Those that the spec's own names and addresses do not bring along."""
    given = inventory.value("supplementary_addresses_in_ssl_keys")
    domain, endpoint = draft.values["domain"], draft.values["endpoint"]
    own = {str(vip["address"]).partition("/")[0] for vip in endpoint.get("vips", [endpoint.get("vip", {"address": ""})])}
    own.add(endpoint["name"])
    for name, entry in draft.values["load_balancers"].items():
        own |= {f"{name}.{domain}", str(entry.get("address")), str(entry.get("address6"))}
    names = [str(each) for each in given if str(each) not in own] if isinstance(given, list) else []
    if names:
        draft.set("kubernetes", "certificate_names", value=names)


def _api_server(draft: Draft, inventory: Inventory) -> dict[str, Any]:
    """`kubernetes.api_server`; the arguments that are left. A template of Ansible's stays what it is."""
    given = inventory.value(VARIABLE)
    left = dict(given) if isinstance(given, Mapping) else {}
    seconds = re.fullmatch(r"(\d+(?:\.\d+)?)s", str(left.get(DELAY, "0s")))
    timers = {key: value for key, value in draft.values.get("failover", {}).items() if key != "failback"}
    usual = shutdown_delay(ApiServer(), Failover.model_validate(timers))
    if seconds and float(seconds[1]) <= 20:
        left.pop(DELAY, None)
        if float(seconds[1]):
            left.pop(RETRY_AFTER, None)
        if float(seconds[1]) != usual:
            draft.set("kubernetes", "api_server", "shutdown_delay", value=float(seconds[1]))
    _etcd(draft, left)
    chance = re.fullmatch(r"\d+(?:\.\d+)?", str(left.get(GOAWAY, "0")))
    if chance and float(chance[0]) <= 0.02:
        left.pop(GOAWAY, None)
        if float(chance[0]) != ApiServer.model_fields["goaway_chance"].default and len(draft.values["control_plane"]) > 1:
            draft.set("kubernetes", "api_server", "goaway_chance", value=float(chance[0]))
    return left


def _etcd(draft: Draft, left: dict[str, Any]) -> None:
    """`etcd`, where its default is not what the inventory says; other members than its own stay an argument."""
    hosts = draft.values["control_plane"]
    usual = can_ask_own_member(hosts, draft.values.get("etcd") or hosts)
    if left.get(ETCD_SERVERS) == OWN_MEMBER:
        del left[ETCD_SERVERS]
        if not usual:
            draft.set("kubernetes", "api_server", "etcd", value="own")
    elif usual and ETCD_SERVERS not in left:
        draft.set("kubernetes", "api_server", "etcd", value="all")


def _addresses(variables: Mapping[str, Variable]) -> Iterator[str]:
    for name in ("ip", "ansible_host", "ip6"):
        if name in variables:
            yield str(variables[name].value)


def _template(value: Any) -> bool:
    return "{{" in str(value)


def _is_address(text: str) -> bool:
    return ip_version(text) != 0


def ip_version(text: str) -> int:
    """4 or 6; 0 for text that is no address."""
    try:
        return ip_address(text).version
    except ValueError:
        return 0
