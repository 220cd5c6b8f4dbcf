"""The check before a reload of haproxy.service, as systemd hands it to a shell: with the variables of both families of packages."""

import shlex
import subprocess
from collections.abc import Mapping

import pytest

from twinkeel.render.render import render
from twinkeel.topology.model import Topology

DROP_IN = "/etc/systemd/system/haproxy.service.d/twinkeel.conf"


@pytest.mark.parametrize(
    ("variables", "arguments"),
    [
        (
            {"CONFIG": "/etc/haproxy/haproxy.cfg", "EXTRAOPTS": "-S /run/haproxy-master.sock"},
            "-Ws -f /etc/haproxy/haproxy.cfg -c -q -S /run/haproxy-master.sock",
        ),
        (
            {"CONFIG": "/etc/haproxy/haproxy.cfg", "CFGDIR": "/etc/haproxy/conf.d", "OPTIONS": "-dr -4"},
            "-Ws -f /etc/haproxy/haproxy.cfg -f /etc/haproxy/conf.d -c -q -dr -4",
        ),
    ],
    ids=["Debian", "Red Hat"],
)
def test_haproxy_checks_what_the_package_would_start(
    lab_home_topology: Topology, variables: Mapping[str, str], arguments: str
) -> None:
    text = next(file.content for file in render(lab_home_topology).hosts["lb-1"] if file.path == DROP_IN)
    line = next(line for line in text.splitlines() if line.startswith("ExecReload=/bin/sh"))
    # systemd makes one dollar sign of two (systemd.service(5), COMMAND LINES).
    shell, option, script = shlex.split(line.partition("=")[2])
    script = script.replace("$$", "$").replace("/usr/sbin/haproxy", "/bin/echo")
    ended = subprocess.run([shell, option, script], capture_output=True, text=True, check=True, env=dict(variables), timeout=10)
    assert ended.stdout.strip() == arguments
