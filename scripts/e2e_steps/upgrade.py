"""Kubernetes is upgraded node by node while a client asks: only with a second mirror, since one holds one version."""

import json

from install import use_mirror
from run import Run, StepError


def upgrade(run: Run) -> None:
    """`twinkeel kubespray upgrade` to the version of the other mirror. No request may fail.

    The client asks /version, not /readyz: an API server that is about to stop says there that it is not ready, while it serves on.
    """
    before, nodes = run.version, [*run.masters, *run.workers]
    run.stop_mirror()
    run.mirror = run.options.upgrade
    spec = run.folder / "upgraded.yaml"
    spec.write_text(run.first_spec.read_text().replace(f"version: {before}", f"version: {run.version}"))
    with run.step(f"the mirror of Kubernetes {run.version}"):
        use_mirror(run)
    with run.step(f"kubespray upgrade from {before} to {run.version}") as came:
        with run.asked_meanwhile(came, "/version"):
            run.operator("twinkeel", "kubespray", "upgrade", "-f", str(spec), "--", *run.variables, timeout=7200)
        run.ready_nodes(nodes)
        said = run.quiet(
            "operator", str(run.kubectl_program), "--kubeconfig", str(run.kubeconfig), "get", "nodes", "-o", "json"
        ).stdout
        found = {each["status"]["nodeInfo"]["kubeletVersion"] for each in json.loads(said)["items"]}
        if found != {f"v{run.version}"}:
            raise StepError(f"nodes run {', '.join(sorted(found))}, not v{run.version}")
