"""One run of scripts/e2e: its cluster, its commands, and what came out of each step."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from twinkeel.drill.history import EVENTS_FILE, MILLISECOND, REQUESTS_FILE, read_history

ROOT = Path(__file__).resolve().parents[2]
TWINKEEL = str(Path(sys.executable).parent / "twinkeel")
LAB = "e2e"
LAB_FOLDER = Path("/var/lib/twinkeel/labs") / LAB
PORT = 8480
# The release for the one Kubernetes that Debian carries: what a machine can show that has no other programs.
FALLBACK_TAG = "v2.16.0"


class StepError(Exception):
    """A step did not do what it should; the message says what was seen."""


class Run:
    """One run: its cluster, its folder, and what came out so far."""

    def __init__(self, options: argparse.Namespace, folder: Path) -> None:
        self.options, self.folder = options, folder
        self.mirror: Path = options.mirror
        # Nobody shall take this for what a cluster would run.
        self.mark = " [Kubernetes 1.20.2, fallback, out of support]" if options.tag == FALLBACK_TAG else ""
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

    def power(self, state: str, name: str) -> None:
        """Cut a host's power ("off"), or give it back ("on")."""
        self.twinkeel("lab", f"power-{state}", name, "--name", LAB)

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
        title += self.mark
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

    @property
    def version(self) -> str:
        """The Kubernetes that the mirror holds, without a `v`."""
        return str(json.loads((self.mirror / "manifest.json").read_text())["kube_version"]).removeprefix("v")

    def write_spec(self) -> Path:
        """The lab's spec: for this release, and for the Kubernetes that the mirror holds."""
        text = (ROOT / "scripts/e2e_steps/specs" / ("small.yaml" if self.options.small else "full.yaml")).read_text()
        given = f"kubernetes: {{version: {self.version}, kubespray: {self.options.tag}, network_plugin: cni}}"
        path = self.folder / "spec.yaml"
        path.write_text(re.sub(r"(?m)^kubernetes: .*$", given, text))
        return path

    # -- the mirror -------------------------------------------------------------------------------------------------------

    def serve_mirror(self) -> None:
        """Serve the mirror at the operator's place, and wait until it answers."""
        address = self.operator_address()
        argv = [TWINKEEL, "lab", "exec", "--name", LAB, "operator", "--", "twinkeel", "kubespray", "mirror", "serve"]
        argv += [str(self.mirror), "--address", address, "--port", str(PORT)]
        log = (self.folder / "mirror.log").open("ab")
        self.serving = subprocess.Popen(argv, stdout=log, stderr=log, cwd=ROOT, env=self.environment)
        for url in (f"http://{address}:{PORT}/apt/Packages", f"http://{address}:{PORT + 1}/v2/"):
            wait_for(partial(self.is_served, url), 60, f"no answer from {url}")

    def is_served(self, url: str) -> bool:
        """Whether the mirror answers a node at that address."""
        probe = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=2)"
        return self.quiet("master-1", "python3", "-c", probe, url).returncode == 0

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
    def asked_meanwhile(self, came: list[str], path: str = "/readyz") -> Iterator[None]:
        """The drills' client asks through the virtual IP all the while, five times a second; no new connection may fail."""
        folder = Path(tempfile.mkdtemp(prefix="asked-", dir=self.folder))
        (folder / EVENTS_FILE).touch()
        argv = [TWINKEEL, "lab", "exec", "--name", LAB, "client", "--", sys.executable, "-m", "twinkeel.drill.client"]
        argv += ["--address", "192.168.1.110", "--port", "6443", "--server-name", "lb.lab-home.com", "--period-ms", "200"]
        argv += ["--ca-file", str(self.folder / "ca.crt"), "--history", str(folder / REQUESTS_FILE), "--path", path]
        with subprocess.Popen(argv, cwd=ROOT) as client:
            try:
                yield
            finally:
                client.terminate()
                client.wait(60)
        came.append(verdict_of(folder))


def verdict_of(folder: Path) -> str:
    """What a client's history in a folder says of new connections.

    Raises:
        StepError: one failed, there was none, or the history proves nothing.
    """
    history = read_history(folder)
    new = [request for request in history.requests if request.stream == "new"]
    failed = [request.error for request in new if request.error]
    slowest = max((request.end - request.start for request in new), default=0) / MILLISECOND
    said = f"{len(new)} requests, {len(failed)} failed, slowest {slowest:.0f} ms"
    if history.flaws or failed or not new:
        raise StepError("; ".join((said, *history.flaws, *failed[:5])))
    return said


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Poll until it is so. Raises StepError with `what` at the deadline."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise StepError(what)
        time.sleep(0.5)
