"""The files of another's configuration, for one load balancer of a topology. Pure."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from twinkeel.bench.configurations import Configuration
from twinkeel.errors import UsageError
from twinkeel.render.files import RenderedFile
from twinkeel.render.haproxy import CONFIG_PATH as HAPROXY_CONFIG
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED_CONFIG
from twinkeel.topology.model import LoadBalancer, Topology

CHECK_SCRIPT = "/etc/keepalived/check_apiserver.sh"
# Keepalived of another password is another virtual router: ours, should one still run, and a peer's never take each other's word.
PASSWORD = "benchonl"  # noqa: S105 - in clear text in every advertisement, and worth nothing
HEALTH_PORT = 9444


def peer_files(configuration: Configuration, topology: Topology, balancer: LoadBalancer) -> tuple[RenderedFile, ...]:
    """haproxy.cfg, keepalived.conf, and the check's script where the configuration has one."""
    values = _values(configuration, topology, balancer)
    made = [
        RenderedFile(HAPROXY_CONFIG, _fill(f"{configuration.id}/haproxy.cfg.j2", values), mode=0o640),
        RenderedFile(KEEPALIVED_CONFIG, _fill(f"{configuration.id}/keepalived.conf.j2", values), mode=0o640),
    ]
    if configuration.has_check:
        made.append(RenderedFile(CHECK_SCRIPT, _fill(f"{configuration.id}/check.sh.j2", values), mode=0o755))
    return tuple(made)


def refuse_what_peers_cannot(topology: Topology) -> None:
    """Raises UsageError for a system that others' configurations would serve only in part: the comparison would not be fair."""
    lacks = {
        "several virtual IPs": len(topology.endpoint.vips) > 1,
        "an IPv6 virtual IP": topology.endpoint.vip.version == 6,
        "extra services": bool(topology.services),
        "firewall rules of ours, which let our advertisements alone in": topology.system.firewall != "none",
        "virtual IPs announced by BGP": topology.bgp is not None,
        "one load balancer alone": len(topology.load_balancers) < 2,
    }
    found = [what for what, is_so in lacks.items() if is_so]
    if found:
        hint = "bench a lab of the plain cluster: `twinkeel lab up -f examples/lab-home.yaml`"
        if topology.bgp is not None:
            hint = f"`twinkeel drill run` measures this one, and docs/bgp.md has figures; or {hint}"
        raise UsageError(f"others' configurations do not know what this system has: {', '.join(found)}", hint=hint)


def _values(configuration: Configuration, topology: Topology, balancer: LoadBalancer) -> dict[str, object]:
    place = topology.load_balancers.index(balancer)
    instance = balancer.instances[0]
    return {
        "name": balancer.machine.name,
        "first": place == 0,
        "interface": instance.interface,
        "source": instance.source,
        "peers": [other.instances[0].source for other in topology.load_balancers if other != balancer],
        "vip": instance.vip,
        "vrid": instance.vrid,
        "priority": configuration.priority(place),
        "password": PASSWORD,
        "port": topology.endpoint.port,
        "api_port": topology.cluster.api_port,
        "health_port": HEALTH_PORT,
        "max_connections": topology.haproxy.max_connections,
        "servers": topology.control_plane,
        "script": CHECK_SCRIPT,
    }


def _fill(name: str, values: dict[str, object]) -> str:
    return _environment().get_template(name).render(**values)


@cache
def _environment() -> Environment:
    folder = files("twinkeel.bench") / "templates"
    return Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - nothing of it is HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
