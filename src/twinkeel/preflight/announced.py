"""Checks of load balancers that announce the virtual IPs by BGP."""

from collections.abc import Iterator

from twinkeel.preflight.facts import HostFacts
from twinkeel.preflight.model import Finding, Survey, balancers, on_each
from twinkeel.render.firewall import BFD_PORTS, BGP_PORT
from twinkeel.spec.fields import IPAddress
from twinkeel.status.bgp_sessions import Session
from twinkeel.topology.model import Bgp, BgpRouter, Machine
from twinkeel.vip.daemons import VRRP_DAEMON

# BFD's interval (seconds) of `profile: steady`. With 3 x 50 ms and ordinary priority sessions were lost (docs/benchmarks.md).
PATIENT = 0.3


def _outside_subnets(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    for vip in survey.topology.endpoint.vips:
        beside = [(link, each) for link in facts.links for each in link.addresses if each.ip != vip.ip and vip.ip in each.network]
        if beside:
            link, each = beside[0]
            saw = f"{vip.ip} is in {each.network} of {link.name}"
            yield Finding("failure", machine.name, saw, "take an address that is in no subnet of the hosts and clients")
        else:
            yield Finding("ok", machine.name, f"{vip.ip} is in no subnet of it")


def _bgp_port(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    others = [each for each in facts.listeners if each.port == BGP_PORT and each.process != "bgpd"]
    if others:
        who = others[0].process or "an unknown process"
        yield Finding("failure", machine.name, f"port {BGP_PORT} is taken by {who} at {others[0].address}", "stop it there")
    else:
        yield Finding("ok", machine.name, f"port {BGP_PORT} is free, or FRR has it")


def _other_daemon(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    if VRRP_DAEMON.unit in facts.active:
        advice = f"systemctl disable --now {VRRP_DAEMON.unit}, once nobody uses its virtual IP any more"
        yield Finding("warning", machine.name, f"{VRRP_DAEMON.name} runs, and load balancers announce by BGP", advice)
    else:
        yield Finding("ok", machine.name, f"{VRRP_DAEMON.name} does not run")


def _sessions(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    bgp = survey.topology.bgp
    if bgp is None or facts.sessions is None:
        yield Finding("skipped", machine.name, "not yet: its FRR has no configuration of ours")
        return
    if not facts.sessions:
        advice = "there: `systemctl status frr`, `journalctl -u frr`, `vtysh -c 'show bgp summary'`"
        yield Finding("failure", machine.name, "its FRR has our configuration, and tells of no session", advice)
        return
    vips = [vip.ip for vip in survey.topology.endpoint.vips]
    sessions = {each.router: each for each in facts.sessions}
    for router in bgp.routers:
        kind = [vip for vip in vips if vip.version == router.address.version]
        if kind:
            held = sum(facts.carrier(vip) is not None for vip in kind)
            yield _evaluate_session(machine, bgp, router, sessions.get(str(router.address)), held)


def _evaluate_session(machine: Machine, bgp: Bgp, router: BgpRouter, session: Session | None, held: int) -> Finding:
    """What there is to say of one router; `held` counts the virtual IPs of its kind that the load balancer announces."""
    name, who = machine.name, f"{router.address} (AS {router.asn})"
    if session is None:
        return Finding("warning", name, f"its FRR has no session with {who}", "`twinkeel plan` shows whether an apply adds it")
    if not session.established:
        password = " and the same password" if bgp.authentication == "md5" else ""
        own = machine.address_of(router.address.version)
        advice = (
            f"on the router: is {own} a neighbour with AS {bgp.asn}{password}; does TCP port {BGP_PORT} pass? "
            f"`vtysh -c 'show bgp neighbors {router.address}'` on {name} has the last reason"
        )
        return Finding("failure", name, f"the session with {who} is {session.state}", advice)
    if session.announced < held:
        advice = (
            f"there: `vtysh -c 'show bgp neighbors {router.address} advertised-routes'`; `twinkeel plan` shows a changed frr.conf"
        )
        return Finding("failure", name, f"it sent {who} {session.announced} of {held} routes", advice)
    if bgp.bfd is not None and session.bfd is None:
        advice = "`twinkeel plan` shows whether an apply adds it; if not, see there why bfdd does not run: `systemctl status frr`"
        return Finding("warning", name, f"there is no BFD with {who}", advice)
    if bgp.bfd is not None and session.bfd != "up":
        advice = (
            f"on the router: is BFD on for this neighbour, with timers that it bears; does UDP port {BFD_PORTS[0]} pass both ways "
            f"({BFD_PORTS[1]} over several hops)? `vtysh -c 'show bfd peers'` on {name} has the timers of both ends"
        )
        return Finding("failure", name, f"BFD with {who} is {session.bfd}", advice)
    return Finding("ok", name, f"{who}: Established, routes sent: {session.announced}{', BFD is up' if bgp.bfd else ''}")


def foreign_servers(survey: Survey) -> Iterator[Finding]:
    """Where no load balancer of ours has a virtual IP, nobody may take a connection there."""
    asked = {each.name: survey.hosts[each.name] for each in balancers(survey.topology) if each.name in survey.hosts}
    for vip in survey.topology.endpoint.vips if asked else ():
        holders = [name for name, facts in asked.items() if facts.carrier(vip.ip) is not None]
        served = [name for name, facts in asked.items() if vip.ip in facts.accepted]
        yield _evaluate_server(survey, vip.ip, holders, served)


def _evaluate_server(survey: Survey, vip: IPAddress, holders: list[str], served: list[str]) -> Finding:
    if holders:
        return Finding("ok", str(vip), f"it is on {' and '.join(holders)}: who else serves it, cannot be told from here")
    port = survey.topology.endpoint.port
    if not served:
        return Finding("ok", str(vip), f"nobody takes a connection at {vip}, port {port}")
    lost = [each.name for each in balancers(survey.topology) if each.name in survey.problems]
    doubt = f"; it may be {' or '.join(lost)}, which could not be asked" if lost else ""
    saw = f"somebody else takes connections of {' and '.join(served)} at {vip}, port {port}{doubt}"
    advice = f"look where the routers' route to {vip} leads, and take the address from that host, or choose another virtual IP"
    return Finding("failure", str(vip), saw, advice)


def _others(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    port = survey.topology.endpoint.port
    for other in balancers(survey.topology):
        theirs = survey.hosts.get(other.name)
        if other == machine or theirs is None:
            continue
        for address, came in facts.reached.items():
            if address in (other.address, other.address6):
                listens = any(
                    each.port == port and (each.address.is_unspecified or each.address == address) for each in theirs.listeners
                )
                yield _evaluate_reach(machine, f"{other.name} at {address}, port {port}", came, listens)


def _evaluate_reach(machine: Machine, whom: str, came: str, listens: bool) -> Finding:
    if came == "taken":
        return Finding("ok", machine.name, f"it reaches {whom}")
    if came == "refused" and not listens:
        return Finding("ok", machine.name, f"it reaches {whom}: nothing listens there yet")
    why = "refused, although something listens there" if came == "refused" else came
    advice = "let firewalls on both hosts and between them pass it; `nft list ruleset` there"
    return Finding("warning", machine.name, f"it does not reach {whom}: {why}", advice)


def _real_time(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    bgp = survey.topology.bgp
    if bgp is None or bgp.bfd is None or bgp.bfd.interval >= PATIENT:
        yield Finding("ok", machine.name, "its BFD needs no real-time priority")
    elif facts.bfdd_real_time is None:
        yield Finding("skipped", machine.name, "not yet: bfdd does not run with a configuration of ours")
    elif facts.bfdd_real_time:
        yield Finding("ok", machine.name, "bfdd has a real-time priority")
    else:
        advice = (
            "`systemctl restart frr` there after an apply; if that does not help, the kernel refuses it: give the control group "
            f"cpu.rt_runtime_us, or set endpoint.bgp.bfd.interval to {PATIENT:g} or more"
        )
        yield Finding("warning", machine.name, f"bfdd has none, with BFD every {bgp.bfd.interval * 1000:g} ms", advice)


outside_subnets = on_each(balancers, _outside_subnets)
bgp_port = on_each(balancers, _bgp_port)
other_daemon = on_each(balancers, _other_daemon)
sessions = on_each(balancers, _sessions)
others = on_each(balancers, _others)
real_time = on_each(balancers, _real_time)
