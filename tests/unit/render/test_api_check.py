"""How API servers are asked, in haproxy.cfg: judged by HAProxy where it is installed."""

from collections.abc import Callable

import pytest

from twinkeel.render.haproxy import CONFIG_PATH
from twinkeel.render.render import render
from twinkeel.render.validate import validate_file
from twinkeel.topology.model import Topology

Edited = Callable[..., Topology]


def config(topology: Topology) -> str:
    return next(file.content for file in render(topology).hosts["lb-1"] if file.path == CONFIG_PATH)


@pytest.mark.parametrize(
    ("check", "has", "has_not"),
    [
        ("{}", "http-check expect status 200", "api_check"),
        ("{status: 401}", "http-check expect status 401", "expect status 200"),
        ("{}", "verify required ca-file /etc/haproxy/kubernetes-ca.pem check-sni kubernetes verifyhost kubernetes inter", " crt "),
        ("{certificate_name: }", "ca-file /etc/haproxy/kubernetes-ca.pem inter", "verifyhost"),
        ("{certificate_name: }", "http-check connect default", "check-sni"),
        ("{client_certificate: /etc/haproxy/x.pem}", "verifyhost kubernetes crt /etc/haproxy/x.pem inter", "expect status 401"),
        ("{type: tcp}", "default-server check check-ssl verify required", "option httpchk"),
    ],
)
def test_the_check_is_what_the_spec_says(build_edited: Edited, check: str, has: str, has_not: str) -> None:
    text = config(build_edited(("network_plugin: calico", f"network_plugin: calico, api_check: {check}")))
    backend = text.partition("backend kubernetes-api\n")[2].partition("\nfrontend ")[0]
    assert has in backend
    assert has_not not in backend
    assert validate_file(CONFIG_PATH, text) == ()
