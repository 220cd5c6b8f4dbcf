"""What our own files say beside their settings: names in their heads, the user's raw lines, and the units' arguments. Pure."""

import json
import re
import textwrap
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from twinkeel.render.firewall import FIREWALLD_PATH, NFTABLES_PATH, UFW_PATH
from twinkeel.render.monitoring import CONFIG_PATH as METRICS
from twinkeel.render.second_chance import CONFIG_PATH as SECOND_CHANCE
from twinkeel.source import SourceFile
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import Monitoring
from twinkeel.topology.readers import reader_texts

LIVENESS_UNIT = "/etc/systemd/system/twinkeel-liveness.service"
KEEPALIVED_DROP_IN = "/etc/systemd/system/keepalived.service.d/twinkeel.conf"
TRACES = (LIVENESS_UNIT, KEEPALIVED_DROP_IN, SECOND_CHANCE, METRICS, NFTABLES_PATH, UFW_PATH, FIREWALLD_PATH)
"""Files of ours, beside the two daemons', that a key of the spec can be read from."""

DEFAULT_PORTS = {"port": Monitoring.model_fields["port"].default}

_HEAD = re.compile(r'# Written by Twinkeel from the cluster "([^"]+)" for ([^\s.]+)\.(\S+)\. ')
_EXTRA = re.compile(r"^ *# BEGIN lines of the spec: (\S+)\n(.*?)^ *# END lines of the spec: \1$", re.MULTILINE | re.DOTALL)
_FIREWALLS = {NFTABLES_PATH: "nftables", UFW_PATH: "ufw", FIREWALLD_PATH: "firewalld"}


@dataclass(frozen=True, slots=True)
class Head:
    """The names in a file's head: the cluster's, the host's short one, and the domain."""

    cluster: str
    machine: str
    domain: str


def head_of(source: SourceFile) -> Head | None:
    """The head of a file of ours; None for anybody else's."""
    found = _HEAD.match(source.text)
    return Head(*found.groups()) if found else None


def raw_lines(text: str) -> dict[str, str]:
    """The user's raw lines by their key of the spec, with dots."""
    return {found[1]: textwrap.dedent(found[2]).rstrip("\n") for found in _EXTRA.finditer(text)}


def watchdog(traces: Mapping[str, str]) -> dict[str, float]:
    """watchdog_interval and watchdog_deadline in seconds, from the unit; empty without it."""
    found = re.search(r"--interval (\S+) --deadline (\S+) ", traces.get(LIVENESS_UNIT, ""))
    return {"watchdog_interval": float(found[1]), "watchdog_deadline": float(found[2])} if found else {}


def firewall(traces: Mapping[str, str]) -> str:
    """Whose rules lie here; empty where none of ours do."""
    return next((name for path, name in _FIREWALLS.items() if path in traces), "")


def second_chance_window(traces: Mapping[str, str]) -> float | None:
    """For how long connections are kept, in seconds; None where they are not. The default stands there without a fraction."""
    try:
        window = json.loads(traces[SECOND_CHANCE])["window"]
    except (KeyError, ValueError, TypeError):
        return None
    return window if isinstance(window, int | float) else None


def second_chance_peers(traces: Mapping[str, str]) -> set[str]:
    """The other load balancers' own addresses, as the host's file has them; empty without it."""
    try:
        settings = json.loads(traces[SECOND_CHANCE])["virtual_ips"]
        return {str(peer) for vip in settings for peer in vip["peers"]}
    except (KeyError, ValueError, TypeError):
        return set()


def monitoring(traces: Mapping[str, str], own: Mapping[str, Collection[str]]) -> dict[str, Any]:
    """`monitoring` of the spec, from a load balancer's file; empty without it. `own` are the addresses of each by its name."""
    try:
        settings = json.loads(traces[METRICS])
        address, readers = str(settings["address"]), [ip_network(reader) for reader in settings["readers"]]
        values = {
            "address": "host" if address in own.get(settings["load_balancer"], ()) else address,
            "port": int(settings["port"]),
            "readers": [*reader_texts(readers)],
            "textfile": settings["textfile"],
        }
    except (KeyError, ValueError, TypeError):
        return {}
    return {key: value for key, value in values.items() if value and value != DEFAULT_PORTS.get(key)}


def monitored_address(traces: Mapping[str, str]) -> IPAddress | None:
    """The address on which the host tells Prometheus of itself, where that is its own: another one than every host's."""
    try:
        address = ip_address(json.loads(traces[METRICS])["address"])
    except (KeyError, ValueError, TypeError):
        return None
    return None if address.is_unspecified or address.is_loopback else address


def old_keepalived(traces: Mapping[str, str]) -> bool:
    """Whether the drop-in is the one for Keepalived 2.1."""
    return "\nType=simple\n" in traces.get(KEEPALIVED_DROP_IN, "")
