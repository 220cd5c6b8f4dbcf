"""The load balancers' network segment: foreign, and whether VRRP passes."""

from collections.abc import Iterator

from twinkeel.preflight.facts import Pair, SegmentFacts, Voice
from twinkeel.preflight.model import Finding, Survey
from twinkeel.spec.fields import IPAddress
from twinkeel.topology.model import LoadBalancer, VrrpInstance

NOT_ASKED = "the host could not be asked"


def _listening(survey: Survey) -> Iterator[tuple[LoadBalancer, SegmentFacts | Finding]]:
    """Every load balancer with what it met, or why nothing is known."""
    for balancer in survey.topology.load_balancers:
        name = balancer.machine.name
        facts = survey.segments.get(name)
        yield (
            balancer,
            facts or Finding("skipped", name, survey.not_listening.get(name, NOT_ASKED), "see what P001 to P021 found on it"),
        )


def vip_holders(survey: Survey) -> Iterator[Finding]:
    """Nobody but a load balancer of ours may call a virtual IP its own."""
    macs = {link.mac: name for name, facts in survey.hosts.items() for link in facts.links if link.name != "lo"}
    ours = {balancer.machine.name for balancer in survey.topology.load_balancers}
    for balancer, facts in _listening(survey):
        if isinstance(facts, Finding):
            yield facts
            continue
        for vip in (address for instance in balancer.instances for address in instance.shared):
            answers = sorted(mac for address, mac in facts.answers if address == vip)
            foreign = [mac for mac in answers if macs.get(mac) not in ours]
            yield _evaluate_vip(survey, balancer.machine.name, vip, foreign, answers, macs)


def _evaluate_vip(
    survey: Survey, name: str, vip: IPAddress, foreign: list[str], answers: list[str], macs: dict[str, str]
) -> Finding:
    if foreign:
        who = " and ".join(f"{macs[mac]} ({mac})" if mac in macs else f"a machine with hardware address {mac}" for mac in foreign)
        lost = [other for other in survey.problems if other in {each.machine.name for each in survey.topology.load_balancers}]
        doubt = f"; it may be {' or '.join(lost)}, which could not be asked" if lost else ""
        saw = f"{who} answers for {vip}{doubt}"
        return Finding("failure", name, saw, "find that machine and take the address from it, or choose another virtual IP")
    holder = survey.hosts[name].carrier(vip) if name in survey.hosts else None
    if holder is not None:
        return Finding("ok", name, f"holds {vip} itself, and nobody else answers for it")
    if answers:
        return Finding("ok", name, f"{vip} is on {macs[answers[0]]}")
    return Finding("ok", name, f"nobody answers for {vip}")


def router_ids(survey: Survey) -> Iterator[Finding]:
    """Nobody but a load balancer of ours may speak our VRIDs."""
    ours = {address for each in survey.topology.load_balancers for address in _addresses(each)}
    for balancer, facts in _listening(survey):
        if isinstance(facts, Finding):
            yield facts
            continue
        voices = [voice for voice in facts.voices if voice.source not in ours]
        for instance in balancer.instances:
            yield _evaluate_vrid(balancer, instance, voices, facts.seconds)


def _addresses(balancer: LoadBalancer) -> Iterator[IPAddress]:
    machine = balancer.machine
    yield from (address for address in (machine.address, machine.address6) if address is not None)
    # IPv6 VRRP may come from the link-local address; it is not known from the spec, and its instance's source is.
    yield from (instance.source for instance in balancer.instances)


def _evaluate_vrid(balancer: LoadBalancer, instance: VrrpInstance, voices: list[Voice], seconds: float) -> Finding:
    name, vrid = balancer.machine.name, instance.vrid
    same = [voice for voice in voices if voice.vrid == vrid and voice.source.version == instance.vip.version]
    if same:
        voice = max(same, key=lambda each: each.priority)
        saw = f"{voice.source} ({voice.mac}) speaks VRRP version {voice.version} for VRID {vrid} with priority {voice.priority}"
        return Finding("failure", name, saw, f"give {instance.vip.ip} another vrid in the spec, or change the other system's")
    others = sorted({f"VRID {voice.vrid} from {voice.source}" for voice in voices})
    heard = f"; also heard: {', '.join(others)}" if others else ""
    return Finding("ok", name, f"nobody else speaks VRID {vrid} ({seconds:g} s){heard}")


def protocol_passes(survey: Survey) -> Iterator[Finding]:
    """Protocol 112 between each pair of load balancers, one direction at a time."""
    names = {instance.source: each.machine.name for each in survey.topology.load_balancers for instance in each.instances}
    pairs = dict.fromkeys(
        (instance.source, peer) for each in survey.topology.load_balancers for instance in each.instances for peer in instance.peers
    )
    for pair in pairs:
        yield _evaluate_pair(survey, pair, names[pair[0]], names[pair[1]])


def _evaluate_pair(survey: Survey, pair: Pair, sender: str, receiver: str) -> Finding:
    subject = f"{sender} to {receiver}"
    sending, hearing = survey.segments.get(sender), survey.segments.get(receiver)
    if sending is None or hearing is None:
        silent = sender if sending is None else receiver
        return Finding("skipped", subject, f"{silent}: {survey.not_listening.get(silent, NOT_ASKED)}")
    if pair in hearing.received:
        return Finding("ok", subject, f"protocol 112 passes from {pair[0]} to {pair[1]}")
    allow = f"let protocol 112 pass from {pair[0]} to {pair[1]}"
    if pair in hearing.arrived:
        saw = f"packets from {pair[0]} reach {receiver}, and its own firewall drops them"
        if survey.topology.system.firewall != "none":
            return Finding(
                "warning", subject, saw, f"apply gives {survey.topology.system.firewall} the rule; look again afterwards"
            )
        return Finding("failure", subject, saw, f"on {receiver}: {allow}, or let apply do it with system.firewall")
    if pair in sending.errors:
        return Finding("failure", subject, f"{sender} cannot send protocol 112: {sending.errors[pair]}", f"on {sender}: {allow}")
    saw = f"packets of protocol 112 from {pair[0]} do not reach {receiver}"
    return Finding("failure", subject, saw, f"on the network between them, and in {sender}'s own firewall: {allow}")
