"""What a system asks for and its daemons cannot do: said before a file is made that would fail on a host."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from twinkeel.errors import SpecError
from twinkeel.render.limits import MOST_FILES, limits_of
from twinkeel.render.versions import HAPROXY_KEYWORDS, haproxy_has
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.software_versions import KNOWN, NAMES, Program, numbers, span, text, too_old
from twinkeel.vip.daemon import Version
from twinkeel.vip.daemons import VRRP_DAEMON

if TYPE_CHECKING:
    from twinkeel.spec.model import ClusterSpec
    from twinkeel.spec.secrets import Secrets
    from twinkeel.topology.model import Topology


class RenderConstraint(NamedTuple):
    """One thing that cannot be rendered. `key` is the spec's key with dots; it may be a default that is not in the file."""

    key: str
    what: str
    hint: str


class Requested(NamedTuple):
    """What a system asks for that may be refused: counts, and `metrics` with the address where all load balancers open them."""

    haproxy: Version
    max_connections: int
    services: int
    load_balancers: int
    metrics: bool
    metrics_address: IPAddress | None
    keepalived: Version
    authentication: str
    vrrp_version: int
    ip_versions: frozenset[int]


def requested_by_spec(spec: "ClusterSpec") -> Requested:
    """The same as of its topology: `check` is spared building one."""
    metrics = spec.haproxy.metrics
    return Requested(
        numbers(spec.haproxy.version),
        spec.haproxy.max_connections,
        len(spec.services),
        len(spec.load_balancers),
        metrics is not None,
        metrics.address if metrics else None,
        numbers(spec.vrrp_daemon.version),
        spec.failover.authentication,
        spec.failover.vrrp_version,
        frozenset(vip.address.version for _, vip in spec.endpoint.virtual_ips()),
    )


def requested_by(topology: "Topology") -> Requested:
    """What a topology asks for."""
    metrics, first = topology.haproxy.metrics, next(iter(topology.load_balancers[0].instances), None)
    return Requested(
        topology.haproxy.version,
        topology.haproxy.max_connections,
        len(topology.services),
        len(topology.load_balancers),
        metrics is not None,
        metrics.address if metrics else None,
        topology.vrrp_daemon.version,
        first.authentication if first else "none",
        first.version if first else 3,
        frozenset(topology.endpoint.ip_versions),
    )


def violated_constraints(requested: Requested) -> tuple[RenderConstraint, ...]:
    """Everything that cannot be rendered, in the order of the spec's keys. Passwords are not looked at."""
    return tuple(
        violated
        for find in (_haproxy_version, _metrics, _connections, _keepalived_version, _version_2)
        for violated in find(requested)
    )


def require_renderable(topology: "Topology", secrets: "Secrets") -> None:
    """Raise SpecError, once for all of them, when something cannot be rendered or a password is missing."""
    found = [*violated_constraints(requested_by(topology)), *_missing_secrets(topology, secrets)]
    if found:
        raise SpecError(
            "; ".join(violated.what for violated in found),
            where=", ".join(violated.key for violated in found),
            hint="; ".join(violated.hint for violated in found),
        )


def _haproxy_version(requested: Requested) -> Iterator[RenderConstraint]:
    yield from _version("haproxy", requested.haproxy)


def _keepalived_version(requested: Requested) -> Iterator[RenderConstraint]:
    version = requested.keepalived
    yield from _version("keepalived", version)
    least = VRRP_DAEMON.signs_since
    if requested.authentication == "hmac" and version < least[: len(version)]:
        what = f"Keepalived {text(version)} cannot sign advertisements"
        yield RenderConstraint("failover.authentication", what, f"install {text(least)} or newer, or leave it out")


def _version(program: Program, version: Version) -> Iterator[RenderConstraint]:
    if too_old(program, version):
        what = f"{NAMES[program]} {text(version)} is not one of {span(program)}"
        yield RenderConstraint(f"{program}.version", what, f"install {text(KNOWN[program][0])} or newer")


def _metrics(requested: Requested) -> Iterator[RenderConstraint]:
    if not requested.metrics:
        return
    if not haproxy_has(requested.haproxy, ".if"):
        yield RenderConstraint(
            "haproxy.metrics",
            f"HAProxy {text(requested.haproxy)} cannot be asked whether it has the Prometheus exporter",
            f"leave `metrics` out, or install HAProxy {text(HAPROXY_KEYWORDS['.if'])} or newer",
        )
    if requested.metrics_address is not None and not _everywhere(requested.metrics_address) and requested.load_balancers > 1:
        yield RenderConstraint(
            "haproxy.metrics.address",
            f"{requested.metrics_address} is not on every load balancer, and HAProxy does not start where it is missing",
            "write `host` for each load balancer's own address",
        )


def _everywhere(address: IPAddress) -> bool:
    return address.is_unspecified or address.is_loopback


def _connections(requested: Requested) -> Iterator[RenderConstraint]:
    needed = limits_of(requested.max_connections, requested.services).files
    if needed > MOST_FILES:
        yield RenderConstraint(
            "haproxy.max_connections",
            f"the API and {requested.services} services would need {needed} open files; Linux allows {MOST_FILES}",
            "lower it: every frontend takes that many connections",
        )


def _version_2(requested: Requested) -> Iterator[RenderConstraint]:
    if requested.vrrp_version == 2 and 6 in requested.ip_versions:
        yield RenderConstraint("failover.vrrp_version", "VRRP version 2 has no IPv6", "use version 3, or IPv4 virtual IPs alone")


def _missing_secrets(topology: "Topology", secrets: "Secrets") -> Iterator[RenderConstraint]:
    metrics = topology.haproxy.metrics
    authentication = next((each.authentication for each in topology.load_balancers[0].instances), "none")
    if authentication == "password" and secrets.vrrp_password is None:
        yield _missing("vrrp_password", "failover.authentication", "TWINKEEL_VRRP_PASSWORD")
    if authentication == "hmac" and secrets.vrrp_key is None:
        yield _missing("vrrp_key", "failover.authentication", "TWINKEEL_VRRP_KEY")
    if topology.bgp is not None and topology.bgp.authentication == "md5" and secrets.bgp_password is None:
        yield _missing("bgp_password", "endpoint.bgp.authentication", "TWINKEEL_BGP_PASSWORD")
    if metrics is not None and metrics.user is not None and secrets.metrics_password is None:
        yield _missing("metrics_password", "haproxy.metrics.user", "TWINKEEL_METRICS_PASSWORD")


def _missing(key: str, needed_by: str, variable: str) -> RenderConstraint:
    return RenderConstraint(
        needed_by, f"the secret `{key}` is not set", f"write `{key}: ...` to the secrets file, or set {variable}"
    )
