"""Measures check and render on generated specs; run it with scripts/benchmark-specs.

Each measurement is a process of its own (`--one KIND NUMBER`), so that its memory is its own: it prints seconds and peak KiB.
"""

import json
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
TWINKEEL = HERE.parent / ".venv/bin/twinkeel"
SEED = 2024
GROWTH = (250, 500, 1000, 2000, 4000)
COLD_RUNS = 10

# What must be reached: seconds, MiB, seconds, seconds, and how much more a host may cost at 4,000 hosts than at 1,000.
MANY_SECONDS, MANY_MIB, LARGE_SECONDS, COLD_SECONDS, GROWTH_FACTOR = 20.0, 300.0, 3.0, 0.4, 1.5


def varied_specs(count: int) -> Iterator[str]:
    """Clusters of seven hosts, as YAML, each with other features; the same ones in every run."""
    chance = random.Random(SEED)  # noqa: S311 - the same specs every time is the point
    for number in range(count):
        yield varied_spec(number, chance)


def varied_spec(number: int, chance: random.Random) -> str:
    """One cluster: dedicated or shared load balancers, one to three virtual IPs, IPv6 or not, services, versions, timers."""
    network, network6 = f"10.{number // 250}.{number % 250}", f"fd00:{number:x}::"
    dual, shared = chance.random() < 0.3, chance.random() < 0.2

    def host(part: int) -> Any:
        return {"address": f"{network}.{part}", "address6": f"{network6}{part:x}"} if dual else f"{network}.{part}"

    names = {f"node-{part}": host(10 + part) for part in range(1, 8)}
    order = list(names)
    balancers = order[:3] if shared else order[:2]
    control_plane = order[:3] if shared else order[2:5]
    workers = [name for name in order if name not in (*balancers, *control_plane)]
    vips: list[Any] = [f"{network}.{200 + place}/24" for place in range(chance.choice((1, 1, 1, 2, 3)))]
    vips += [f"{network6}c8/64"] if dual else []
    version_2 = not dual and chance.random() < 0.15
    spec: dict[str, Any] = {
        "name": f"cluster-{number}",
        "domain": f"c{number}.example.org",
        "endpoint": {"name": f"api.c{number}.example.org", "port": 8443 if shared else 6443, "vips": vips},
        "interface": chance.choice(("eth0", "ens18", "bond0")),
        "load_balancers": {name: names[name] for name in balancers},
        "control_plane": {name: names[name] for name in control_plane},
        "workers": {name: names[name] for name in workers},
        "failover": {
            "profile": chance.choice(("fast", "steady")),
            "transport": chance.choice(("unicast", "unicast", "multicast")),
            "vrrp_version": 2 if version_2 else 3,
        },
        "haproxy": {"version": chance.choice(("2.4", "2.6", "2.8", "3.0")), "max_connections": chance.choice((4000, 8000, 20000))},
        "keepalived": {"version": chance.choice(("2.2", "2.3"))},
        "system": {"firewall": chance.choice(("none", "firewalld", "ufw", "nftables"))},
        "dns": chance.choice(({"mode": "coredns"}, {"mode": "manual", "server": f"{network}.2"})),
        "kubernetes": {"network_plugin": chance.choice(("calico", "cilium", "flannel"))},
    }
    if dual:
        spec["kubernetes"] |= {"pod_network6": "fd85:ee78:d8a6:8607::1:0/112", "service_network6": "fd85:ee78:d8a6:8607::1000/116"}
    if chance.random() < 0.4:
        check = {"type": "http", "path": "/healthz", "port": 10254}
        spec["services"] = {
            "http": {"port": 80, "target_port": 30080, "check": check},
            "https": {"port": 443, "target_port": 30443, "proxy_protocol": chance.choice(("none", "v2"))},
        }
    return as_yaml(spec)


def large_spec(hosts: int) -> str:
    """One cluster with that many hosts, nearly all of them workers."""
    address = iter(f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}" for number in range(1, 100_000))
    groups = {"load_balancers": 2, "control_plane": 3, "workers": hosts - 5}
    spec: dict[str, Any] = {
        "name": "large",
        "domain": "example.org",
        "endpoint": {"name": "api.example.org", "vip": "10.0.255.1/8"},
    }
    spec |= {group: {f"{group[0]}-{place}": next(address) for place in range(count)} for group, count in groups.items()}
    spec["kubernetes"] = {"pod_network": "172.16.0.0/12", "service_network": "192.168.0.0/18"}
    return as_yaml(spec)


def as_yaml(value: Any, depth: int = 0) -> str:
    """Block style, as people write it: positions are kept for every line of it."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict) and item:
            lines.append(f"{'  ' * depth}{key}:\n{as_yaml(item, depth + 1)}")
        else:
            lines.append(f"{'  ' * depth}{key}: {json.dumps(item)}\n")
    return "".join(lines)


def one(kind: str, number: int) -> None:
    """The body of one measurement's process: check and render each spec, then print seconds and peak KiB."""
    from twinkeel.render.render import render
    from twinkeel.source import SourceFile
    from twinkeel.spec.load import load
    from twinkeel.topology.build import build

    texts = [large_spec(number)] if kind == "large" else list(varied_specs(number))
    began, used, files = time.monotonic_ns(), time.process_time_ns(), 0
    for text in texts:
        loaded = load(SourceFile("twinkeel.yaml", text))
        if loaded.spec is None:
            raise SystemExit(f"a generated spec is not valid: {loaded.diagnostics[:3]}\n{text}")
        rendered = render(build(loaded.spec, Path("/srv")))
        files += sum(len(each) for each in rendered.hosts.values()) + len(rendered.kubespray)
    seconds = (time.monotonic_ns() - began) / 1e9
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "cpu": (time.process_time_ns() - used) / 1e9, "kib": kib, "files": files}))


def measured(kind: str, number: int) -> dict[str, float]:
    """What one measurement's process printed."""
    argv = [sys.executable, str(Path(__file__)), "--one", kind, str(number)]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600)
    if ended.returncode != 0:
        raise SystemExit(ended.stderr[-4000:] or f"{argv} ended with {ended.returncode}")
    answer: dict[str, float] = json.loads(ended.stdout)
    return answer


def cold_check() -> float:
    """The median time of a whole `twinkeel check` process on the example, seconds."""
    argv = [str(TWINKEEL), "check", "-f", str(HERE.parent / "examples/lab-home.yaml")]
    times = []
    for _ in range(COLD_RUNS):
        began = time.monotonic_ns()
        subprocess.run(argv, check=True, capture_output=True, timeout=60)
        times.append((time.monotonic_ns() - began) / 1e9)
    return statistics.median(times)


def row(*cells: str) -> None:
    """Print one row of a Markdown table."""
    print(f"| {' | '.join(cells)} |", flush=True)


def main(count: int) -> int:
    """Every measurement as two tables; 1 when a target is missed."""
    missed = []

    def result(what: str, figure: str, target: str, *, good: bool) -> None:
        row(what, figure, target)
        if not good:
            missed.append(f"{what}: {figure}, not {target}")

    row("what", "measured", "target")
    row("---", "---", "---")
    many = measured("many", count)
    mib = many["kib"] / 1024
    allowed = MANY_SECONDS * count / 1000
    what = f"{count} clusters of 7 hosts, checked and rendered ({many['files']:.0f} files), one process"
    result(what, f"{many['seconds']:.1f} s", f"{allowed:g} s", good=many["seconds"] <= allowed)
    result("peak memory of that process", f"{mib:.0f} MiB", f"{MANY_MIB:g} MiB", good=mib <= MANY_MIB)
    growth = {hosts: min((measured("large", hosts) for _ in range(3)), key=lambda one: one["seconds"]) for hosts in GROWTH}
    large = growth[2000]["seconds"]
    result("one cluster of 2000 hosts, checked and rendered", f"{large:.2f} s", f"{LARGE_SECONDS:g} s", good=large <= LARGE_SECONDS)
    cold = cold_check()
    what = f"`twinkeel check`, whole process, median of {COLD_RUNS}"
    result(what, f"{cold:.2f} s", f"{COLD_SECONDS:g} s", good=cold <= COLD_SECONDS)
    print()
    row("hosts in one spec", "seconds", "ms a host", "peak MiB")
    row("---", "---", "---", "---")
    for hosts, each in growth.items():
        row(str(hosts), f"{each['seconds']:.2f}", f"{each['seconds'] / hosts * 1000:.2f}", f"{each['kib'] / 1024:.0f}")
    factor = (growth[4000]["seconds"] / 4000) / (growth[1000]["seconds"] / 1000)
    if factor > GROWTH_FACTOR:
        missed.append(f"growth is not linear: a host costs {factor:.2f} times as much among 4000 as among 1000")
    for problem in missed:
        print(f"missed: {problem}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        one(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main(int(sys.argv[1])))
