"""What Prometheus scrapes of a cluster, with the labels that the rules go by. Pure."""

from collections.abc import Iterator
from typing import Any

from twinkeel.monitor.rules import INTERVAL
from twinkeel.monitor.yaml_document import document
from twinkeel.spec.fields import IPAddress
from twinkeel.support.url_host import url_host
from twinkeel.topology.model import Machine, Topology


def scrape(topology: Topology) -> str:
    """`scrape_configs` for Prometheus. A listener that only its own host reaches is left out, and named in a comment."""
    left = [f"{name} listens on the loopback alone: it is not scraped from here." for name, _ in _out_of_reach(topology)]
    heading = [f'Made by `twinkeel monitor scrape` from the cluster "{topology.name}".', *left]
    return document({"scrape_configs": list(_jobs(topology))}, heading)


def password_file(topology: Topology) -> str:
    """Where Prometheus finds the password of HAProxy's metrics; no secret is written into its configuration."""
    return f"/etc/prometheus/twinkeel-{topology.name}.password"


def _out_of_reach(topology: Topology) -> Iterator[tuple[str, IPAddress]]:
    listeners = (("`monitoring`", topology.monitoring), ("`haproxy.metrics`", topology.haproxy.metrics))
    for name, listener in listeners:
        if listener is not None and listener.address is not None and listener.address.is_loopback:
            yield name, listener.address


def _jobs(topology: Topology) -> Iterator[dict[str, Any]]:
    missed = {name for name, _ in _out_of_reach(topology)}
    monitoring, metrics = topology.monitoring, topology.haproxy.metrics
    if monitoring is not None and "`monitoring`" not in missed:
        # The series have these labels themselves; the same ones are put on `up`.
        yield _job("twinkeel", topology, monitoring.address, monitoring.port) | {"honor_labels": True}
    if metrics is not None and "`haproxy.metrics`" not in missed:
        who = {"basic_auth": {"username": metrics.user, "password_file": password_file(topology)}} if metrics.user else {}
        yield _job("twinkeel-haproxy", topology, metrics.address, metrics.port) | who


def _job(name: str, topology: Topology, address: IPAddress | None, port: int) -> dict[str, Any]:
    machines = [balancer.machine for balancer in topology.load_balancers]
    targets = [
        {
            "targets": [f"{url_host(_reached_at(machine, address))}:{port}"],
            "labels": {"cluster": topology.name, "load_balancer": machine.name},
        }
        for machine in machines
    ]
    return {"job_name": f"{name}-{topology.name}", "scrape_interval": INTERVAL, "static_configs": targets}


def _reached_at(machine: Machine, address: IPAddress | None) -> IPAddress:
    return machine.address if address is None or address.is_unspecified else address
