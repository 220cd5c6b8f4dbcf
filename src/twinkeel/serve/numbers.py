"""The page's own numbers for Prometheus."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import (
    GC_COLLECTOR,
    PROCESS_COLLECTOR,
    CollectorRegistry,
    Counter,
    Gauge,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from twinkeel.serve.cluster_watch import ClusterWatch

# When a counter began is what process_start_time_seconds tells.
disable_created_metrics()  # type: ignore[no-untyped-call]
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Numbers:
    """A registry of its own: what a library counts in the global one is nobody's business here."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(PROCESS_COLLECTOR)
        self.registry.register(GC_COLLECTOR)
        self.clients = Gauge("twinkeel_serve_clients", "Pages that are open now.", registry=self.registry)
        self.messages = Counter("twinkeel_serve_messages", "Updates that were sent to pages.", registry=self.registry)
        self.refused = Counter("twinkeel_serve_refused", "Requests without a valid token.", registry=self.registry)

    def watch(self, watches: Iterable[ClusterWatch], clock: Callable[[], float]) -> None:
        """Tell of these clusters, too."""
        self.registry.register(_Clusters(tuple(watches), clock))

    def text(self) -> bytes:
        """The answer to a scrape."""
        return generate_latest(self.registry)


class _Clusters(Collector):
    """Read when somebody asks: nothing is counted twice. Ages are of the monotonic clock, so a clock that is set does not show."""

    def __init__(self, watches: tuple[ClusterWatch, ...], clock: Callable[[], float]) -> None:
        self._watches, self._clock = watches, clock

    def collect(self) -> Iterator[Metric]:
        """See `prometheus_client.registry.Collector`."""
        polls = CounterMetricFamily("twinkeel_serve_polls", "Looks at a host or a place of the API.", labels=["cluster", "target"])
        failures = CounterMetricFamily("twinkeel_serve_poll_failures", "Those without a good answer.", labels=["cluster", "target"])
        age = GaugeMetricFamily(
            "twinkeel_serve_snapshot_age_seconds", "Since a load balancer was last heard of; -1 for never.", labels=["cluster"]
        )
        healthy = GaugeMetricFamily(
            "twinkeel_serve_cluster_healthy", "Whether `twinkeel status` would say healthy.", labels=["cluster"]
        )
        for watch in self._watches:
            name = watch.subject.topology.name
            for target, asked, failed in _counts(watch):
                polls.add_metric([name, target], asked)
                failures.add_metric([name, target], failed)
            age.add_metric([name], -1.0 if watch.polled_at is None else self._clock() - watch.polled_at)
            healthy.add_metric([name], float(watch.snapshot is not None and watch.complete and watch.snapshot.healthy))
        yield from (polls, failures, age, healthy)


def _counts(watch: ClusterWatch) -> Iterator[tuple[str, int, int]]:
    for balancer in watch.balancers.values():
        yield balancer.name, balancer.polls, balancer.failures
    for place in (*watch.vips.values(), *watch.servers.values()):
        yield place.address, place.asked, place.failures
