"""Rules about versions of daemons, and about what is passed on to them, Kubespray and Kubernetes."""

import re
from collections.abc import Iterator
from typing import get_args

from pydantic import StringConstraints

from twinkeel.diagnostic import quoted
from twinkeel.spec.fields import DomainName, is_address
from twinkeel.spec.kubespray_variables import RESERVED_VARIABLES
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding
from twinkeel.spec.software_versions import KNOWN, NAMES, Program, known_bad, span, text, too_old, unknown_newer
from twinkeel.vip.daemons import BGP_DAEMON, VRRP_DAEMON


def supported_haproxy(spec: ClusterSpec) -> Iterator[Finding]:
    """The files need what 2.2 brought; the real checkers validate them."""
    yield from _supported("haproxy", spec.haproxy.version)


def supported_vrrp_daemon(spec: ClusterSpec) -> Iterator[Finding]:
    """The files need what 2.1 brought; the real checkers validate them."""
    yield from _supported(VRRP_DAEMON.section, spec.vrrp_daemon.version)


def _supported(program: Program, version: str) -> Iterator[Finding]:
    if too_old(program, _parts(version)):
        hint = f"write the oldest version of your load balancers, {span(program)}"
        yield Finding((program, "version"), f"{NAMES[program]} {version} is not supported", hint)


def newer_than_known(spec: ClusterSpec) -> Iterator[Finding]:
    """A release that came later: it takes the files of the newest known one, unless it dropped a keyword."""
    given: dict[Program, str] = {
        "haproxy": spec.haproxy.version,
        VRRP_DAEMON.section: spec.vrrp_daemon.version,
        BGP_DAEMON.section: spec.frr.version,
    }
    for program, version in given.items():
        if unknown_newer(program, _parts(version)):
            newest = text(KNOWN[program][1])
            yield Finding(
                (program, "version"),
                f"{NAMES[program]} {version} is newer than what is known ({span(program)}); its files are those of {newest}",
                f"write {newest} to be rid of this: the files stay the same, and the hosts' own {program} validates them",
            )


def faulty_haproxy(spec: ClusterSpec) -> Iterator[Finding]:
    """Faults that break health checks or leak connections."""
    given = _parts(spec.haproxy.version)
    for bad in known_bad("haproxy", given) if len(given) == 3 else ():
        if bad.rule:
            what = f"HAProxy {spec.haproxy.version} has a known fault: {bad.what}"
            yield Finding(("haproxy", "version"), what, f"use {bad.fixed} or newer")


def vulnerable_vrrp_daemon(spec: ClusterSpec) -> Iterator[Finding]:
    """CVE-2021-44225: before 2.2.5 any user of the host may change the daemon through D-Bus."""
    given, (fixed, hole) = _parts(spec.vrrp_daemon.version), VRRP_DAEMON.security_fix
    if too_old(VRRP_DAEMON.section, given):
        return
    if given < fixed[:2] or (len(given) == len(fixed) and given < fixed):
        yield Finding(
            (VRRP_DAEMON.section, "version"),
            f"{VRRP_DAEMON.name} {spec.vrrp_daemon.version} is older than {text(fixed)}, which fixed {hole}",
            f"use {text(fixed)} or newer, or a distribution's package with the correction",
        )


def signing_vrrp_daemon(spec: ClusterSpec) -> Iterator[Finding]:
    """An older daemon refuses `auth_hmac`; 2.4.0 and 2.4.1 sign another text, and cannot be brought to it step by step."""
    given, least = _parts(spec.vrrp_daemon.version), VRRP_DAEMON.signs_since
    if spec.failover.authentication == "hmac" and given < least[: len(given)]:
        wanted = f"{VRRP_DAEMON.section}: {{version: {text(least)}}}"
        yield Finding(
            ("failover", "authentication"),
            f"{VRRP_DAEMON.name} {spec.vrrp_daemon.version} cannot sign advertisements: `hmac` needs {text(least)}",
            f"write `{wanted}` if that is the oldest of your load balancers, or delete the line",
        )


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def log_target(spec: ClusterSpec) -> Iterator[Finding]:
    """HAProxy logs to a socket or to a syslog server; anything else it would look up in DNS when it starts, or refuse."""
    log = spec.haproxy.log
    server = re.fullmatch(r"\[([^\[\]]+)\]:([0-9]{1,5})|([^:]+):([0-9]{1,5})", log)
    if log.startswith("/") or (server and is_address(server[1] or server[3]) and 1 <= int(server[2] or server[4]) <= 65535):
        return
    yield Finding(
        ("haproxy", "log"),
        f"{quoted(log)} is neither a path nor ADDRESS:PORT",
        "write /dev/log, or a syslog server such as 192.168.1.50:514 or [fd00:1::50]:514",
    )


def metrics_address(spec: ClusterSpec) -> Iterator[Finding]:
    """What listens cannot start on a load balancer that does not have the address."""
    for listener, path, program in (
        (spec.haproxy.metrics, ("haproxy", "metrics", "address"), "HAProxy"),
        (spec.monitoring, ("monitoring", "address"), "its metrics"),
    ):
        if listener is None or listener.address is None or listener.address.is_loopback or listener.address.is_unspecified:
            continue
        owners = [name for name, host in spec.load_balancers.items() if listener.address in (host.address, host.address6)]
        if len(owners) < len(spec.load_balancers):
            others = [name for name in spec.load_balancers if name not in owners]
            yield Finding(
                path,
                f"`{others[0]}` does not have the address {listener.address}, so {program} could not start there",
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
        if not is_address(name) and not re.fullmatch(str(name_pattern), name.removeprefix("*.")):
            yield Finding(
                ("kubernetes", "certificate_names", place),
                f"{quoted(name)} is neither a DNS name nor an address",
                "write it in lower case, like api.example.org, *.example.org or 192.0.2.10",
            )
