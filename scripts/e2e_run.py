"""scripts/e2e: the steps of a whole installation in the lab, timed. Every step is a command that a person could type."""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from e2e_cluster import WORKLOAD, global_settings  # noqa: E402 - it lies beside this file

TWINKEEL = str(Path(sys.executable).parent / "twinkeel")
TAG = "v2.16.0"
LAB = "e2e"
LAB_FOLDER = Path("/var/lib/twinkeel/labs") / LAB
PORT = 8480
NODE_PORT = 30080
DRILLS = ("reboot-holder", "haproxy-stop", "power-loss")


class StepError(Exception):
    """A step did not do what it should; the message says what was seen."""


class Run:
    """One run: its cluster, its folder, and what came out so far."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.mirror: Path = options.mirror
        self.rows: list[tuple[str, float, str]] = []
        self.lab_spec = LAB_FOLDER / "twinkeel.yaml"
        self.first_spec = folder / "first.yaml"
        self.kubeconfig = folder / "kubeconfig"
        self.mirror_file = folder / "mirror.yaml"
        self.masters = ["master-1"] if options.small else ["master-1", "master-2", "master-3"]
        self.workers = ["worker-1"] if options.small else ["worker-1", "worker-2"]
        self.added = "worker-2" if options.small else "worker-3"
        self.serving: subprocess.Popen[bytes] | None = None
        self.environment = {**os.environ, "XDG_DATA_HOME": str(folder / "data")}

    # -- commands ---------------------------------------------------------------------------------------------------------

    def shown(self, *argv: str, timeout: float = 1800, codes: Sequence[int] = (0,)) -> str:
        """Run a command, show its output as it comes, and return it."""
        print(f"\n$ {' '.join(argv)}", flush=True)
        with subprocess.Popen(
            argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", cwd=ROOT, env=self.environment
        ) as child:
            watchdog = threading.Timer(timeout, child.kill)
            watchdog.start()
            said: list[str] = []
            assert child.stdout is not None  # noqa: S101 - Popen was given a pipe
            try:
                for line in child.stdout:
                    print(line, end="", flush=True)
                    said.append(line)
            finally:
                watchdog.cancel()
            code = child.wait()
        if code not in codes:
            raise StepError(f"`{' '.join(argv[:6])} ...` ended with {code}")
        return "".join(said)

    def twinkeel(self, *argv: str, timeout: float = 1800, codes: Sequence[int] = (0,)) -> str:
        """A `twinkeel` command on this machine."""
        return self.shown(TWINKEEL, *argv, timeout=timeout, codes=codes)

    def host(self, name: str, *argv: str, timeout: float = 1800, codes: Sequence[int] = (0,)) -> str:
        """A command in a host of the lab."""
        return self.twinkeel("lab", "exec", "--name", LAB, name, "--", *argv, timeout=timeout, codes=codes)

    def operator(self, *argv: str, timeout: float = 1800, codes: Sequence[int] = (0,)) -> str:
        """A command at the operator's place in the lab."""
        return self.host("operator", *argv, timeout=timeout, codes=codes)

    def kubectl(self, *argv: str) -> str:
        """kubectl at the operator's place, through the virtual IP."""
        return self.operator(str(self.kubectl_program), "--kubeconfig", str(self.kubeconfig), *argv, timeout=200)

    def quiet(self, name: str, *argv: str) -> subprocess.CompletedProcess[str]:
        """A command in a host that is only looked at."""
        return subprocess.run(
            [TWINKEEL, "lab", "exec", "--name", LAB, name, "--", *argv],
            capture_output=True, text=True, cwd=ROOT, env=self.environment, timeout=120, check=False,
        )  # fmt: skip

    @property
    def kubectl_program(self) -> Path:
        """kubectl out of the mirror, made executable."""
        program = self.folder / "kubectl"
        if not program.exists():
            shutil.copyfile(next(self.mirror.rglob("amd64/kubectl")), program)
            program.chmod(0o755)
        return program

    # -- bookkeeping ------------------------------------------------------------------------------------------------------

    @contextmanager
    def step(self, title: str) -> Iterator[list[str]]:
        """Times a step; the body adds what came out."""
        print(f"\n== {title}", flush=True)
        began, came = time.monotonic(), list[str]()
        try:
            yield came
        except (StepError, subprocess.TimeoutExpired) as error:
            self.rows.append((title, time.monotonic() - began, f"FAILED: {error}"))
            raise
        self.rows.append((title, time.monotonic() - began, "; ".join(came) or "ok"))

    def table(self) -> str:
        """All steps so far."""
        width = max(len(title) for title, _, _ in self.rows)
        return "\n".join(f"{title:{width}}  {seconds:7.1f} s  {result}" for title, seconds, result in self.rows)

    # -- the mirror -------------------------------------------------------------------------------------------------------

    def serve_mirror(self) -> None:
        """Serve the mirror at the operator's place, and wait until it answers."""
        address = self.operator_address()
        argv = [TWINKEEL, "lab", "exec", "--name", LAB, "operator", "--", "twinkeel", "kubespray", "mirror", "serve"]
        argv += [str(self.mirror), "--address", address, "--port", str(PORT)]
        log = (self.folder / "mirror.log").open("ab")
        self.serving = subprocess.Popen(argv, stdout=log, stderr=log, cwd=ROOT, env=self.environment)
        probe = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)"
        for url in (f"http://{address}:{PORT}/apt/Packages", f"http://{address}:{PORT + 1}/v2/"):
            wait_for(
                lambda url=url: self.quiet("master-1", "python3", "-c", probe, url).returncode == 0, 60, f"no answer from {url}"
            )

    def stop_mirror(self) -> None:
        """End the mirror's server."""
        if self.serving is not None:
            self.serving.kill()
            self.serving.wait(30)
            self.serving = None

    def operator_address(self) -> str:
        """The operator's address in the lab."""
        for line in (LAB_FOLDER / "hosts/operator/upper/etc/hosts").read_text().splitlines():
            if line.split()[-1] == "operator":
                return line.split()[0]
        raise StepError("the lab has no operator")

    # -- Kubespray --------------------------------------------------------------------------------------------------------

    @property
    def variables(self) -> tuple[str, ...]:
        """What the lab and the mirror add to the spec."""
        return ("-e", f"@{LAB_FOLDER / 'overlay.yaml'}", "-e", f"@{self.mirror_file}")

    def kubespray_run(self, spec: Path, codes: Sequence[int] = (0,)) -> str:
        """`twinkeel kubespray run` with a spec."""
        return self.operator("twinkeel", "kubespray", "run", "-f", str(spec), "--", *self.variables, codes=codes)

    def ready_nodes(self, expected: Sequence[str], seconds: float = 180) -> None:
        """Wait until exactly these nodes are Ready, asked through the virtual IP."""
        argv = [str(self.kubectl_program), "--kubeconfig", str(self.kubeconfig), "get", "nodes", "--no-headers"]

        def they_are() -> bool:
            lines = self.quiet("operator", *argv).stdout.splitlines()
            return sorted(line.split(".")[0] for line in lines if " Ready " in line) == sorted(expected) and len(lines) == len(
                expected
            )

        wait_for(they_are, seconds, f"not all of {', '.join(expected)} are Ready")
        self.kubectl("get", "nodes", "-o", "wide")

    @contextmanager
    def asked_meanwhile(self, came: list[str]) -> Iterator[None]:
        """Ask /readyz through the virtual IP all the while, from the client; no request may fail."""
        argv = [TWINKEEL, "lab", "exec", "--name", LAB, "client", "--", sys.executable, str(ROOT / "scripts/e2e_cluster.py")]
        argv += ["192.168.1.110", "6443", "lb.lab-home.com", str(self.folder / "ca.crt")]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=ROOT) as prober:
            try:
                yield
            finally:
                prober.send_signal(signal.SIGTERM)
                said, _ = prober.communicate(timeout=60)
        found = re.search(r"(\d+) requests, (\d+) failed", said)
        came.append("; ".join(said.strip().splitlines()[1:]) or "the prober said nothing")
        if found is None or int(found[1]) == 0 or int(found[2]) > 0:
            raise StepError(came[-1])


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until it is so. Raises StepError with `what` at the deadline."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise StepError(what)
        time.sleep(0.5)


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/e2e", description="A whole installation in the lab, without the internet.")
    parser.add_argument("--small", action="store_true", help="one control-plane host and one worker")
    parser.add_argument("--faults", action="store_true", help="also break things while Kubespray runs")
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    parser.add_argument("--mirror", type=Path, default=Path.home() / f".cache/twinkeel/mirror-{TAG}", metavar="DIR")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    before = global_settings()
    code = 0
    with tempfile.TemporaryDirectory(prefix="twinkeel-e2e-") as name:
        run = Run(options, Path(name))
        began = time.monotonic()
        try:
            whole_procedure(run)
        except (StepError, subprocess.TimeoutExpired) as error:
            print(f"\ntwinkeel: {error}", file=sys.stderr)
            keep_logs(run)
            code = 1
        finally:
            run.stop_mirror()
            if not options.keep:
                with contextlib.suppress(StepError), run.step("lab down"):
                    run.twinkeel("lab", "down", "--name", LAB)
        changed = {key: (value, global_settings()[key]) for key, value in before.items() if global_settings()[key] != value}
        run.rows.append(("kernel settings of this machine", 0.0, f"FAILED: {changed}" if changed else f"{len(before)} as before"))
        kind = "1 control-plane host, 1 worker" if options.small else "3 control-plane hosts, 2 workers"
        print(f"\n== Summary: {kind}, {time.monotonic() - began:.0f} s\n{run.table()}")
        return 1 if changed else code


def keep_logs(run: Run) -> None:
    """Kubespray's logs of a run that failed, where they can be read afterwards."""
    target = Path(tempfile.mkdtemp(prefix="twinkeel-e2e-failed-"))
    for log in (*run.folder.glob("data/twinkeel/clusters/*/logs/*"), run.folder / "mirror.log"):
        with contextlib.suppress(OSError):
            (target / log.name).write_bytes(log.read_bytes())
    print(f"logs: {target}", file=sys.stderr)


def whole_procedure(run: Run) -> None:
    """Every step, in order. Raises StepError."""
    releases = run.folder / "data/twinkeel/kubespray"
    releases.parent.mkdir(parents=True)
    releases.symlink_to(Path(os.environ["KUBESPRAY_DIR"]).absolute())
    if not (run.mirror / "manifest.json").exists():
        with run.step("build the mirror (the first time)"):
            run.twinkeel("kubespray", "mirror", "build", TAG, "--distribution", "--to", str(run.mirror), timeout=7200)
    bring_up(run)
    install(run)
    prove(run)
    day_two(run)


def bring_up(run: Run) -> None:
    """Bare hosts, our load balancers, the mirror."""
    spec = ROOT / "scripts/e2e-specs" / ("small.yaml" if run.options.small else "full.yaml")
    with run.step("lab up --installer kubespray"):
        run.twinkeel("lab", "up", "-f", str(spec), "--name", LAB, "--installer", "kubespray")
    lines = run.lab_spec.read_text().splitlines(keepends=True)
    run.first_spec.write_text("".join(line for line in lines if not line.startswith(f"  {run.added}:")))
    with run.step("apply: load balancers before there is a cluster") as came:
        said = run.operator("twinkeel", "apply", "-f", str(run.first_spec))
        if "do NOT verify certificates" not in said:
            raise StepError("apply did not say that certificates are not verified yet")
        came.append("health checks do not verify certificates yet")
    with run.step("the mirror, served at the operator's place"):
        run.serve_mirror()
        argv = ("kubespray", "mirror", "variables", str(run.mirror), "--address", run.operator_address(), "--port", str(PORT))
        run.mirror_file.write_text(subprocess.run([TWINKEEL, *argv], capture_output=True, text=True, check=True).stdout)
        found = re.search(r"^twinkeel_mirror_apt_line: [\"']?(.*?)[\"']?$", run.mirror_file.read_text(), re.MULTILINE)
        if found is None:
            raise StepError("the mirror's variables have no line for apt")
        for name in (*run.masters, *run.workers, run.added):
            run.quiet(name, "sh", "-c", f"echo '{found[1]}' >/etc/apt/sources.list.d/mirror.list && apt-get update -qq")


def install(run: Run) -> None:
    """Kubespray installs the cluster through the virtual IP."""
    nodes = [*run.masters, *run.workers]
    if run.options.faults:
        with run.step("fault: ansible-playbook is killed midway") as came:
            came.append(broken_run(run, "kubernetes/preinstall", kill_ansible))
        with run.step("fault: the mirror is lost midway") as came:
            came.append(broken_run(run, "download", run.stop_mirror))
        run.serve_mirror()
    with run.step("kubespray run (cluster.yml), then apply") as came:
        said = run.kubespray_run(run.first_spec)
        if "TLS verified" not in said:
            raise StepError("after the run HAProxy does not verify certificates")
        came.append("HAProxy verifies certificates from now on")
    with run.step("kubeconfig, and all nodes Ready through the virtual IP") as came:
        run.operator("twinkeel", "kubeconfig", "-f", str(run.first_spec), "-o", str(run.kubeconfig))
        run.ready_nodes(nodes)
        run.kubectl("get", "pods", "--all-namespaces", "-o", "wide")
        came.append(f"{len(nodes)} of {len(nodes)} Ready")
    run.rows.append(
        ("from bare hosts to that", sum(seconds for title, seconds, _ in run.rows if "mirror (the" not in title), "sum")
    )
    memory = sum_of_memory()
    run.rows.append(("memory of all hosts then", 0.0, f"{memory} MiB (sum of PSS)"))
    ca = run.quiet("master-1", "cat", "/etc/kubernetes/ssl/ca.crt").stdout
    (run.folder / "ca.crt").write_text(ca)


def sum_of_memory() -> int:
    """MiB of every process in the lab's namespaces and control groups: what each has for itself and its part of what is shared."""
    lab_id = json.loads((LAB_FOLDER / "layout.json").read_text())["lab_id"]
    spaces = {path.stat().st_ino for path in Path("/run/netns").glob(f"tk-{lab_id}-*")}
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        # Processes end while we look.
        with contextlib.suppress(OSError, StopIteration, ValueError):
            ours = f"twinkeel-{lab_id}/" in (process / "cgroup").read_text()
            if ours or (process / "ns/net").stat().st_ino in spaces:
                rollup = (process / "smaps_rollup").read_text()
                total += int(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")))
    return total // 1024


def broken_run(run: Run, role: str, fault: Callable[[], None]) -> str:
    """A run that something happens to once it has reached a role; what it said at its end."""
    logs = run.folder / "data/twinkeel/clusters/e2e/logs"
    known = set(logs.glob("*"))

    def strike() -> None:
        wait_for(lambda: any(f"TASK {role}" in log.read_text(errors="replace") for log in set(logs.glob("*")) - known), 600, role)
        fault()

    thread = threading.Thread(target=strike, daemon=True)
    thread.start()
    said = run.kubespray_run(run.first_spec, codes=(3,))
    thread.join(10)
    return next((line.strip() for line in said.splitlines() if line.startswith("twinkeel:")), "it ended with 3")[:150]


def kill_ansible() -> None:
    """SIGKILL to the ansible-playbook of this run."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if any(word.endswith(b"/ansible-playbook") for word in words[:2]) and b"twinkeel-e2e-" in b" ".join(words):
                os.kill(int(process.name), signal.SIGKILL)
                return


def prove(run: Run) -> None:
    """A workload answers, and the load balancers survive the seed's tests."""
    with run.step("a workload answers") as came:
        registry = f"{run.operator_address()}:{PORT + 1}"
        (run.folder / "workload.yaml").write_text(WORKLOAD.format(registry=registry, node_port=NODE_PORT))
        run.kubectl("apply", "-f", str(run.folder / "workload.yaml"))
        run.kubectl("rollout", "status", "deployment/hello", "--timeout=120s")
        for name in run.workers:
            wait_for(lambda name=name: answers(run, name), 60, f"NodePort {NODE_PORT} of {name} does not answer")
            came.append(f"NodePort of {name}")
        address = run.kubectl("get", "service", "hello", "-o", "jsonpath={.spec.clusterIP}").splitlines()[-1]
        wait_for(lambda: run.quiet(run.masters[0], "curl", "-sf", f"http://{address}/").returncode == 0, 60, "no ClusterIP")
        pod = run.kubectl("get", "pods", "-l", "app=hello", "-o", "jsonpath={.items[0].metadata.name}").splitlines()[-1]
        run.kubectl("exec", pod, "--", "cat", "/www/index.html")
        run.kubectl("logs", pod)
        came += ["ClusterIP", "exec and logs"]
    for scenario in DRILLS:
        with run.step(f"drill: {scenario}") as came:
            drill(run, scenario, came)
    with run.step("all nodes Ready after the drills"):
        run.ready_nodes([*run.masters, *run.workers])


def drill(run: Run, scenario: str, came: list[str]) -> None:
    """One drill: the virtual IP moves, and the whole system is healthy again. How long it took is told, not judged: see below.

    Raises:
        StepError: the drill could not run, the virtual IP did not move, or the system is not healthy two minutes later.
    """
    before = holder(run)
    # 1 is a verdict on milliseconds: what a machine shows that does much besides. docs/benchmarks.md judges, on a quiet one.
    argv = ("twinkeel", "drill", "run", scenario, "-f", str(run.first_spec), "-o", str(run.folder / scenario))
    said = run.host("client", *argv, codes=(0, 1))
    found = re.search(rf"^{scenario} 1: (downtime .*)$", said, re.MULTILINE)
    if found is None:
        raise StepError(f"{scenario} measured nothing")
    came.append(found[1])
    wait_for(lambda: run.quiet("operator", "twinkeel", "status", "-f", str(run.first_spec)).returncode == 0, 120, "not healthy")
    came.append(f"{before} -> {holder(run)}")
    if holder(run) == before:
        raise StepError(f"the virtual IP is still on {before}")


def holder(run: Run) -> str:
    """The load balancer that holds the virtual IP."""
    status = run.quiet("operator", "twinkeel", "status", "-f", str(run.first_spec), "--format", "json").stdout
    return str((json.loads(status)["vips"][0]["holders"] or ["nobody"])[0])


def answers(run: Run, node: str) -> bool:
    """Whether the workload answers on a node's port, asked by the client."""
    return "hello" in run.quiet("client", "curl", "-sf", "-m", "5", f"http://{node}.lab-home.com:{NODE_PORT}/").stdout


def day_two(run: Run) -> None:
    """Add a worker, remove it, run again; the API is asked all the while."""
    nodes = [*run.masters, *run.workers]
    options = [f"--ansible={word}" for word in run.variables]
    with run.step(f"kubespray scale {run.added}") as came:
        with run.asked_meanwhile(came):
            run.operator("twinkeel", "kubespray", "scale", run.added, "-f", str(run.lab_spec), *options)
        run.ready_nodes([*nodes, run.added])
    with run.step(f"kubespray remove-node {run.added}") as came:
        with run.asked_meanwhile(came):
            run.operator("twinkeel", "kubespray", "remove-node", run.added, "-f", str(run.lab_spec), *options)
        run.ready_nodes(nodes)
    with run.step("kubespray run again") as came:
        with run.asked_meanwhile(came):
            run.kubespray_run(run.first_spec)
        run.ready_nodes(nodes)
    if run.options.faults:
        with run.step("fault: the holder's power is lost while Kubespray runs") as came:
            came.append(run_without_power(run))
            run.ready_nodes(nodes)


def run_without_power(run: Run) -> str:
    """The virtual IP's holder loses its power in the middle of a run; the run ends well, at once or by the next one."""
    lost = holder(run)
    logs = run.folder / "data/twinkeel/clusters/e2e/logs"
    known = set(logs.glob("*"))

    def strike() -> None:
        reached = "TASK kubernetes/control-plane"
        wait_for(lambda: any(reached in log.read_text(errors="replace") for log in set(logs.glob("*")) - known), 900, reached)
        run.twinkeel("lab", "power-off", lost, "--name", LAB)

    thread = threading.Thread(target=strike, daemon=True)
    thread.start()
    argv = ("twinkeel", "kubespray", "run", "--no-apply", "-f", str(run.first_spec), "--", *run.variables)
    said = run.operator(*argv, codes=(0, 3))
    thread.join(10)
    run.twinkeel("lab", "power-on", lost, "--name", LAB)
    if said.rstrip().endswith("kubeconfig --merge"):
        run.operator("twinkeel", "apply", "-f", str(run.first_spec))
        return f"{lost} was lost; the run ended well"
    run.kubespray_run(run.first_spec)
    return f"{lost} was lost; the run stopped, and the next one ended well"


if __name__ == "__main__":
    sys.exit(main())
