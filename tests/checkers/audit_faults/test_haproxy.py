"""Each error rule about haproxy.cfg, with a real HAProxy on the loopback of a namespace: the fault happens, and after the fix not.

The balancer listens on 6443; servers are at 7001, 7002 and 7003.
"""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from second_chance.segment import wait_for

from audit_faults.judged import Files, found
from audit_faults.pair import Balancer, Segment
from twinkeel.audit.examples import example_pair, unmarked
from twinkeel.audit.registry import find_rule

API = str(Path(__file__).parent / "api.py")
GLOBAL = "global\n    stats socket /run/admin.sock level admin\n"
DEFAULTS = "defaults\n    mode {mode}\n    timeout connect 1s\n    timeout client 5s\n    timeout server 5s\n"
FRONTEND = "frontend api\n    bind 127.0.0.1:6443\n    default_backend kubernetes\n"
BACKEND = "backend kubernetes\n"
CHECKED = " check inter 200ms"
QUICK = CHECKED + " fall 1 rise 1"
READYZ = "    option httpchk GET /readyz\n"
EXPECT = "    http-check expect status 200\n"


def config(backend: str, *, mode: str = "tcp", defaults: str = "", frontend: str = FRONTEND) -> str:
    return GLOBAL + (defaults or DEFAULTS.format(mode=mode)) + frontend + BACKEND + backend


def server(name: str = "a", port: int = 7001, parameters: str = "") -> str:
    return f"    server {name} 127.0.0.1:{port}{parameters}\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("tls")
    key, made, both = (folder / name for name in ("key", "crt", "both"))
    what = ("-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=api")
    subprocess.run(["openssl", "req", *what, "-keyout", key, "-out", made], check=True, capture_output=True)
    both.write_text(key.read_text() + made.read_text())
    return str(both)


@pytest.fixture
def host(hosts: Segment) -> Iterator[Balancer]:
    yield hosts.one
    for each in (hosts.one, hosts.client):
        each.end_daemons()


def serve(host: Balancer, port: int, status: str, *certificate: str) -> None:
    host.start(sys.executable, API, str(port), status, *certificate)
    wait_for(lambda: host.listens(port), f"nothing listens on {port}")


@contextmanager
def balanced(host: Balancer, rule: str, text: str, expected: int) -> Iterator[None]:
    """HAProxy with a configuration of which the rule says what is expected of it."""
    assert bool(found(rule, Files(text))) == bool(expected)
    started = host.start_haproxy(text)
    try:
        yield
    finally:
        started.kill()
        started.wait()
        host.children.remove(started)


def get(host: Balancer, url: str = "http://127.0.0.1:6443/") -> str:
    """What a client reads; empty where it gets no answer, or one that is an error."""
    asked = host.argv("curl", "-fsk", "-m", "2", url)
    return subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False).stdout


def reached(host: Balancer, url: str) -> bool:
    return host.succeeds("curl", "-fsk", "-m", "2", "-o", "/dev/null", url)


SAY = """\
import socket, sys
where = sys.argv[1]
s = socket.socket(socket.AF_UNIX if where.startswith("/") else socket.AF_INET)
s.settimeout(2)
s.connect(where if where.startswith("/") else (where, 9999))
s.sendall(sys.argv[2].encode() + b"\\n")
print(s.makefile().read())
"""


def command(host: Balancer, text: str) -> str:
    return host.run(sys.executable, "-c", SAY, "/run/admin.sock", text)


def status(host: Balancer, name: str = "a") -> str:
    """UP or DOWN, as HAProxy has it."""
    rows = [line.split(",") for line in command(host, "show stat").splitlines() if line.startswith(f"kubernetes,{name},")]
    return rows[0][17].split()[0]


def becomes(host: Balancer, state: str) -> None:
    wait_for(lambda: status(host) == state, f"the server does not become {state}")


def remains(host: Balancer, state: str) -> bool:
    """For four checks' time."""
    time.sleep(0.8)
    return status(host) == state


TLS = QUICK + " check-ssl verify none"
# Rule, the lines of a backend whose check passes a server that answers 500, and those of one that finds it.
BLIND = {
    "idle-check-rules": (EXPECT + server(parameters=TLS), READYZ + EXPECT + server(parameters=TLS)),
    "overridden-check": (
        READYZ + "    option ssl-hello-chk\n" + server(parameters=QUICK),
        READYZ + server(parameters=TLS),
    ),
    "ssl-hello-check": ("    option ssl-hello-chk\n" + server(parameters=QUICK), READYZ + server(parameters=TLS)),
}


@pytest.mark.parametrize("rule", BLIND)
def test_an_api_that_answers_500_is_called_up(rule: str, host: Balancer, certificate: str) -> None:
    serve(host, 7001, "500", certificate)
    for backend, expected in zip(BLIND[rule], (1, 0), strict=True):
        with balanced(host, rule, config(backend), expected):
            if expected:
                assert remains(host, "UP")
            else:
                becomes(host, "DOWN")


def test_plain_http_check(host: Balancer, certificate: str) -> None:
    """A healthy API server is DOWN."""
    serve(host, 6443 + 1000, "200", certificate)
    frontend = FRONTEND.replace("6443", "6444")
    for parameters, expected in ((QUICK, 1), (TLS, 0)):
        text = config(READYZ + server(port=7443, parameters=parameters), frontend=frontend)
        with balanced(host, "plain-http-check", text, expected):
            becomes(host, "DOWN" if expected else "UP")
            assert remains(host, "DOWN" if expected else "UP")


def test_duplicate_server(host: Balancer) -> None:
    for port in (7001, 7002):
        serve(host, port, f"name:{port}")
    for second, expected in ((7001, 1), (7002, 0)):
        text = config("    balance roundrobin\n" + server() + server("b", second))
        with balanced(host, "duplicate-server", text, expected):
            assert {get(host) for _ in range(6)} == ({"7001"} if expected else {"7001", "7002"})


def test_unchecked_server(host: Balancer) -> None:
    """Nothing listens on 7002."""
    serve(host, 7001, "name:a")
    for parameters, expected in (("", 1), (QUICK, 0)):
        text = config("    balance roundrobin\n    retries 0\n" + server() + server("b", 7002, parameters))
        text = text.replace("7001\n", f"7001{parameters}\n")
        with balanced(host, "unchecked-server", text, expected):
            if not expected:
                wait_for(lambda: status(host, "b") == "DOWN", "the dead server stays")
            assert {get(host) for _ in range(6)} == ({"a", ""} if expected else {"a"})


def test_late_default_server(host: Balancer) -> None:
    """Nothing listens on 7001."""
    late = server() + f"    default-server{QUICK}\n"
    with balanced(host, "late-default-server", config(late), 1):
        assert remains(host, "no")  # "no check"
    early = "".join(reversed(late.splitlines(keepends=True)))
    with balanced(host, "late-default-server", config(early), 0):
        becomes(host, "DOWN")


def test_partly_inherited_check(host: Balancer) -> None:
    """The server sends everybody to its login page."""
    serve(host, 7001, "302")
    defaults = DEFAULTS.format(mode="tcp") + READYZ + EXPECT
    added = "    http-check send hdr Host kubernetes\n"
    for backend, expected in ((added, 1), (READYZ + added + EXPECT, 0), ("", 0)):
        with balanced(host, "partly-inherited-check", config(backend + server(parameters=QUICK), defaults=defaults), expected):
            if expected:
                assert remains(host, "UP")
            else:
                becomes(host, "DOWN")
    with balanced(host, "partly-inherited-check", config(EXPECT + server(parameters=QUICK), defaults=defaults), 1):
        wait_for(lambda: "L7TOUT" in command(host, "show stat"), "the check does not end")


def test_repeated_bind(host: Balancer) -> None:
    for port, name in ((7001, "a"), (7002, "b")):
        serve(host, port, f"name:{name}")
    old = "frontend old\n    bind 127.0.0.1:{port}\n    default_backend old\nbackend old\n    server b 127.0.0.1:7002\n"
    for port, expected in ((6443, 1), (6444, 0)):
        text = config(server(), frontend=old.format(port=port) + FRONTEND)
        with balanced(host, "repeated-bind", text, expected):
            assert {get(host) for _ in range(24)} == ({"a", "b"} if expected else {"a"})


def test_empty_backend(host: Balancer) -> None:
    serve(host, 7001, "name:a")
    for backend, expected in (("    balance leastconn\n", 1), (server(), 0)):
        with balanced(host, "empty-backend", config(backend), expected):
            assert get(host) == ("" if expected else "a")


def test_http_mode_before_tls(host: Balancer, certificate: str) -> None:
    serve(host, 7001, "name:a", certificate)
    for mode, expected in (("http", 1), ("tcp", 0)):
        with balanced(host, "http-mode-before-tls", config(server(), mode=mode), expected):
            assert get(host, "https://127.0.0.1:6443/") == ("" if expected else "a")


def test_proxy_protocol_to_api(host: Balancer, certificate: str) -> None:
    serve(host, 7001, "name:a", certificate)
    for parameters, expected in ((" send-proxy", 1), ("", 0)):
        with balanced(host, "proxy-protocol-to-api", config(server(parameters=parameters)), expected):
            assert get(host, "https://127.0.0.1:6443/") == ("" if expected else "a")


SILENT = """\
import select, socket, sys
s = socket.create_connection(("127.0.0.1", 6443))
ended = bool(select.select([s], [], [], float(sys.argv[1]))[0])
print("closed" if ended else "open")
"""
PATIENT = "    timeout client {}\n"


def silent(host: Balancer, seconds: float) -> str:
    """What becomes of a connection on which nothing is said."""
    return host.run(sys.executable, "-c", SILENT, str(seconds)).strip()


# Rule, `timeout client` of the fault and of the fix, how long the client is silent, and what becomes of it in both.
SILENCE = {
    "missing-timeout": ("", "500ms", 1.5, ("open", "closed")),
    "time-without-unit": ("50", "50s", 0.8, ("closed", "open")),
}


@pytest.mark.parametrize("rule", SILENCE)
def test_a_silent_client(rule: str, host: Balancer) -> None:
    *timeouts, seconds, seen = SILENCE[rule]
    serve(host, 7001, "200")
    for timeout, expected, state in zip(timeouts, (1, 0), seen, strict=True):
        defaults = "defaults\n    mode tcp\n    timeout connect 1s\n    timeout server 50s\n" + (
            PATIENT.format(timeout) if timeout else ""
        )
        with balanced(host, rule, config(server(), defaults=defaults), expected):
            assert silent(host, float(seconds)) == state


def test_open_admin(hosts: Segment, host: Balancer) -> None:
    """Another machine takes a server out of rotation."""
    serve(host, 7001, "name:a")
    for more, expected in (("    stats socket ipv4@10.9.0.1:9999 level admin\n", 1), ("", 0)):
        text = config(server(parameters=QUICK)).replace("defaults\n", f"{more}defaults\n", 1)
        with balanced(host, "open-admin", text, expected):
            becomes(host, "UP")
            assert hosts.client.succeeds(sys.executable, "-c", SAY, "10.9.0.1", "disable server kubernetes/a") == bool(expected)
            assert status(host) == ("MAINT" if expected else "UP")


# Rules whose fault is that HAProxy refuses the file; their own examples show it.
REFUSED = ("missing-final-newline", "misspelt-keyword", "removed-keyword", "server-without-port", "byte-order-mark")


@pytest.mark.parametrize("rule", REFUSED)
def test_haproxy_refuses_the_file(rule: str, host: Balancer) -> None:
    known = find_rule(rule)
    assert known is not None
    for example, expected in ((known.bad, 1), (known.good, 0)):
        text = unmarked(example.haproxy).text
        before = "" if rule == "byte-order-mark" else DEFAULTS.format(mode="tcp")
        after = "" if rule == "missing-final-newline" else "frontend of-the-test\n    bind 127.0.0.1:1\n    timeout client 1s\n"
        if rule == "missing-final-newline":
            before += "backend kubernetes\n    server a 127.0.0.1:7001\n"
        whole = text + after if text.startswith("\ufeff") else before + text + after
        assert bool(found(rule, Files(whole))) == bool(expected)
        host.write("/run/haproxy.cfg", whole)
        assert host.succeeds("haproxy", "-c", "-f", "/run/haproxy.cfg") == (not expected)


def test_observe_layer7_in_tcp(host: Balancer) -> None:
    """A server that answers 500 to all of its clients stays, as HAProxy itself says; in mode http the word has its effect."""
    serve(host, 7001, "500")
    watched = " check inter 1h observe layer7 error-limit 1 on-error mark-down"
    for mode, expected in (("tcp", 1), ("http", 0)):
        with balanced(host, "observe-layer7-in-tcp", config(server(parameters=watched), mode=mode), expected):
            for _ in range(3):
                assert not reached(host, "http://127.0.0.1:6443/")
            if expected:
                assert remains(host, "UP")
            else:
                becomes(host, "DOWN")


def says_of_its_examples(rule: str) -> None:
    """The rule finds its bad example, which has an inventory, and not the good one."""
    known = find_rule(rule)
    assert known is not None
    assert [bool(list(known.check(example_pair(each)))) for each in (known.bad, known.good)] == [True, False]


def test_api_port_taken(host: Balancer) -> None:
    """Where an API server listens already, HAProxy does not start."""
    says_of_its_examples("api-port-taken")
    serve(host, 7001, "name:a")
    for port, starts in ((7001, False), (8443, True)):
        host.write("/run/haproxy.cfg", config(server(), frontend=FRONTEND.replace("6443", str(port))))
        started = host.start("haproxy", "-db", "-f", "/run/haproxy.cfg")
        if starts:
            wait_for(lambda: get(host, "http://127.0.0.1:8443/") == "a", "HAProxy does not serve")
        else:
            assert started.wait(10) != 0


# Rule, and where Kubespray's hosts are told to go; the load balancer is at 10.9.0.1:6443.
UNREACHED = {"load-balancer-address": "http://10.9.0.77:6443/", "load-balancer-port": "http://10.9.0.1:8443/"}


@pytest.mark.parametrize("rule", UNREACHED)
def test_kubespray_sends_its_hosts_where_nobody_listens(rule: str, hosts: Segment, host: Balancer) -> None:
    says_of_its_examples(rule)
    serve(host, 7001, "name:a")
    host.start_haproxy(config(server(), frontend=FRONTEND.replace("127.0.0.1", "10.9.0.1")))
    assert get(hosts.client, UNREACHED[rule]) == ""
    assert get(hosts.client, "http://10.9.0.1:6443/") == "a"
