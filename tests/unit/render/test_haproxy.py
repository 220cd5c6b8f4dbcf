"""haproxy.cfg keeps clear of every fault of the configuration that the project started from."""

from collections.abc import Callable

import pytest

from twinkeel.render.haproxy import render_haproxy
from twinkeel.render.limits import limits
from twinkeel.topology.model import Topology

Build = Callable[..., Topology]
Sections = dict[str, list[list[str]]]


def sections(text: str) -> Sections:
    """Section header -> its lines as words, comments and conditions left out."""
    found: Sections = {}
    for line in text.splitlines():
        words = line.split("#", 1)[0].split()
        if words and not line.startswith((" ", ".")):
            found[" ".join(words)] = current = []
        elif words and not words[0].startswith("."):
            current.append(words)
    return found


@pytest.fixture
def config(lab_home_topology: Topology) -> Sections:
    return sections(render_haproxy(lab_home_topology, lab_home_topology.load_balancers[0], "verified").content)


def test_health_checks_ask_readyz_over_verified_tls_and_nothing_overrides_them(config: Sections) -> None:
    backend = config["backend kubernetes-api"]
    assert ["option", "httpchk"] in backend
    assert ["http-check", "send", "meth", "GET", "uri", "/readyz", "ver", "HTTP/1.1", "hdr", "Host", "kubernetes"] in backend
    assert ["http-check", "expect", "status", "200"] in backend
    every_word = {word for lines in config.values() for line in lines for word in line}
    assert "ssl-hello-chk" not in every_word
    assert "/healthz" not in every_word
    default = " ".join(next(line for line in backend if line[0] == "default-server"))
    assert "check check-ssl verify required ca-file /etc/haproxy/kubernetes-ca.pem" in default
    assert "inter 1000ms fastinter 250ms downinter 1000ms fall 2 rise 3 slowstart 5s tcp-ut 4s" in default


def test_every_timeout_is_set(config: Sections) -> None:
    timeouts = {line[1] for line in config["defaults"] if line[0] == "timeout"}
    assert timeouts == {"connect", "queue", "check", "client", "server", "tunnel", "client-fin", "server-fin"}


def test_the_process_drops_its_rights_and_logs(config: Sections) -> None:
    assert {"log", "chroot", "user", "group", "stats", "maxconn", "hard-stop-after"} <= {line[0] for line in config["global"]}
    assert ["stats", "socket", "/run/haproxy/admin.sock", "mode", "660", "level", "admin"] in config["global"]
    assert ["log", "global"] in config["defaults"]


def test_connections_are_redispatched_and_kept_alive(config: Sections) -> None:
    defaults = config["defaults"]
    assert ["option", "redispatch", "1"] in defaults
    assert ["retries", "3"] in defaults
    assert ["option", "clitcpka"] in defaults
    assert ["option", "srvtcpka"] in defaults
    assert ["balance", "leastconn"] in config["backend kubernetes-api"]


@pytest.mark.parametrize(("said", "rendered"), [("random", "random(2)"), ("roundrobin", "roundrobin"), ("leastconn", "leastconn")])
def test_the_spec_says_how_connections_are_shared_out(build_edited: Callable[..., Topology], said: str, rendered: str) -> None:
    """The API's, and an extra service's."""
    service = "services: {https: {port: 443}}"
    topology = build_edited(("ssh: {user: root}", f"ssh: {{user: root}}\n{service}\nhaproxy: {{balance: {said}}}"))
    text = render_haproxy(topology, topology.load_balancers[0], "verified").content
    assert text.count(f"\n    balance {rendered}\n") == 2


def test_the_servers_are_the_control_plane_once_each(config: Sections) -> None:
    servers = [line[1:3] for line in config["backend kubernetes-api"] if line[0] == "server"]
    assert servers == [["master-1", "192.168.1.101:6443"], ["master-2", "192.168.1.103:6443"], ["master-3", "192.168.1.105:6443"]]


def test_only_the_api_is_reachable_from_the_network(config: Sections) -> None:
    binds = {name: [line[1] for line in lines if line[0] == "bind"] for name, lines in config.items()}
    assert {name: bind for name, bind in binds.items() if bind} == {
        "frontend kubernetes-endpoint": ["*:6443"],
        "frontend twinkeel-local": ["127.0.0.1:8404"],
    }


def test_the_loopback_listener_has_connections_of_its_own(config: Sections, lab_home_topology: Topology) -> None:
    """A full frontend must not look like a hung HAProxy."""
    (frontend,) = [int(line[1]) for line in config["frontend kubernetes-endpoint"] if line[0] == "maxconn"]
    (total,) = [int(line[1]) for line in config["global"] if line[0] == "maxconn"]
    assert (frontend, total) == (limits(lab_home_topology).frontend, limits(lab_home_topology).process)
    assert frontend < total


def test_the_file_limit_fits_the_connections(lab_home_topology: Topology) -> None:
    """HAProxy 2.6 asked for 16233 files with maxconn 8100; a limit above 20000 cannot be had in every container."""
    figures = limits(lab_home_topology)
    assert 2 * figures.process + 33 <= figures.files <= 20000


def test_ports_of_the_spec(build_edited: Build) -> None:
    topology = build_edited(("port: 6443", "port: 8443"), ("network_plugin: calico", "api_port: 7443"))
    config = sections(render_haproxy(topology, topology.load_balancers[0], "verified").content)
    assert ["bind", "*:8443"] in config["frontend kubernetes-endpoint"]
    assert ["server", "master-1", "192.168.1.101:7443"] in config["backend kubernetes-api"]


def test_before_the_authority_exists_the_file_says_that_it_does_not_verify(lab_home_topology: Topology) -> None:
    verified, bootstrap = (
        render_haproxy(lab_home_topology, lab_home_topology.load_balancers[0], trust).content for trust in ("verified", "bootstrap")
    )
    assert "verify none" not in verified
    assert "check check-ssl verify none inter" in bootstrap
    assert "BOOTSTRAP" in bootstrap
    assert "ca-file" not in bootstrap
    others = [set(text.splitlines()) for text in (verified, bootstrap)]
    assert all("verify" in line or "BOOTSTRAP" in line for line in others[0] ^ others[1] if not line.strip().startswith("# Once"))


@pytest.mark.parametrize(("version", "asked"), [("2.2", False), ("2.4", True), ("2.6", True), ("3.0", True), ("3.2", True)])
def test_connections_to_a_server_that_is_down_are_ended_but_not_by_3_0(build_edited: Build, version: str, asked: bool) -> None:
    """The file itself asks which HAProxy reads it, where it can: the spec names the oldest one of several."""
    web = "{port: 80, targets: workers, target_port: 80}"
    key = f"network_plugin: calico}}\nservices: {{web: {web}}}\nhaproxy: {{version: '{version}'}}"
    topology = build_edited(("network_plugin: calico}", key))
    text = render_haproxy(topology, topology.load_balancers[0], "verified").content
    line = "    default-server on-marked-down shutdown-sessions\n"
    ends = f".if version_before(3.0)\n{line}.endif\n.if version_atleast(3.2)\n{line}.endif\n"
    assert text.count(line) == text.count("    balance ") * (2 if asked else 1)
    assert text.count(ends) == (text.count("    balance ") if asked else 0)


def test_nothing_is_said_that_does_nothing_in_mode_tcp(config: Sections) -> None:
    assert "close-spread-time" not in {line[0] for lines in config.values() for line in lines}


def test_a_machine_that_is_gone_is_found_by_the_kernel_where_nobody_checks(config: Sections) -> None:
    """An old worker runs no checks."""
    for line in (["srvtcpka-idle", "2s"], ["srvtcpka-intvl", "1s"], ["srvtcpka-cnt", "3"], ["clitcpka-idle", "30s"]):
        assert line in config["defaults"]
