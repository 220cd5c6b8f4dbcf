"""Rules about timers: what the protocol can say, and what must be noticed before what."""

from collections.abc import Iterator

from twinkeel.spec.failover_defaults import LONGEST_SHUTDOWN_DELAY, advert_interval, detection, shutdown_delay, timer
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding

LONGEST_V3_INTERVAL = 40.95


def interval_of_the_version(spec: ClusterSpec) -> Iterator[Finding]:
    """Version 2 has whole seconds; version 3 has 12 bits of hundredths of a second (RFC 9568, 5.2.7). The daemon rounds."""
    version, interval = spec.failover.vrrp_version, advert_interval(spec.failover)
    path = ("failover", "advert_interval")
    if version == 2 and interval != int(interval):
        yield Finding(path, f"VRRP version 2 cannot advertise every {interval:g} s", "write whole seconds, 1 or more")
    elif version == 3 and interval > LONGEST_V3_INTERVAL:
        yield Finding(path, f"VRRP version 3 cannot advertise every {interval:g} s", f"write {LONGEST_V3_INTERVAL} or less")
    elif version == 3 and abs(interval * 100 - round(interval * 100)) > 1e-6:
        yield Finding(path, f"VRRP counts in hundredths of a second, not {interval:g} s", "write two decimals at most")


def ipv6_needs_version_3(spec: ClusterSpec) -> Iterator[Finding]:
    """Version 2 knows IPv4 alone (RFC 3768); IPv6 came with version 3."""
    for path, vip in spec.endpoint.virtual_ips():
        if vip.address.version == 6 and spec.failover.vrrp_version == 2:
            yield Finding(
                ("failover", "vrrp_version"),
                "VRRP version 2 has no IPv6",
                "delete the line: 3 is the default",
                related=((path, "the IPv6 virtual IP"),),
            )
            return


def authentication_needs_version_2(spec: ClusterSpec) -> Iterator[Finding]:
    """Version 3 has no authentication (RFC 9568, 9): it would send the advertisements without the password."""
    if spec.failover.authentication == "password" and spec.failover.vrrp_version == 3:
        yield Finding(
            ("failover", "authentication"),
            "VRRP version 3 has no authentication",
            "delete the line: unicast from known addresses, and a firewall (`system.firewall`), protect more than a clear password",
        )


def watchdog_of_one_chance(spec: ClusterSpec) -> Iterator[Finding]:
    """One late answer must not kill HAProxy: before the deadline a second request needs its chance."""
    interval, deadline = timer(spec.failover, "watchdog_interval"), timer(spec.failover, "watchdog_deadline")
    if deadline < 2 * interval:
        at = "watchdog_deadline" if spec.failover.watchdog_deadline is not None else "watchdog_interval"
        yield Finding(
            ("failover", at),
            f"within {deadline:g} s HAProxy is asked only once (every {interval:g} s), so one late answer kills it",
            f"write a watchdog_deadline of {2 * interval:g} or more",
        )


def fast_check_is_slow(spec: ClusterSpec) -> Iterator[Finding]:
    """The fast interval is there to be sure sooner, once a check failed."""
    fast, normal = timer(spec.failover, "check_fast_interval"), timer(spec.failover, "check_interval")
    if fast > normal:
        at = "check_fast_interval" if spec.failover.check_fast_interval is not None else "check_interval"
        yield Finding(
            ("failover", at),
            f"check_fast_interval ({fast:g} s) is longer than check_interval ({normal:g} s)",
            "make the fast one the shorter of the two",
        )


def detection_before_motion(spec: ClusterSpec) -> Iterator[Finding]:
    """HAProxy must notice a dead API server before the slowest failure of a load balancer would have moved the virtual IP.

    No virtual IP moves because of an API server here: the watchdog asks HAProxy alone. But a lost machine, rack or hypervisor can
    take a load balancer and an API server together. The new holder must then know about the server by the time that even a
    hung HAProxy is replaced; otherwise it takes over and sends clients to a server that died with the old holder.
    The two sums: check_interval + (check_fall - 1) * check_fast_interval, a refused connection's longest detection, and
    watchdog_deadline + watchdog_interval.
    """
    failover = spec.failover
    detected = detection(failover, answer_time=0)
    moved = timer(failover, "watchdog_deadline") + timer(failover, "watchdog_interval")
    if detected > moved + 1e-9:
        names = ("check_interval", "check_fall", "check_fast_interval", "watchdog_deadline", "watchdog_interval", "profile")
        at = next(name for name in names if getattr(failover, name) is not None)
        yield Finding(
            ("failover", at),
            f"HAProxy may need {detected:g} s to notice a dead API server, longer than it takes to replace a hung load balancer"
            f" ({moved:g} s)",
            "shorten check_interval, check_fast_interval or check_fall, or lengthen watchdog_deadline",
        )


def connect_slower_than_the_watchdog(spec: ClusterSpec) -> Iterator[Finding]:
    """A client that is sent to a dead API server waits this long for another one: no longer than for a whole load balancer."""
    connect, deadline = timer(spec.failover, "connect_timeout"), timer(spec.failover, "watchdog_deadline")
    if connect > deadline:
        at = "connect_timeout" if spec.failover.connect_timeout is not None else "watchdog_deadline"
        yield Finding(
            ("failover", at),
            f"connect_timeout ({connect:g} s) is longer than watchdog_deadline ({deadline:g} s): a dead API server costs"
            " a client more than a dead load balancer",
            "shorten connect_timeout",
        )


def failback_before_detection(spec: ClusterSpec) -> Iterator[Finding]:
    """HAProxy believes in every server when it starts: one that is back must know the dead ones before it serves."""
    back = spec.failover.failback
    if back is None or back == "never":
        return
    silent = min(timer(spec.failover, "connect_timeout"), timer(spec.failover, "check_interval"))
    needed = max(
        detection(spec.failover, silent), timer(spec.failover, "watchdog_deadline") + timer(spec.failover, "watchdog_interval")
    )
    if back < needed:
        yield Finding(
            ("failover", "failback"),
            f"a load balancer that takes over again after {back:g} s cannot know yet which API servers are down"
            f" (it may need {needed:g} s)",
            "write 60, or `never`",
        )


def stops_before_it_is_noticed(spec: ClusterSpec) -> Iterator[Finding]:
    """When a port closes to which HAProxy still sends clients, some connections that were just taken are lost. 0 is a choice."""
    delay, noticed = shutdown_delay(spec.kubernetes.api_server, spec.failover), detection(spec.failover, answer_time=0)
    if 0 < delay < noticed:
        given = spec.kubernetes.api_server.shutdown_delay is not None
        names = ("check_interval", "check_fall", "check_fast_interval", "profile")
        own = next((name for name in names if getattr(spec.failover, name) is not None), "profile")
        yield Finding(
            ("kubernetes", "api_server", "shutdown_delay") if given else ("failover", own),
            f"an API server that stops closes its port after {delay:g} s: HAProxy notices after up to {noticed:g} s",
            f"write a shutdown_delay of {noticed:g} or more"
            if noticed <= LONGEST_SHUTDOWN_DELAY
            else "shorten check_interval, check_fast_interval or check_fall",
        )
