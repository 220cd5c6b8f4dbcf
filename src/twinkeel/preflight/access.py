"""Can every host be reached, and may we become root there?"""

from collections.abc import Iterator

from twinkeel.hosts.executor import NotPrivilegedError
from twinkeel.preflight.facts import HostFacts
from twinkeel.preflight.model import Finding, Survey, balancers, every_host, on_each
from twinkeel.spec.software_versions import text
from twinkeel.topology.model import Machine
from twinkeel.vip.daemon import Version

# What runs on hosts is written for; Ansible may want a newer one there.
OLDEST_PYTHON = (3, 8)
# ansible-core -> the oldest Python on the hosts that it manages (_PY_MIN in its module_utils/basic.py): 2.18 and 2.19 want 3.8.
NEWER_PYTHON = (((2, 20), (3, 9)),)
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


def oldest_python(ansible: Version) -> Version:
    """The oldest Python that a host may have, for our own programs and for this ansible-core; () is one that is not known."""
    return max((OLDEST_PYTHON, *(python for since, python in NEWER_PYTHON if ansible[:2] >= since)))


def _python(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    saw, oldest = f"python3 is {text(facts.python)}", oldest_python(survey.ansible)
    if facts.python[:2] >= oldest:
        yield Finding("ok", machine.name, saw)
    elif facts.python[:2] < OLDEST_PYTHON:
        yield Finding("failure", machine.name, saw, f"install Python {text(oldest)} or newer there")
    else:
        used = text(survey.ansible)
        advice = (
            f"install Python {text(oldest)} there, or use an ansible-core older than 2.20 here: pip install 'ansible-core<2.20'"
        )
        yield Finding("failure", machine.name, f"{saw}, and ansible-core {used}, used here, wants {text(oldest)}", advice)


def _init(_: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    if facts.init == "systemd":
        yield Finding("ok", machine.name, "systemd runs as process 1")
    else:
        yield Finding("failure", machine.name, f"process 1 is {facts.init or 'unknown'}, not systemd")


python = on_each(every_host, _python)
init = on_each(balancers, _init)
