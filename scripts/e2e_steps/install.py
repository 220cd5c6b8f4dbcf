"""Bare hosts, our load balancers, the mirror, and the cluster that Kubespray installs through the virtual IP."""

import contextlib
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

from faults import kill_ansible, struck
from run import LAB, LAB_FOLDER, PORT, TWINKEEL, Run, StepError


def bring_up(run: Run) -> None:
    """Bare hosts, our load balancers, the mirror."""
    spec = run.write_spec()
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
        use_mirror(run)


def use_mirror(run: Run) -> None:
    """Serve the mirror of the moment, and tell Kubespray and every node's apt of it."""
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
    """A run that something happens to once it has reached a role, and that must end with 3; what it said at its end."""
    with struck(run, f"TASK {role}", fault):
        said = run.kubespray_run(run.first_spec, codes=(3,))
    return next((line.strip() for line in said.splitlines() if line.startswith("twinkeel:")), "it ended with 3")[:150]
