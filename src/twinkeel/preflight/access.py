"""Can every host be reached, and may we become root there?"""

from collections.abc import Iterator

from twinkeel.hosts.executor import NotPrivilegedError
from twinkeel.preflight.facts import HostFacts
from twinkeel.preflight.model import Finding, Survey, balancers, every_host, on_each
from twinkeel.topology.model import Machine

# What Ansible needs on the hosts that it manages.
OLDEST_PYTHON = (3, 8)
SUDO_HINT = "sudo -n true must work for this user"


def reached(survey: Survey) -> Iterator[Finding]:
    """SSH: address, host key, our key."""
    for machine in survey.topology.machines:
        problem = survey.problems.get(machine.name)
        if problem is None or isinstance(problem, NotPrivilegedError):
            access = machine.ssh
            yield Finding(
                "ok", machine.name, f"{access.user}@{machine.ssh_address}, port {access.port}, its host key is the known one"
            )
        else:
            yield Finding("failure", machine.name, problem.what, problem.hint)


def privileged(survey: Survey) -> Iterator[Finding]:
    """Root, or sudo without a password."""
    for machine in survey.topology.machines:
        problem = survey.problems.get(machine.name)
        if isinstance(problem, NotPrivilegedError):
            yield Finding("failure", machine.name, problem.what, problem.hint or SUDO_HINT)
        elif problem is not None:
            yield Finding("skipped", machine.name, "the host could not be asked")
        else:
            how = "root" if machine.ssh.user == "root" else f"{machine.ssh.user} may use sudo without a password"
            yield Finding("ok", machine.name, how)


def _python(_: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    said = f"python3 is {'.'.join(map(str, facts.python))}"
    if facts.python[:2] < OLDEST_PYTHON:
        yield Finding("failure", machine.name, said, "install Python 3.8 or newer there")
    else:
        yield Finding("ok", machine.name, said)


def _init(_: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    if facts.init == "systemd":
        yield Finding("ok", machine.name, "systemd runs as process 1")
    else:
        yield Finding("failure", machine.name, f"process 1 is {facts.init or 'unknown'}, not systemd")


python = on_each(every_host, _python)
init = on_each(balancers, _init)
