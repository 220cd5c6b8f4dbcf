"""Two routers, IPv4 and IPv6 side by side, and four load balancers of which one is added later: all announce by BGP.

Speed is not asserted here: see test_lab_bgp.py.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from labs import COMMAND_DEADLINE, Lab, make_lab
from prober import Prober
from ruamel.yaml import YAML

VIPS = ("192.0.2.10", "2001:db8::10")
ROUTERS = ("router-1", "router-2")
ADDED = "lb-4"
SPEC = f"""\
name: lab-layouts
domain: lab-home.com
endpoint:
  name: lb.lab-home.com
  vips: [{VIPS[0]}, "{VIPS[1]}"]
  mode: bgp
  bgp:
    asn: 64512
    return_delay: 2
    # A busy machine that runs tests must not look like a dead one.
    bfd: {{interval: 0.3, multiplier: 4}}
    routers:
      - {{address: 192.168.1.1, asn: 64500}}
      - {{address: 192.168.1.2, asn: 64500}}
      - {{address: "fd00:1::1", asn: 64500}}
      - {{address: "fd00:1::2", asn: 64500}}
load_balancers:
  lb-1: {{address: 192.168.1.111, address6: "fd00:1::111"}}
  lb-2: {{address: 192.168.1.112, address6: "fd00:1::112"}}
  lb-3: {{address: 192.168.1.113, address6: "fd00:1::113"}}
  {ADDED}: {{address: 192.168.1.114, address6: "fd00:1::114"}}
control_plane: {{master-1: {{address: 192.168.1.101, address6: "fd00:1::101"}}}}
failover: {{second_chance: true}}
kubernetes:
  network_plugin: calico
  pod_network6: fd85:ee78:d8a6:8607::1:0/112
  service_network6: fd85:ee78:d8a6:8607::1000/116
"""
# One line for each way of each virtual IP that a router's kernel has.
WAYS = """for vip; do
  case $vip in *:*) kind=-6 ;; *) kind=-4 ;; esac
  ip $kind -o route show $vip | grep -o 'via [0-9a-f.:]*' | sort -u
done"""


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """The lab has four load balancers; the spec that was applied has three."""
    spec = tmp_path_factory.mktemp("spec") / "twinkeel.yaml"
    spec.write_text(SPEC)
    yaml = YAML()
    for lab in make_lab("test-layouts", spec):
        whole = lab.paths.spec_file.read_text()
        document = yaml.load(whole)
        del document["load_balancers"][ADDED]
        yaml.dump(document, lab.paths.spec_file)
        apply(lab)
        lab.paths.spec_file.write_text(whole)
        yield lab


def apply(lab: Lab) -> None:
    ended = lab.run("operator", ["twinkeel", "apply"])
    assert ended.returncode == 0, ended.stdout + ended.stderr


def wait_for_ways(lab: Lab, balancers: int) -> None:
    """Until every router reaches each virtual IP by so many load balancers."""
    end, wanted = time.monotonic() + COMMAND_DEADLINE, len(VIPS) * balancers
    while any(len(lab.run(router, ["sh", "-c", WAYS, "sh", *VIPS]).stdout.splitlines()) != wanted for router in ROUTERS):
        assert time.monotonic() < end, lab.run("router-1", ["vtysh", "-c", "show bgp summary"]).stdout
        time.sleep(0.5)


def test_a_load_balancer_is_added_and_nobody_notices(layouts: Lab, tmp_path: Path) -> None:
    wait_for_ways(layouts, 3)
    with Prober(layouts, tmp_path, vip=VIPS[0]) as prober:
        apply(layouts)
        wait_for_ways(layouts, 4)
    assert prober.failed_by_the_system == ()


def test_both_kinds_are_reached_by_all_hosts(layouts: Lab) -> None:
    for host in ("client", "operator", "master-1"):
        for vip in (VIPS[0], f"[{VIPS[1]}]"):
            argv = ["curl", "-sk", "-m", "5", "-o", "/dev/null", f"https://{vip}:6443/readyz"]
            assert layouts.run(host, argv).returncode == 0, (host, vip)


@pytest.mark.parametrize("fault", ["power-loss", "haproxy-hang", "router-power-loss"])
def test_a_loss_is_survived(layouts: Lab, fault: str, tmp_path: Path) -> None:
    ended = layouts.drill(tmp_path, fault, "--budget", "5000")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert json.loads(ended.stdout)["verdict"] == "pass"
    wait_for_ways(layouts, 4)


def test_without_any_api_server_the_routes_stay(layouts: Lab, tmp_path: Path) -> None:
    """Longer than a load balancer keeps its route while another one has an API server."""
    ended = layouts.drill(tmp_path, "all-api-servers-lost")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    trial = json.loads(ended.stdout)
    assert trial["no_holder_ms"] == 0
    said = layouts.run("lb-1", ["journalctl", "--unit", "twinkeel-announce", "--output", "cat", "--no-pager"]).stdout
    assert "withdraw: no API server is up" not in said
