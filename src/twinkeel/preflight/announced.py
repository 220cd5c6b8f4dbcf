"""Checks of load balancers that announce the virtual IPs by BGP."""

from collections.abc import Iterator

from twinkeel.preflight.facts import HostFacts
from twinkeel.preflight.model import Finding, Survey, balancers, on_each
from twinkeel.render.firewall import BGP_PORT
from twinkeel.render.vip_daemon import VRRP_DAEMON
from twinkeel.topology.model import Machine


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


outside_subnets = on_each(balancers, _outside_subnets)
bgp_port = on_each(balancers, _bgp_port)
other_daemon = on_each(balancers, _other_daemon)
