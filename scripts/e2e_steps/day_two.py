"""More and fewer nodes, and a second run, while a client asks the API."""

from faults import struck
from prove import holder
from run import Run


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
    argv = ("twinkeel", "kubespray", "run", "--no-apply", "-f", str(run.first_spec), "--", *run.variables)
    try:
        with struck(run, "TASK kubernetes/control-plane", lambda: run.power("off", lost)):
            said = run.operator(*argv, codes=(0, 3))
    finally:
        run.power("on", lost)
    if said.rstrip().endswith("kubeconfig --merge"):
        run.operator("twinkeel", "apply", "-f", str(run.first_spec))
        return f"{lost} was lost; the run ended well"
    run.kubespray_run(run.first_spec)
    return f"{lost} was lost; the run stopped, and the next one ended well"
