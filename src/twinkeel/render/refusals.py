"""What a topology asks for and its daemons cannot do: said before a file is made that would fail on a host."""

from collections.abc import Iterator
from dataclasses import dataclass

from twinkeel.errors import SpecError
from twinkeel.render.limits import MOST_FILES, limits
from twinkeel.render.versions import HAPROXY_KEYWORDS, haproxy_has
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.secrets import Secrets
from twinkeel.spec.software_versions import KNOWN, LEAST_HMAC, NAMES, Program, span, text, too_old
from twinkeel.topology.model import Topology, Version


@dataclass(frozen=True)
class Refusal:
    """One thing that cannot be rendered. `key` is the spec's key with dots; it may be a default that is not in the file."""

    key: str
    what: str
    hint: str


def refusals(topology: Topology) -> tuple[Refusal, ...]:
    """Everything that cannot be rendered, in the order of the spec's keys. Passwords are not looked at."""
    return tuple(
        refusal
        for find in (_haproxy_version, _metrics, _connections, _keepalived_version, _version_2)
        for refusal in find(topology)
    )


def require_renderable(topology: Topology, secrets: Secrets) -> None:
    """Raise SpecError, once for all of them, when something cannot be rendered or a password is missing."""
    found = [*refusals(topology), *_missing_secrets(topology, secrets)]
    if found:
        raise SpecError(
            "; ".join(refusal.what for refusal in found),
            where=", ".join(refusal.key for refusal in found),
            hint="; ".join(refusal.hint for refusal in found),
        )


def _haproxy_version(topology: Topology) -> Iterator[Refusal]:
    yield from _version("haproxy", topology.haproxy.version)


def _keepalived_version(topology: Topology) -> Iterator[Refusal]:
    version = topology.keepalived.version
    yield from _version("keepalived", version)
    if topology.load_balancers[0].instances[0].authentication == "hmac" and version < LEAST_HMAC[: len(version)]:
        what = f"Keepalived {text(version)} cannot sign advertisements"
        yield Refusal("failover.authentication", what, f"install {text(LEAST_HMAC)} or newer, or leave it out")


def _version(program: Program, version: Version) -> Iterator[Refusal]:
    if too_old(program, version):
        what = f"{NAMES[program]} {text(version)} is not one of {span(program)}"
        yield Refusal(f"{program}.version", what, f"install {text(KNOWN[program][0])} or newer")


def _metrics(topology: Topology) -> Iterator[Refusal]:
    metrics, version = topology.haproxy.metrics, topology.haproxy.version
    if metrics is None:
        return
    if not haproxy_has(version, ".if"):
        yield Refusal(
            "haproxy.metrics",
            f"HAProxy {text(version)} cannot be asked whether it has the Prometheus exporter",
            f"leave `metrics` out, or install HAProxy {text(HAPROXY_KEYWORDS['.if'])} or newer",
        )
    if metrics.address is not None and not _everywhere(metrics.address) and len(topology.load_balancers) > 1:
        yield Refusal(
            "haproxy.metrics.address",
            f"{metrics.address} is not on every load balancer, and HAProxy does not start where it is missing",
            "write `host` for each load balancer's own address",
        )


def _everywhere(address: IPAddress) -> bool:
    return address.is_unspecified or address.is_loopback


def _connections(topology: Topology) -> Iterator[Refusal]:
    needed = limits(topology).files
    if needed > MOST_FILES:
        yield Refusal(
            "haproxy.max_connections",
            f"the API and {len(topology.services)} services would need {needed} open files; Linux allows {MOST_FILES}",
            "lower it: every frontend takes that many connections",
        )


def _version_2(topology: Topology) -> Iterator[Refusal]:
    instances = topology.load_balancers[0].instances
    if any(instance.version == 2 and instance.vip.version == 6 for instance in instances):
        yield Refusal("failover.vrrp_version", "VRRP version 2 has no IPv6", "use version 3, or IPv4 virtual IPs alone")


def _missing_secrets(topology: Topology, secrets: Secrets) -> Iterator[Refusal]:
    metrics = topology.haproxy.metrics
    authentication = topology.load_balancers[0].instances[0].authentication
    if authentication == "password" and secrets.vrrp_password is None:
        yield _missing("vrrp_password", "failover.authentication", "TWINKEEL_VRRP_PASSWORD")
    if authentication == "hmac" and secrets.vrrp_key is None:
        yield _missing("vrrp_key", "failover.authentication", "TWINKEEL_VRRP_KEY")
    if metrics is not None and metrics.user is not None and secrets.metrics_password is None:
        yield _missing("metrics_password", "haproxy.metrics.user", "TWINKEEL_METRICS_PASSWORD")


def _missing(key: str, needed_by: str, variable: str) -> Refusal:
    return Refusal(needed_by, f"the secret `{key}` is not set", f"write `{key}: ...` to the secrets file, or set {variable}")
