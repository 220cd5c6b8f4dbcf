"""A topology as a person reads it: text, Mermaid and JSON. Each is a pure function to text or plain values."""

from collections.abc import Iterator

from twinkeel.render.haproxy import CLOSE_SPREAD_TIME, FRONTEND_MAXCONN, GLOBAL_MAXCONN, HARD_STOP_AFTER, LIMIT_NOFILE
from twinkeel.spec.model import MONITOR_PORT
from twinkeel.topology.model import Machine, Topology
from twinkeel.topology.predict import KILL_REACTION, REACTION, Prediction, predict
from twinkeel.vrrp import DOWN_TIMER_ADVERTS, Range, master_down, skew

Rows = list[tuple[str, str]]


def as_text(topology: Topology) -> str:
    """The whole explanation, in sections; ends in a newline."""
    sections = {
        f"Cluster {topology.name}": _endpoint_rows(topology),
        "Load balancers, in the order in which they take the virtual IP": _balancer_rows(topology),
        "Control plane": [_machine_row(machine) for machine in topology.control_plane],
        "Workers": [_machine_row(machine) for machine in topology.workers] or [("none", "")],
        "Between the load balancers (VRRP version 3, unicast)": _vrrp_rows(topology),
        "HAProxy, and the watchdog over it": _haproxy_rows(topology),
        "Kubernetes": _kubernetes_rows(topology),
        "SSH and power": _ssh_rows(topology),
    }
    blocks = [f"{title}\n{_table(rows)}" for title, rows in sections.items()]
    blocks.append(_prediction_text(predict(topology)))
    return "\n".join(blocks)


def as_mermaid(topology: Topology) -> str:
    """A flow chart: clients, the virtual IP, load balancers, API servers; ends in a newline."""
    endpoint = topology.endpoint
    lines = [
        "flowchart LR",
        f'  clients(["kubectl, workers"]) --> vip{{{{"{endpoint.name}:{endpoint.port}<br/>virtual IP {endpoint.vip.ip}"}}}}',
    ]
    for place, balancer in enumerate(topology.load_balancers):
        machine, arrow = balancer.machine, "-.->" if place else "-->"
        label = f"{machine.name}<br/>{machine.address}<br/>priority {balancer.instances[0].priority}"
        lines.append(f'  vip {arrow} {_node(machine)}["{label}"]')
    for machine in topology.control_plane:
        lines.append(f'  {_node(machine)}["{machine.name}<br/>{machine.address}:{topology.cluster.api_port}"]')
        lines += [f"  {_node(balancer.machine)} --> {_node(machine)}" for balancer in topology.load_balancers]
    return "\n".join(lines) + "\n"


def as_json(topology: Topology) -> dict[str, object]:
    """The same as plain values. Times are in seconds; a range is [best, worst], null means without an end."""
    timers, endpoint, first = topology.timers, topology.endpoint, topology.load_balancers[0].instances[0]
    return {
        "name": topology.name,
        "endpoint": {"name": endpoint.name, "port": endpoint.port, "vip": str(endpoint.vip)},
        "load_balancers": [
            {**_machine_json(balancer.machine), "priority": balancer.instances[0].priority} for balancer in topology.load_balancers
        ],
        "control_plane": [_machine_json(machine) for machine in topology.control_plane],
        "workers": [_machine_json(machine) for machine in topology.workers],
        "vrrp": {"version": 3, "vrid": first.vrid, "advert_interval": first.advert_interval},
        "timers": vars(timers),
        "predictions": [_prediction_json(prediction) for prediction in predict(topology)],
    }


def _endpoint_rows(topology: Topology) -> Rows:
    endpoint = topology.endpoint
    return [
        ("endpoint", f"https://{endpoint.name}:{endpoint.port}"),
        ("virtual IP", f"{endpoint.vip.ip} in {endpoint.vip.network}"),
        ("name", f"{endpoint.name} must resolve to {endpoint.vip.ip} wherever the API is used"),
    ]


def _balancer_rows(topology: Topology) -> Rows:
    rows = []
    for balancer in topology.load_balancers:
        machine, priority = balancer.machine, balancer.instances[0].priority
        rows.append((machine.name, f"{machine.fqdn}  {machine.address}  {machine.interface}  priority {priority}"))
    return rows


def _machine_row(machine: Machine) -> tuple[str, str]:
    return machine.name, f"{machine.fqdn}  {machine.address}"


def _vrrp_rows(topology: Topology) -> Rows:
    first = topology.load_balancers[0].instances[0]
    rows = [
        ("VRID", f"{first.vrid}, derived from the cluster's name and the virtual IP"),
        ("advert_int", _seconds(first.advert_interval)),
        ("missed adverts", f"{DOWN_TIMER_ADVERTS}, then the next load balancer takes over"),
        ("failback", "none (nopreempt): a machine that comes back does not move the virtual IP"),
        ("authentication", "none in version 3: only peers' addresses with TTL 255 are listened to"),
    ]
    for balancer in topology.load_balancers:
        instance = balancer.instances[0]
        down = master_down(instance.priority, instance.advert_interval)
        rows.append(
            (
                balancer.machine.name,
                f"skew {_seconds(skew(instance.priority, instance.advert_interval))}, master down {_seconds(down)}",
            )
        )
    return rows


def _haproxy_rows(topology: Topology) -> Rows:
    timers = topology.timers
    return [
        ("check", f"GET /readyz on port {topology.cluster.api_port}, certificate verified, status 200"),
        ("inter, fastinter", f"{_seconds(timers.check_interval)}, {_seconds(timers.check_fast_interval)} once one failed"),
        ("timeout check", _seconds(timers.check_timeout)),
        ("fall, rise", f"{timers.check_fall}, {timers.check_rise}"),
        ("timeout connect", f"{_seconds(timers.connect_timeout)}, then the next server (redispatch 1, retries 3)"),
        ("balance", "leastconn; sessions of a server that is marked down are closed"),
        ("maxconn", f"{FRONTEND_MAXCONN} clients; {GLOBAL_MAXCONN} in all, LimitNOFILE {LIMIT_NOFILE}"),
        ("reload", f"old connections are closed over {CLOSE_SPREAD_TIME}, at the latest after {HARD_STOP_AFTER}"),
        ("watchdog", f"GET 127.0.0.1:{MONITOR_PORT}/live every {_seconds(timers.watchdog_interval)}"),
        ("", f"killed and restarted after {_seconds(timers.watchdog_deadline)} without an answer"),
    ]


def _kubernetes_rows(topology: Topology) -> Rows:
    cluster = topology.cluster
    dns = cluster.dns_mode if cluster.dns_server is None else f"{cluster.dns_mode}, server {cluster.dns_server}"
    return [
        ("version", f"{cluster.version}, by Kubespray {cluster.kubespray}"),
        ("network", f"{cluster.network_plugin}; pods {cluster.pod_network}, services {cluster.service_network}"),
        ("DNS", dns),
    ]


def _ssh_rows(topology: Topology) -> Rows:
    access = sorted({(machine.ssh.user, machine.ssh.port) for machine in topology.machines})
    ssh = topology.machines[0].ssh
    power = topology.power
    return [
        ("user, port", "; ".join(f"{user}, {port}" for user, port in access)),
        ("identity file", ssh.identity_file or "ssh's own choice"),
        ("known hosts", ssh.known_hosts_file or "ssh's own choice"),
        ("power", f"off: {power.off}; on: {power.on}" if power else "no command given: drills cannot cut power"),
    ]


def _prediction_text(predictions: tuple[Prediction, ...]) -> str:
    lines = ["Predicted downtime for a client that opens new connections"]
    for prediction in predictions:
        lines.append(f"  {prediction.title}: {_downtime(prediction)}")
        if prediction.effect:
            lines.append(f"      {prediction.effect}")
        if prediction.formula:
            lines.append(f"      = {prediction.formula} ({prediction.source})")
    lines.append(
        f"  reaction: {_range(REACTION)}, to a kill {_range(KILL_REACTION)}, for hooks and switches; measured, not derived"
    )
    lines.append("  TCP repeats a connection attempt that got no answer after 1 s: one begun during an outage takes that long")
    return "\n".join(lines) + "\n"


def _downtime(prediction: Prediction) -> str:
    if prediction.downtime is None:
        return "without an end"
    if prediction.degraded is None:
        return _range(prediction.downtime)
    return f"none; the server is marked down after {_range(prediction.degraded)}"


def _prediction_json(prediction: Prediction) -> dict[str, object]:
    return {
        "fault": prediction.fault,
        "downtime": _range_json(prediction.downtime),
        "detection": _range_json(prediction.degraded),
        "effect": prediction.effect,
        "formula": prediction.formula,
        "source": prediction.source,
    }


def _machine_json(machine: Machine) -> dict[str, object]:
    return {"name": machine.name, "fqdn": machine.fqdn, "address": str(machine.address), "interface": machine.interface}


def _range_json(time: Range | None) -> list[float] | None:
    return None if time is None else [round(time.low, 6), round(time.high, 6)]


def _node(machine: Machine) -> str:
    """A word that Mermaid takes for a node's name."""
    return machine.name.replace("-", "_")


def _range(time: Range) -> str:
    return _seconds(time.high) if time.low == time.high else f"{_seconds(time.low)} to {_seconds(time.high)}"


def _seconds(time: float) -> str:
    """Short and honest: 0.3012 -> 301 ms, 2.5 -> 2.5 s, 0.0004 -> < 1 ms."""
    if time >= 1:
        return f"{time:.4g} s"
    if 0 < time < 0.001:
        return "< 1 ms"
    return f"{time * 1000:.0f} ms"


def _table(rows: Rows) -> str:
    return "".join(line + "\n" for line in _aligned(rows))


def _aligned(rows: Rows) -> Iterator[str]:
    width = max(len(name) for name, _ in rows)
    for name, text in rows:
        yield f"  {name:<{width}}  {text}".rstrip()
