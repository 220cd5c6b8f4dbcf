"""The load balancers' operating system, its packages and its limits."""

from collections.abc import Iterator

from twinkeel.hosts.os_family import family_of, refresh_commands
from twinkeel.preflight.facts import HostFacts
from twinkeel.preflight.model import Evaluate, Finding, Survey, balancers, on_each
from twinkeel.preflight.versions import parse_version
from twinkeel.render.limits import limits
from twinkeel.render.systemd import STANDBY_FILE
from twinkeel.spec.software_versions import Program, known_bad, span, text, unknown_newer
from twinkeel.topology.model import Machine, Topology
from twinkeel.vip.daemon import Version
from twinkeel.vip.daemons import VRRP_DAEMON

ROOM = 50 * 1024 * 1024
FIREWALLS = ("firewalld", "ufw", "nftables")
# nftables' `socket wildcard`.
OLDEST_KERNEL = (5, 10)
MODULES = "nft_dup_ipv4, nft_socket, nft_fib_ipv4"
RESET = "set failover.second_chance: false (planned moves then reset connections)"
# While these reload by hand they let nothing new pass, VRRP neither.
DEAF_WHILE_RELOADING = ("firewalld", "ufw")
OTHER_FIREWALLS = ("iptables", "netfilter-persistent")
WRONG_MANAGER = "set system.packages to `auto`, or to what the host has"


def _operating_system(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    name = facts.os.get("PRETTY_NAME") or "an unknown system"
    asked = survey.topology.system.packages
    if family_of(facts.os) is None or facts.package_manager is None:
        advice = "use Debian, Ubuntu or a system of the Red Hat family for load balancers"
        yield Finding("failure", machine.name, f"{name} is not a system that we install packages on", advice)
    elif asked not in ("auto", facts.package_manager):
        saw = f"{name} has {facts.package_manager}, and the spec says system.packages: {asked}"
        yield Finding("failure", machine.name, saw, WRONG_MANAGER)
    else:
        yield Finding("ok", machine.name, f"{name}, packages with {facts.package_manager}")


def _wanted(topology: Topology, package: Program) -> Version:
    if package == "frr":
        return topology.bgp.version if topology.bgp else ()
    return topology.haproxy.version if package == "haproxy" else topology.vrrp_daemon.version


def _signs(topology: Topology) -> bool:
    return any(each.authentication == "hmac" for each in topology.load_balancers[0].instances)


def package_version(package: Program) -> Evaluate:
    """A check of one package's version, installed or offered."""

    def evaluate(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
        state = facts.packages.get(package)
        found = (state.installed or state.offered) if state is not None else None
        if state is None or found is None:
            # Apply refreshes the lists first, so this need not stop it.
            yield Finding("warning", machine.name, f"no {package} is installed, and the package manager offers none", NO_PACKAGE)
            return
        yield _evaluate_version(survey.topology, machine, package, found, "installed" if state.installed else "offered")

    return on_each(balancers, evaluate)


NO_PACKAGE = f"on the host: {refresh_commands()}, and check its package sources"


def _evaluate_version(topology: Topology, machine: Machine, package: Program, found: str, how: str) -> Finding:
    version, wanted = parse_version(found), _wanted(topology, package)
    saw = f"{package} {found} is {how}"
    if version[: len(wanted)] < wanted:
        advice = f"set {package}.version to {text(version[:2])} in the spec, or bring a newer {package}"
        return Finding("failure", machine.name, f"{saw}, and the spec counts on {text(wanted)}", advice)
    if package == VRRP_DAEMON.unit and _signs(topology) and version < VRRP_DAEMON.signs_since:
        least = text(VRRP_DAEMON.signs_since)
        advice = f"bring {VRRP_DAEMON.name} {least} or newer to every load balancer, or delete `failover.authentication: hmac`"
        return Finding("failure", machine.name, f"{saw}, which cannot sign advertisements as {least} does", advice)
    bad = known_bad(package, version)
    if bad:
        worst = min(bad, key=lambda each: each.result)
        return Finding(worst.result, machine.name, f"{saw}: {worst.what}", f"bring a newer {package}")
    if unknown_newer(package, version):
        advice = "nothing, if its own checker accepts the files: `twinkeel apply` asks it before it replaces any"
        return Finding("warning", machine.name, f"{saw}, newer than what is known ({span(package)})", advice)
    return Finding("ok", machine.name, saw)


def _file_limits(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    needed = limits(survey.topology).files
    for name, limit in (("fs.nr_open", facts.nr_open), ("fs.file-max", facts.file_max)):
        if limit is not None and limit < needed:
            saw = f"{name} is {limit}; haproxy.max_connections: {survey.topology.haproxy.max_connections} needs {needed} files"
            yield Finding("failure", machine.name, saw, f"sysctl -w {name}={2 * needed}, or lower haproxy.max_connections")
            return
    yield Finding("ok", machine.name, f"fs.nr_open is {facts.nr_open}, {needed} files are needed")


def _space(_: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    full = [f"{folder} ({free // 1024 // 1024} MiB)" for folder, free in facts.space.items() if free is not None and free < ROOM]
    if full:
        yield Finding(
            "failure", machine.name, f"hardly any room in {', '.join(full)}", "free some: new files are written beside the old"
        )
    else:
        yield Finding("ok", machine.name, f"more than {ROOM // 1024 // 1024} MiB free where files are written")


def _selinux(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    off = sorted(name for name, on in facts.booleans.items() if not on)
    if facts.selinux is None:
        yield Finding("ok", machine.name, "SELinux is not on")
    elif facts.selinux == "permissive":
        advice = "set it enforcing again (setenforce 1, /etc/selinux/config): apply sets the booleans that are needed"
        yield Finding("warning", machine.name, "SELinux is permissive: it guards nothing, and enforces again after a boot", advice)
    elif off and survey.topology.system.selinux == "ignore":
        advice = f"setsebool -P {' '.join(f'{name}=1' for name in off)}, or system.selinux: auto"
        yield Finding("failure", machine.name, f"SELinux is enforcing and forbids what HAProxy must do ({', '.join(off)})", advice)
    else:
        yield Finding("ok", machine.name, "SELinux is enforcing" + (f"; apply sets {', '.join(off)}" if off else ""))


def _firewall(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    wanted = survey.topology.system.firewall
    active = [name for name in FIREWALLS if name in facts.active]
    others = [name for name in (*active, *(name for name in OTHER_FIREWALLS if name in facts.active)) if name != wanted]
    if wanted == "none" and not others:
        yield Finding("ok", machine.name, "no firewall is active, and none is asked for")
    elif wanted == "none":
        allow = "let it pass protocol 112 between the load balancers, and the served ports"
        advice = f"set system.firewall: {active[0]}, or {allow}" if active else allow
        yield Finding("warning", machine.name, f"{' and '.join(others)} is active, and gets no rules from us", advice)
    elif others:
        advice = f"use one: stop {others[0]}, or name it in system.firewall"
        yield Finding("failure", machine.name, f"{' and '.join(others)} is active beside system.firewall: {wanted}", advice)
    elif wanted not in active:
        yield Finding("warning", machine.name, f"{wanted} is not active", f"systemctl enable --now {wanted}")
    else:
        saw = f"; before you reload it: echo 1 > {STANDBY_FILE}, and 0 after it" if wanted in DEAF_WHILE_RELOADING else ""
        yield Finding("ok", machine.name, f"{wanted} is active{saw}")


def _network_manager(_: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    if "systemd-networkd" in facts.active and machine.interface in facts.networkd:
        advice = (
            f"in the .network file of {machine.interface}: [Network] KeepConfiguration=static (or =yes); then networkctl reload"
        )
        known = VRRP_DAEMON.lost_address.issue
        saw = f"systemd-networkd configures {machine.interface}: when it restarts it can drop a virtual IP ({known})"
        yield Finding("warning", machine.name, saw, advice)
    elif "NetworkManager" in facts.active and machine.interface in facts.network_manager:
        advice = (
            f"`nmcli device set {machine.interface} managed no`, where something else configures it; or run no `nmcli connection "
            "up` and no `nmcli device reapply` for it on a load balancer that holds one"
        )
        saw = f"NetworkManager configures {machine.interface}: when it applies its connection again a virtual IP is dropped"
        yield Finding("warning", machine.name, saw, advice)
    else:
        yield Finding("ok", machine.name, f"nothing that would drop a virtual IP configures {machine.interface}")


def _capabilities(_: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    if facts.may_raise_limits is False:
        saw = f"{VRRP_DAEMON.unit}.service has no CAP_SYS_RESOURCE: the kernel ends its VRRP process seconds after a reload"
        advice = (
            "give it to this container, or take CapabilityBoundingSet= out of the unit; until then do not `systemctl reload "
            f"{VRRP_DAEMON.unit}` by hand (apply restarts it)"
        )
        yield Finding("warning", machine.name, saw, advice)
    else:
        known = f"{VRRP_DAEMON.unit}.service may raise its limits" if facts.may_raise_limits else "what systemd may do is not known"
        yield Finding("ok", machine.name, known)


def _kernel(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    if survey.topology.second_chance is None:
        yield Finding("ok", machine.name, "planned moves need nothing of the kernel")
    elif parse_version(facts.kernel)[:2] < OLDEST_KERNEL:
        advice = f"bring Linux {text(OLDEST_KERNEL)} or newer, or {RESET}"
        saw = f"Linux {facts.kernel or '(unknown)'} cannot tell a listener from a connection"
        yield Finding("failure", machine.name, saw, advice)
    elif facts.nft_refuses:
        advice = f"bring what is missing (modules {MODULES}; a container has those of its host), or {RESET}"
        yield Finding("failure", machine.name, f"nft refuses rules that keep connections: {facts.nft_refuses}", advice)
    else:
        yield Finding("ok", machine.name, f"Linux {facts.kernel}")


operating_system = on_each(balancers, _operating_system)
file_limits = on_each(balancers, _file_limits)
capabilities = on_each(balancers, _capabilities)
space = on_each(balancers, _space)
kernel = on_each(balancers, _kernel)
selinux = on_each(balancers, _selinux)
firewall = on_each(balancers, _firewall)
network_manager = on_each(balancers, _network_manager)
