"""Measures audits of generated pairs and of hostile files; run it with scripts/benchmark-audit.

The pairs are those of benchmark_specs.py's clusters, half of them as Twinkeel renders them and half as the six documents of
`twinkeel.bench` have them, with Kubespray's inventory beside each. Each measurement is a process of its own. Times are of the
processor (audits wait for nothing): on a machine that others use, too, the time of day says little.
"""

import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import benchmark_specs
from benchmark_specs import HERE, row, varied_specs

EXAMPLE = HERE.parent / "examples/lab-home.yaml"
PAIR = HERE.parent / "tests/golden/lab-home/hosts"
SHARES = (0.25, 0.5, 1.0)
COLD_RUNS = 9
HOSTILE_RUNS = 3
MEGABYTE = 1 << 20

# What must be reached: times as much as `check`; times as much as check and render of as many clusters; how much more a pair and
# the memory may cost among all than among a quarter; seconds for a hostile file, from the shell's prompt to the next.
CHECK_FACTOR, SPECS_FACTOR, GROWTH_FACTOR, MEMORY_FACTOR, HOSTILE_SECONDS = 1.3, 6.0, 1.25, 1.1, 2.0

SCRIPTED = 'vrrp_script s {\n    script "/etc/keepalived/c.sh"\n}\nvrrp_instance v {\n    track_script {\n        s\n    }\n}\n'


def filled(text: str) -> str:
    """As often as it goes into a megabyte."""
    return text * (MEGABYTE // len(text))


def numbered(line: str) -> str:
    """A megabyte of a line with a number in it."""
    lines: list[str] = []
    size = 0
    while size < MEGABYTE:
        lines.append(line.format(len(lines)))
        size += len(lines[-1])
    return "".join(lines)


HOSTILE: dict[str, dict[str, str]] = {
    "nested blocks": {"keepalived.conf": filled("vrrp_instance a {\n")},
    "blocks in one line": {"keepalived.conf": "global_defs {\n" + filled("{ ")},
    "statements without a block": {"keepalived.conf": "global_defs {\n}\n" + filled("a b\n")},
    "instances": {"keepalived.conf": numbered("vrrp_instance a{0} {{\n    virtual_router_id 7\n}}\n")},
    "a file that includes itself": {"keepalived.conf": "global_defs {\n}\n" + filled("include keepalived.conf\n")},
    "30 files that include each other": {f"k{n}.conf": f"include k*.conf\nvrrp_instance a{n} {{\n}}\n" for n in range(30)},
    "sequences": {"keepalived.conf": "global_defs {\n}\n" + filled("~SEQ(N, 1, 9000) a $N\n")},
    "parameters in parameters": {
        "keepalived.conf": "global_defs {\n}\n$A0=x\n" + "".join(f"$A{n}={f'$A{n - 1}' * 10}\n" for n in range(1, 12)) + "a $A11\n"
    },
    "a line of haproxy.cfg": {"haproxy.cfg": "frontend x\n    bind " + "a" * MEGABYTE + "\n"},
    "a line of keepalived.conf": {"keepalived.conf": "global_defs {\n    router_id " + "a" * MEGABYTE + "\n}\n"},
    "conditions": {"haproxy.cfg": "global\n" + filled(".if x\n")},
    "servers": {"haproxy.cfg": "backend kube\n" + numbered("    server s{0} 10.0.0.1:6443 check\n")},
    "frontends": {"haproxy.cfg": numbered("frontend f{0}\n    default_backend b{0}\nbackend b{0}\n    server a 10.0.0.1:6443\n")},
    "words": {"haproxy.cfg": "global\n" + filled("a\n")},
    "a script's lines": {"keepalived.conf": SCRIPTED, "c.sh": "#!/bin/sh\n" + filled("curl -m 1 http://localhost:1/ | grep x\n")},
    "a script's line": {"keepalived.conf": SCRIPTED, "c.sh": "#!/bin/sh\n" + filled("curl -m 1 ")},
    "an inventory's hosts (INI)": {"hosts.ini": "[etcd]\n" + numbered("node-{0} ip=10.0.0.1\n")},
    "an inventory's hosts (YAML)": {"hosts.yaml": "all:\n  kube_node:\n  hosts:\n" + numbered("    node-{0}: {{ip: 10.0.0.1}}\n")},
    "an inventory's ranges": {"hosts.ini": "[etcd]\n" + filled("h[0:9][0:9][0:9][0:9]\n")},
    "an inventory's groups": {"hosts.ini": "[etcd]\nh\n" + numbered("[g{0}:children]\netcd\n")},
    "brackets of YAML": {"hosts.yaml": "all:\n  kube_node:\n  hosts: " + "[" * MEGABYTE},
    "aliases of YAML": {
        "hosts.yaml": "all:\n  kube_node:\n  hosts:\n"
        + "".join(f"    h{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]\n" for n in range(30))
    },
}


def write_pairs(count: int, folder: Path) -> None:
    """The pairs, a folder each: hosts and inventory."""
    from twinkeel.bench.configurations import CONFIGURATIONS
    from twinkeel.bench.peer_files import peer_files
    from twinkeel.render.render import render
    from twinkeel.source import SourceFile
    from twinkeel.spec.load import load
    from twinkeel.topology.build import build

    foreign = itertools.cycle(each for each in CONFIGURATIONS if each.profile is None)
    for number, text in enumerate(varied_specs(count)):
        spec = load(SourceFile("twinkeel.yaml", text)).spec
        if spec is None:
            raise SystemExit("a generated spec is not valid")
        topology = build(spec, Path("/srv"))
        files = {f"inventory/{file.path}": file.content for file in render(topology).kubespray}
        if number % 2:
            configuration = next(foreign)
            for balancer in topology.load_balancers:
                files |= {
                    f"{balancer.machine.name}/{file.path}": file.content for file in peer_files(configuration, topology, balancer)
                }
        else:
            for host, rendered in render(topology).hosts.items():
                files |= {f"{host}/{file.path}": file.content for file in rendered}
        for name, content in files.items():
            path = folder / str(number) / name.replace("//", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)


def one(count: int, folder: Path, kinds: Sequence[str]) -> None:
    """The body of one measurement's process: read, audit and predict each pair, then print seconds, peak KiB and findings."""
    from twinkeel.audit.audit import audit
    from twinkeel.audit.given_files.pair import read_pair
    from twinkeel.audit.predict import predict

    began, findings = time.process_time_ns(), 0
    for number in range(count):
        pair_folder = folder / str(number)
        paths = [str(path) for path in pair_folder.iterdir() if ("inventory" if path.name == "inventory" else "hosts") in kinds]
        pair = read_pair(paths)
        findings += len(audit(pair).found)
        predict(pair)
    seconds = (time.process_time_ns() - began) / 1e9
    print(json.dumps({"seconds": seconds, "kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "findings": findings}))


def measured(count: int, folder: Path, *kinds: str) -> dict[str, float]:
    """What one measurement's process printed."""
    argv = [sys.executable, str(Path(__file__)), "--one", str(count), str(folder), *kinds]
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=3600)
    if ended.returncode != 0:
        raise SystemExit(ended.stderr[-4000:] or f"{argv} ended with {ended.returncode}")
    answer: dict[str, float] = json.loads(ended.stdout)
    return answer


def whole(*arguments: str, cwd: Path | None = None) -> float:
    """The processor time of a whole process of `twinkeel`, seconds. Any exit code but that of a defect will do."""
    argv = [sys.executable, "-m", "twinkeel", *arguments]
    before = _used()
    ended = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600, cwd=cwd)
    seconds = _used() - before
    if "Traceback" in ended.stderr or ended.returncode not in (0, 1, 2):
        raise SystemExit(f"{argv} ended with {ended.returncode}: {ended.stderr[-4000:]}")
    return seconds


def _used() -> float:
    """What all children so far have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cold() -> tuple[float, float]:
    """The medians of whole processes of `audit` and of `check`, one after the other again and again."""
    times = [(whole("audit", str(PAIR)), whole("check", "-f", str(EXAMPLE))) for _ in range(COLD_RUNS)]
    return statistics.median(audit for audit, _ in times), statistics.median(check for _, check in times)


def hostile(folder: Path) -> Iterator[tuple[str, float]]:
    """Each hostile folder, and the best time of a whole process of `audit`."""
    for number, (name, files) in enumerate(HOSTILE.items()):
        (folder / str(number)).mkdir(parents=True)
        for file, text in files.items():
            (folder / str(number) / file).write_text(text)
        yield name, min(whole("audit", ".", cwd=folder / str(number)) for _ in range(HOSTILE_RUNS))


Result = Callable[[str, str, str, bool], None]


def speed(count: int, folder: Path, result: Result) -> None:
    """One process for one pair, and one for many, beside what specs take in the same run."""
    audit, check = cold()
    what = f"`twinkeel audit`, one pair, whole process, median of {COLD_RUNS}; `check` beside it: {check:.2f} s"
    result(what, f"{audit:.2f} s, {audit / check:.2f} times", f"{CHECK_FACTOR} times", audit <= CHECK_FACTOR * check)
    write_pairs(count, folder)
    specs = benchmark_specs.measured("many", count)["cpu"]
    steps = {share: measured(int(count * share), folder, "hosts") for share in SHARES}
    all_of_them = steps[1.0]
    seconds = all_of_them["seconds"]
    what = f"{count} pairs, audited and predicted, one process; {count} specs checked and rendered: {specs:.1f} s"
    result(what, f"{seconds:.1f} s, {seconds / specs:.2f} times", f"{SPECS_FACTOR:g} times", seconds <= SPECS_FACTOR * specs)
    first = steps[SHARES[0]]
    growth = seconds * SHARES[0] / first["seconds"]
    result(
        f"a pair among {count}, beside one among {int(count * SHARES[0])}",
        f"{growth:.2f} times",
        f"{GROWTH_FACTOR} times",
        growth <= GROWTH_FACTOR,
    )
    memory = all_of_them["kib"] / first["kib"]
    what = f"peak memory of {count}, beside that of {int(count * SHARES[0])} ({first['kib'] / 1024:.0f} MiB)"
    result(what, f"{all_of_them['kib'] / 1024:.0f} MiB, {memory:.2f} times", f"{MEMORY_FACTOR} times", memory <= MEMORY_FACTOR)
    both = measured(count, folder, "hosts", "inventory")
    row(f"the same pairs with their inventories ({both['findings']:.0f} findings)", f"{both['seconds']:.1f} s", "")


def main(count: int) -> int:
    """Every measurement as two tables; 1 when a target is missed."""
    missed = []

    def result(what: str, figure: str, target: str, good: bool) -> None:
        row(what, figure, target)
        if not good:
            missed.append(f"{what}: {figure}, not {target}")

    print(f"Load of the machine before: {os.getloadavg()[0]:.1f}, processors: {os.cpu_count()}\n")
    with tempfile.TemporaryDirectory() as name:
        row("what", "measured", "target")
        row("---", "---", "---")
        speed(count, Path(name) / "pairs", result)
        print()
        row(f"hostile: 1 MiB of, whole process, best of {HOSTILE_RUNS}", "measured", "target")
        row("---", "---", "---")
        for what, seconds in hostile(Path(name) / "hostile"):
            result(what, f"{seconds:.2f} s", f"{HOSTILE_SECONDS:g} s", seconds <= HOSTILE_SECONDS)
    print(f"\nLoad of the machine after: {os.getloadavg()[0]:.1f}")
    for problem in missed:
        print(f"missed: {problem}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        one(int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
    else:
        sys.exit(main(int(sys.argv[1])))
