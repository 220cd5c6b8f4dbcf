"""Specs of every shape that leaves its traces in a load balancer's files."""

from typing import Any

from hypothesis import strategies as st

from twinkeel.adopt.spec_text import spec_text

EXTRA_GLOBAL = st.sampled_from(["tune.bufsize 32768", "# a comment alone\ntune.bufsize 32768\nnbthread 2", "  log-tag lb"])
EXTRA_SECTIONS = st.sampled_from(
    [
        "frontend statistics\n  mode http\n  bind 127.0.0.1:9000\n  stats enable\n  stats uri /",
        "listen kube-registry\n    bind *:6443\n    server one 10.9.9.9:6443 check\n\nbackend spare\n    server two 10.9.9.8:6443",
    ]
)
EXTRA_INSTANCE = st.sampled_from(["garp_master_repeat 3", "# why\ngarp_master_repeat 3\n\nnotify /bin/true"])
EXTRA_BLOCKS = st.sampled_from(
    [
        "static_ipaddress {\n  192.0.2.1/32 dev lo\n}",
        "vrrp_instance stray {\n  state BACKUP\n  virtual_ipaddress {\n    10.9.9.7\n  }\n}",
    ]
)
TENTHS = st.integers(1, 50).map(lambda tenths: tenths / 10)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


@st.composite
def specs(draw: st.DrawFn) -> str:
    """The text of a spec. What leaves no trace (docs/import.md) is at its default, but for names that are in every head."""
    dual = draw(st.booleans())
    transport = "unicast" if dual else draw(st.sampled_from(["unicast", "multicast"]))
    count = draw(st.integers(1 if not dual else 2, 5))
    own_interfaces = draw(st.booleans())
    balancers = {f"lb-{number}": host(number, 110, dual) for number in range(1, count + 1)}
    if own_interfaces and count > 2:
        balancers["lb-1"]["interface"] = "ens7"
    linked = not dual and draw(st.booleans())
    shares = not dual and not linked and draw(st.booleans())
    plane = {f"cp-{number}": host(number, 20, dual=False) for number in range(1, draw(st.sampled_from([1, 3, 5])) + 1)}
    if shares:
        plane = dict(list(balancers.items())[: draw(st.sampled_from([1, 3]))] if count > 2 else list(balancers.items())[:1])
    port = draw(st.sampled_from([8443, 7443])) if shares else draw(st.sampled_from([6443, 443, 8443]))
    version = 3 if dual else draw(st.sampled_from([2, 3]))
    values: dict[str, Any] = {
        "name": draw(st.sampled_from(["one", "two-of-them", "c3"])),
        "domain": draw(st.sampled_from(["example.org", "lab", "a.b.example.net"])),
        "endpoint": {"name": "api.example.org", "port": port, "vips": draw(vips(dual))},
        "interface": draw(st.sampled_from(["eth0", "ens18", "bond0.7"])),
        "load_balancers": balancers,
        "control_plane": plane,
        "workers": {f"w-{number}": host(number, 60, dual=False) for number in range(1, 4)},
        "services": draw(services(linked)),
        "failover": draw(failover(transport, version)),
        "haproxy": draw(haproxy()),
        "keepalived": draw(keepalived()),
        "system": {"firewall": draw(st.sampled_from(["none", "nftables", "ufw", "firewalld"]))},
        "kubernetes": draw(kubernetes()),
        "monitoring": draw(maybe(monitoring())),
    }
    if values["monitoring"] is None:
        del values["monitoring"]
    if linked:
        for number, balancer in enumerate(balancers.values(), 1):
            balancer |= {"vrrp_address": f"10.255.0.{number}", "vrrp_interface": "ens8"}
    if any("interface" in vip for vip in values["endpoint"]["vips"]):
        # Connections are kept on the host's own interface alone.
        values["failover"]["second_chance"] = False
    if values["failover"].get("authentication") == "hmac":
        values["keepalived"]["version"] = "2.4"
    if values["haproxy"].get("version") in ("2.2", "2.3"):
        values["haproxy"].pop("metrics", None)
    return spec_text(values, "made for a test")


def host(number: int, base: int, dual: bool) -> dict[str, str]:
    entry = {"address": f"192.168.1.{base + number}"}
    return entry | ({"address6": f"fd00:1::{base + number}"} if dual else {})


@st.composite
def vips(draw: st.DrawFn, dual: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"address": f"192.168.1.{number}/24"} for number in draw(addresses())]
    if draw(st.booleans()):
        found[0]["vrid"] = draw(st.integers(2, 255).filter(lambda vrid: vrid != 51))
    if draw(st.booleans()):
        found[-1]["interface"] = "ens9"
    if not dual and draw(st.booleans()):
        found.append({"address": "10.7.7.7/32", "routed": True} | draw(st.sampled_from([{}, {"next_hop": "192.168.1.199/24"}])))
    if dual:
        found.insert(draw(st.integers(0, len(found))), {"address": "fd00:1::99/64"})
    return found


def addresses() -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(200, 250), min_size=1, max_size=3, unique=True)


@st.composite
def failover(draw: st.DrawFn, transport: str, version: int) -> dict[str, Any]:
    kinds = ["none", "password"] if version == 2 else ["none", "hmac"]
    interval = st.integers(1, 20) if version == 2 else st.integers(1, 4095).map(lambda hundredths: hundredths / 100)
    fast = draw(maybe(TENTHS))
    deadline = draw(maybe(st.integers(5, 60)))
    made = {
        "profile": draw(st.sampled_from(["fast", "steady"])),
        "transport": transport,
        "vrrp_version": version,
        "authentication": draw(st.sampled_from(kinds)),
        "failback": draw(maybe(st.sampled_from(["never", 0, 30, 90]))),
        "second_chance": draw(st.booleans()),
        "second_chance_window": draw(st.sampled_from([60, 5, 90.5])),
        "advert_interval": draw(maybe(interval)),
        "check_fast_interval": fast,
        "check_interval": fast and fast + draw(st.sampled_from([0, 1.5])),
        "check_timeout": draw(maybe(TENTHS)),
        "check_fall": draw(maybe(st.integers(1, 20))),
        "check_rise": draw(maybe(st.integers(1, 20))),
        "connect_timeout": draw(maybe(TENTHS)),
        "watchdog_interval": deadline and deadline / 4,
        "watchdog_deadline": deadline,
    }
    return {key: value for key, value in made.items() if value is not None}


@st.composite
def services(draw: st.DrawFn, linked: bool) -> dict[str, Any]:
    made = {}
    for name, port in (("http", 80), ("https", 9443), ("registry", 5000))[: draw(st.integers(0, 3))]:
        kind = draw(st.sampled_from(["tcp", "http", "https"]))
        check: dict[str, Any] = {"type": kind, "port": draw(maybe(st.sampled_from([10254, 30254])))}
        if kind != "tcp":
            check |= {"path": draw(st.sampled_from(["/", "/healthz"])), "status": draw(st.sampled_from([200, 204]))}
        # Of a VRRP link a service would tell one load balancer's own address, and not the others'.
        mixed = ["10.1.1.1", "w-2", *([] if linked else ["lb-1"])]
        targets = draw(st.sampled_from([["workers"], ["control_plane"], ["nodes"], ["w-1", "10.1.1.1"], mixed]))
        made[name] = {
            "port": port,
            "targets": targets,
            "target_port": draw(st.sampled_from([30080, 31443])),
            "proxy_protocol": draw(st.sampled_from(["none", "v1", "v2"])),
            "check": {key: value for key, value in check.items() if value is not None},
        }
    return made


@st.composite
def haproxy(draw: st.DrawFn) -> dict[str, Any]:
    made = {
        "version": draw(st.sampled_from(["2.2", "2.3", "2.6", "3.2"])),
        "log": draw(st.sampled_from(["/dev/log", "192.168.1.50:514", "[fd00::5]:1514"])),
        "balance": draw(st.sampled_from(["leastconn", "random", "roundrobin"])),
        "max_connections": draw(st.sampled_from([8000, 100, 40000])),
        "metrics": draw(maybe(metrics())),
        "extra": draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "global": EXTRA_GLOBAL,
                    "defaults": st.just("timeout connect 9s\ntimeout check 8s"),
                    "frontend": st.just("maxconn 5\ntcp-request connection reject if { src 192.0.2.0/24 }"),
                    "backend": st.just("timeout server 2h"),
                    "sections": EXTRA_SECTIONS,
                },
            )
        ),
    }
    return {key: value for key, value in made.items() if value}


def monitoring() -> st.SearchStrategy[dict[str, Any]]:
    where = st.sampled_from(["host", "0.0.0.0", "127.0.0.1"])  # noqa: S104 - rendered, not bound
    textfile = st.just("/var/lib/node/twinkeel.prom")
    return st.fixed_dictionaries({"address": where}, optional={"port": st.just(9200), "readers": readers(), "textfile": textfile})


def readers() -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(["192.168.1.50", "10.0.0.0/8", "fd00:1::/64"]), min_size=1, unique=True)


def metrics() -> st.SearchStrategy[dict[str, Any]]:
    where = st.sampled_from(["host", "0.0.0.0", "::", "127.0.0.1"])  # noqa: S104 - rendered, not bound
    optional = {"port": st.just(9100), "user": st.just("prometheus"), "readers": readers()}
    return st.fixed_dictionaries({"address": where}, optional=optional)


@st.composite
def keepalived(draw: st.DrawFn) -> dict[str, Any]:
    extra = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "global_defs": st.just("vrrp_garp_lower_prio_repeat 1"),
                "definitions": st.just("vrrp_track_process bird {\n  process bird\n}"),
                "vrrp_instance": EXTRA_INSTANCE,
                "sections": EXTRA_BLOCKS,
            },
        )
    )
    made = {"version": draw(st.sampled_from(["2.1", "2.2"])), "extra": extra}
    return {key: value for key, value in made.items() if value}


@st.composite
def kubernetes(draw: st.DrawFn) -> dict[str, Any]:
    check = draw(
        st.sampled_from(
            [
                {},
                {"type": "tcp"},
                {"status": 401},
                {"client_certificate": "/etc/haproxy/api-check.pem"},
                {"certificate_name": None},
                {"type": "tcp", "certificate_name": "kubernetes.default"},
            ]
        )
    )
    return {"api_port": draw(st.sampled_from([6443, 6444])), **({"api_check": check} if check else {})}
