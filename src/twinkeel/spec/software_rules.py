"""Rules about versions of HAProxy and Keepalived, and about what is passed on to them, Kubespray and Kubernetes."""

import re
from collections.abc import Iterator
from ipaddress import ip_address
from typing import get_args

from pydantic import StringConstraints

from twinkeel.diagnostic import shown
from twinkeel.spec.fields import DomainName
from twinkeel.spec.kubespray_variables import RESERVED_VARIABLES
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding

HAPROXY_VERSIONS = ((2, 2), (3, 4))
"""The oldest and the newest HAProxy whose keywords are known. 2.2 brought `http-check send` and `http-request return`."""

KEEPALIVED_VERSIONS = ((2, 1), (2, 4))
"""Likewise. 2.1 brought `min_ttl`, `max_ttl` and `vrrp_rlimit_rttime`; nothing newer is used."""

# Versions with a fault that is worth a warning: first, last, what happens. Only a version of three parts can be one of them.
_BAD_HAPROXY = (
    ((2, 2, 9), (2, 2, 13), "servers that failed a health check stay down until a restart (haproxy issue 1234)", "2.2.14"),
    ((2, 8, 0), (2, 8, 11), "TCP sessions leak (haproxy issue 2754)", "2.8.12"),
)
_SAFE_KEEPALIVED = (2, 2, 5)


def supported_haproxy(spec: ClusterSpec) -> Iterator[Finding]:
    """The files are written for these versions, and judged by their own checkers."""
    yield from _supported(("haproxy", "version"), spec.haproxy.version, "HAProxy", HAPROXY_VERSIONS)


def supported_keepalived(spec: ClusterSpec) -> Iterator[Finding]:
    """The files are written for these versions, and judged by their own checkers."""
    yield from _supported(("keepalived", "version"), spec.keepalived.version, "Keepalived", KEEPALIVED_VERSIONS)


def _supported(
    path: tuple[str, str], version: str, program: str, supported: tuple[tuple[int, int], tuple[int, int]]
) -> Iterator[Finding]:
    (low, high), given = supported, _parts(version)
    if not low <= given[:2] <= high:
        known = f"{low[0]}.{low[1]} to {high[0]}.{high[1]}"
        yield Finding(path, f"{program} {version} is not supported", f"write the oldest version of your load balancers, {known}")


def faulty_haproxy(spec: ClusterSpec) -> Iterator[Finding]:
    """Faults that break health checks or leak connections."""
    given = _parts(spec.haproxy.version)
    for first, last, fault, fixed in _BAD_HAPROXY:
        if len(given) == 3 and first <= given <= last:
            yield Finding(
                ("haproxy", "version"), f"HAProxy {spec.haproxy.version} has a known fault: {fault}", f"use {fixed} or newer"
            )


def vulnerable_keepalived(spec: ClusterSpec) -> Iterator[Finding]:
    """CVE-2021-44225: before 2.2.5 any user of the host may change keepalived through D-Bus."""
    given = _parts(spec.keepalived.version)
    if given < (2, 2) or (len(given) == 3 and given < _SAFE_KEEPALIVED):
        yield Finding(
            ("keepalived", "version"),
            f"Keepalived {spec.keepalived.version} is older than 2.2.5, which fixed CVE-2021-44225",
            "use 2.2.5 or newer, or a distribution's package with the correction",
        )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def log_target(spec: ClusterSpec) -> Iterator[Finding]:
    """HAProxy logs to a socket or to a syslog server; anything else it would look up in DNS when it starts, or refuse."""
    log = spec.haproxy.log
    server = re.fullmatch(r"\[([^\[\]]+)\]:([0-9]{1,5})|([^:]+):([0-9]{1,5})", log)
    if log.startswith("/") or (server and _is_address(server[1] or server[3]) and 1 <= int(server[2] or server[4]) <= 65535):
        return
    yield Finding(
        ("haproxy", "log"),
        f"{shown(log)} is neither a path nor ADDRESS:PORT",
        "write /dev/log, or a syslog server such as 192.168.1.50:514 or [fd00:1::50]:514",
    )


def metrics_address(spec: ClusterSpec) -> Iterator[Finding]:
    """HAProxy cannot start on a load balancer that does not have the address."""
    metrics = spec.haproxy.metrics
    if metrics is None or metrics.address is None or metrics.address.is_loopback or metrics.address.is_unspecified:
        return
    owners = [name for name, host in spec.load_balancers.items() if metrics.address in (host.address, host.address6)]
    if len(owners) < len(spec.load_balancers):
        others = [name for name in spec.load_balancers if name not in owners]
        yield Finding(
            ("haproxy", "metrics", "address"),
            f"`{others[0]}` does not have the address {metrics.address}, so HAProxy could not start there",
            "write `host`: each load balancer then uses its own",
        )


def reserved_variable(spec: ClusterSpec) -> Iterator[Finding]:
    """A variable that Twinkeel writes would be there twice, and Ansible would take one of them."""
    for name in spec.kubernetes.variables:
        if name in RESERVED_VARIABLES:
            yield Finding(
                ("kubernetes", "variables", name),
                f"`{name}` is Twinkeel's own: {RESERVED_VARIABLES[name]}",
                "delete it",
                at_key=True,
            )


def certificate_name(spec: ClusterSpec) -> Iterator[Finding]:
    """A certificate holds DNS names, with a star for the first part at most, and addresses."""
    name_pattern = next(item.pattern for item in get_args(DomainName) if isinstance(item, StringConstraints))
    for place, name in enumerate(spec.kubernetes.certificate_names):
        if not _is_address(name) and not re.fullmatch(str(name_pattern), name.removeprefix("*.")):
            yield Finding(
                ("kubernetes", "certificate_names", place),
                f"{shown(name)} is neither a DNS name nor an address",
                "write it in lower case, like api.example.org, *.example.org or 192.0.2.10",
            )


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
