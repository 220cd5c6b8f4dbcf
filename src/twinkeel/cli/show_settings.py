"""Every value in force, as rows of text: what the spec gave, what a profile gave, and what is fixed. Pure."""

from collections.abc import Mapping

from twinkeel.cli.text_layout import seconds
from twinkeel.render.haproxy import HARD_STOP_AFTER, SPREAD_SECONDS
from twinkeel.spec.failover_defaults import advert_interval
from twinkeel.spec.model import MONITOR_PORT, Failover
from twinkeel.topology.api_server import balanced_arguments
from twinkeel.topology.model import Bgp, BgpRouter, Topology
from twinkeel.topology.profiles import HEALTH_TIMERS
from twinkeel.topology.readers import reader_texts
from twinkeel.topology.settings import Metrics, Monitoring
from twinkeel.vip.daemons import VRRP_DAEMON
from twinkeel.vrrp import DOWN_TIMER_ADVERTS, master_down, skew

Rows = list[tuple[str, ...]]


def settings_sections(topology: Topology) -> dict[str, Rows]:
    """Sections by their titles, in the order in which they are shown."""
    return {
        **_vip_section(topology),
        f"Timers (profile {topology.profile})": _timer_rows(topology),
        "HAProxy, and the watchdog over it": _haproxy_rows(topology),
        "Load balancers' system": _system_rows(topology),
        "Kubernetes": _kubernetes_rows(topology),
        "SSH, and what drills may use": _ssh_rows(topology),
    }


def _vip_section(topology: Topology) -> dict[str, Rows]:
    if topology.bgp is None:
        return {"Between the load balancers (VRRP)": _vrrp_rows(topology)}
    return {"To the routers (BGP)": [*_bgp_rows(topology.bgp), ("connections", _shared_connections(topology))]}


def _shared_connections(topology: Topology) -> str:
    if len(topology.load_balancers) == 1:
        return "none survives it: there is only one load balancer"
    if topology.second_chance is None:
        return f"many are reset when a load balancer leaves or comes back: {topology.resets_because}"
    left = f"one that leaves serves its own for up to {seconds(topology.second_chance)}"
    return f"each passes on what belongs to another one; {left}"


def _bgp_rows(bgp: Bgp) -> Rows:
    bfd = "none" if bgp.bfd is None else f"every {seconds(bgp.bfd.interval)}, {bgp.bfd.multiplier} missed ones are a loss"
    signed = "signed (TCP MD5), with a password from the secrets file or the environment"
    return [
        ("FRR", f"{_version(bgp.version)} or newer, AS {bgp.asn}"),
        *(("router", _router(router)) for router in bgp.routers),
        ("authentication", signed if bgp.authentication == "md5" else "none: anyone with a router's address is accepted"),
        ("hold time", f"{bgp.hold_time} s, a message every {bgp.hold_time // 3} s"),
        ("BFD", bfd),
        ("communities", ", ".join(bgp.communities) or "none"),
        ("after a failure", f"announces again after {seconds(bgp.return_delay)} of health, at once where nobody else serves"),
        ("planned", "graceful-shutdown community, then the route goes; the return is at once"),
    ]


def _router(router: BgpRouter) -> str:
    return f"{router.address}, AS {router.asn}" + (f", up to {router.hops} hops away" if router.hops > 1 else "")


def _vrrp_rows(topology: Topology) -> Rows:
    first = topology.load_balancers[0].instances[0]
    transport = "multicast" if first.multicast or not first.peers else "unicast"
    return [
        ("version", f"{first.version}, {transport}, {VRRP_DAEMON.name} {_version(topology.vrrp_daemon.version)} or newer"),
        ("failback", _failback(topology)),
        ("authentication", _authentication(topology)),
        ("planned moves", _planned_moves(topology)),
        *_takeover_rows(topology),
        *_extra_rows(VRRP_DAEMON.name, topology.vrrp_daemon.extra),
    ]


def _failback(topology: Topology) -> str:
    waits = {instance.failback for balancer in topology.load_balancers for instance in balancer.instances}
    if waits == {None}:
        return "never (nopreempt): a load balancer that comes back does not take the virtual IP"
    shown = {wait: "never" if wait is None else f"{seconds(wait)} after its first choice came back" for wait in waits}
    return "; ".join(f"{instance.vip.ip} {shown[instance.failback]}" for instance in topology.load_balancers[0].instances)


def _authentication(topology: Topology) -> str:
    first = topology.load_balancers[0].instances[0]
    if first.authentication == "hmac":
        return "signed (HMAC-SHA256), with a key from the secrets file or the environment"
    if first.authentication == "password":
        return "a password in clear text, from the secrets file or the environment"
    heard = "anyone on the network is accepted" if first.multicast else "only peers' addresses with TTL 255 are accepted"
    return f"none: {heard}"


def _planned_moves(topology: Topology) -> str:
    if len(topology.load_balancers) == 1:
        return "none: there is only one load balancer"
    if topology.second_chance is None:
        return f"connections are reset: {topology.resets_because}"
    return f"the old holder serves its connections for up to {seconds(topology.second_chance)}"


def _takeover_rows(topology: Topology) -> Rows:
    """How long each load balancer waits; a priority's times are the same for every virtual IP."""
    found: Rows = []
    for balancer in topology.load_balancers:
        times = {}
        for one in balancer.instances:
            down = master_down(one.priority, one.advert_interval, one.version)
            lag = skew(one.priority, one.advert_interval, one.version)
            times[one.priority] = f"priority {one.priority}: skew {seconds(lag)}, takes over after {seconds(down)} of silence"
        found += [
            (balancer.machine.name if place == 0 else "", text)
            for place, text in enumerate(text for _, text in sorted(times.items(), reverse=True))
        ]
    return found


def _timer_rows(topology: Topology) -> Rows:
    """Each timer with its unit and where it comes from."""
    timers, defaults = topology.timers, HEALTH_TIMERS[topology.profile]
    meanings = {
        "check_interval": "between two checks of a healthy server (inter)",
        "check_fast_interval": "between checks once one failed (fastinter)",
        "check_timeout": "for the answer to a check (timeout check)",
        "check_fall": "failed checks in a row until a server is down (fall)",
        "check_rise": "good checks in a row until it is up again (rise)",
        "connect_timeout": "until another server is tried (timeout connect)",
        "watchdog_interval": "between two requests to HAProxy on its own host",
        "watchdog_deadline": "without an answer until HAProxy is killed and restarted",
    }
    names = {name: (getattr(timers, name), getattr(defaults, name)) for name in meanings}
    return [
        *_advert_row(topology),
        *(
            (name, _value(name, value), _origin(topology, value, default), meanings[name])
            for name, (value, default) in names.items()
        ),
    ]


def _advert_row(topology: Topology) -> Rows:
    first = next(iter(topology.load_balancers[0].instances), None)
    if first is None:
        return []
    interval = advert_interval(Failover.model_validate({"profile": topology.profile, "vrrp_version": first.version}))
    missed = f"between advertisements (advert_int); {DOWN_TIMER_ADVERTS} missed ones are a loss"
    return [("advert_interval", seconds(first.advert_interval), _origin(topology, first.advert_interval, interval), missed)]


def _value(name: str, value: float) -> str:
    return str(value) if name in ("check_fall", "check_rise") else seconds(value)


def _origin(topology: Topology, value: float, default: float) -> str:
    return topology.profile if value == default else f"spec, not {default:g}"


def _haproxy_rows(topology: Topology) -> Rows:
    haproxy = topology.haproxy
    return [
        ("version", f"{_version(haproxy.version)} or newer"),
        ("listens", f"port {topology.endpoint.port} on every address"),
        ("check", _api_check(topology)),
        (
            "balance",
            f"{haproxy.balance}; a refused connection goes to another server; sessions of a server that is down are closed",
        ),
        ("connections", f"{haproxy.max_connections} clients at most"),
        (
            "reload",
            f"old connections are closed gradually over {seconds(SPREAD_SECONDS)}; the rest after {HARD_STOP_AFTER}",
        ),
        ("log", f"{haproxy.log}, syslog"),
        ("metrics", _metrics(haproxy.metrics)),
        ("watchdog", f"GET http://127.0.0.1:{MONITOR_PORT}/live"),
        *_extra_rows("HAProxy", haproxy.extra),
    ]


def _api_check(topology: Topology) -> str:
    cluster = topology.cluster
    verified = (
        f"certificate verified for {cluster.api_certificate_name}" if cluster.api_certificate_name else "certificate verified"
    )
    shown = f", shows {cluster.api_client_certificate}" if cluster.api_client_certificate else ""
    if cluster.api_status is None:
        return f"a TLS connection to port {cluster.api_port}, {verified}{shown}"
    return f"GET /readyz on port {cluster.api_port}, {verified}, status {cluster.api_status}{shown}"


def _metrics(metrics: Metrics | None) -> str:
    local = f"http://127.0.0.1:{MONITOR_PORT}/metrics"
    if metrics is None:
        return f"{local} alone"
    place = "each load balancer's own address" if metrics.address is None else str(metrics.address)
    known = [f"the user {metrics.user}" if metrics.user else "", ", ".join(reader_texts(metrics.readers))]
    return f"{local}, and port {metrics.port} on {place}, for {' at '.join(filter(None, known)) or 'anyone who reaches it'}"


def _extra_rows(program: str, extra: Mapping[str, str]) -> Rows:
    """That there are lines of the user's own, not what they say: they may hold a password."""
    if not extra:
        return [("extra lines", "none")]
    counts = (f"{place}: {len(text.strip().splitlines())}" for place, text in extra.items())
    return [("extra lines", f"{', '.join(counts)}; yours, validated by {program} alone")]


def _system_rows(topology: Topology) -> Rows:
    system = topology.system
    firewall = {"none": "left as it is"}.get(system.firewall, f"rules for {system.firewall}")
    selinux = {"auto": "booleans are set where it is on", "ignore": "left as it is"}[system.selinux]
    packages = {"auto": "apt or dnf, whichever is installed"}.get(system.packages, system.packages)
    return [
        ("packages", packages),
        ("firewall", firewall),
        ("SELinux", selinux),
        ("monitoring", _monitoring(topology.monitoring)),
    ]


def _monitoring(monitoring: Monitoring | None) -> str:
    if monitoring is None:
        return "none: only HAProxy's own metrics"
    place = "each load balancer's own address" if monitoring.address is None else str(monitoring.address)
    readers = ", ".join(reader_texts(monitoring.readers)) or "anyone who reaches it"
    file = f"; for node_exporter in {monitoring.textfile}" if monitoring.textfile else ""
    return f"port {monitoring.port} on {place}, for {readers}{file}"


def _kubernetes_rows(topology: Topology) -> Rows:
    cluster = topology.cluster
    pods = _both(cluster.pod_network, cluster.pod_network6)
    services = _both(cluster.service_network, cluster.service_network6)
    names = ", ".join(cluster.certificate_names) or "none"
    return [
        ("version", f"{cluster.version}, by Kubespray {cluster.kubespray}"),
        ("API servers", f"port {cluster.api_port}; {_api_arguments(topology)}"),
        ("network", f"{cluster.network_plugin}; pods {pods}, services {services}"),
        ("workloads", "on the control plane, too" if cluster.schedule_on_control_plane else "on workers alone"),
        ("DNS", _dns(topology)),
        ("certificates", f"contain the endpoint's name, the virtual IPs, and each load balancer; more names: {names}"),
        ("variables", ", ".join(cluster.variables) or "none of your own"),
    ]


def _api_arguments(topology: Topology) -> str:
    arguments = balanced_arguments(topology.cluster, topology.cluster.version)
    return ", ".join(f"--{name}={value}" for name, value in arguments.items()) or "no flags of ours"


def _dns(topology: Topology) -> str:
    cluster = topology.cluster
    server = f", server {cluster.dns_server}" if cluster.dns_server else ""
    upstream = ", ".join(str(address) for address in cluster.dns_upstream) or "as on the nodes"
    return f"{cluster.dns_mode}{server}; names outside the cluster: {upstream}"


def _ssh_rows(topology: Topology) -> Rows:
    access: dict[tuple[str, int], list[str]] = {}
    for machine in topology.machines:
        access.setdefault((machine.ssh.user, machine.ssh.port), []).append(machine.name)
    ssh, power, link = topology.machines[0].ssh, topology.power, topology.link
    budgets = ", ".join(f"{drill} {budget:g} ms" for drill, budget in topology.budgets.items())
    usual = max(access, key=lambda key: len(access[key]))
    others = (f"; {user}, {port} on {', '.join(names)}" for (user, port), names in access.items() if (user, port) != usual)
    return [
        ("user, port", f"{usual[0]}, {usual[1]}{''.join(others)}"),
        ("identity file", ssh.identity_file or "ssh's default"),
        ("known hosts", ssh.known_hosts_file or "ssh's default"),
        ("power", f"off: {power.off}; on: {power.on}" if power else "no command: drills cannot cut power"),
        ("link", f"cut: {link.cut}; restore: {link.restore}" if link else "no command: drills cannot cut a host's network"),
        ("budgets", budgets or "each scenario's own (`twinkeel drill list`)"),
    ]


def _both(first: object, second: object | None) -> str:
    return f"{first}" if second is None else f"{first} and {second}"


def _version(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
