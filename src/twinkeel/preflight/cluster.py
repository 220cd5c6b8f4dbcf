"""The API servers behind the load balancers, clocks, and the endpoint's name."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from cryptography import x509

from twinkeel.preflight.facts import HostFacts, TlsAnswer
from twinkeel.preflight.model import Finding, Result, Survey, balancers, every_host, on_each
from twinkeel.topology.model import Machine, Topology

MAX_SKEW = 1.0
SOON = timedelta(days=30)
RUN_KUBESPRAY = "that is so before Kubespray ran; afterwards, see why the API server is down there"
NAMES_HINT = "run Kubespray again: supplementary_addresses_in_ssl_keys (rendered by Twinkeel) names them"


def _servers(survey: Survey, facts: HostFacts) -> Iterator[tuple[Machine, TlsAnswer]]:
    answers = {answer.address: answer for answer in facts.tls}
    yield from ((machine, answers[machine.address]) for machine in survey.topology.control_plane if machine.address in answers)


def _cluster_exists(survey: Survey) -> bool:
    """Whether any API server answers any load balancer: then all should."""
    return any(answer.certificate is not None for facts in survey.hosts.values() for answer in facts.tls)


def _api_servers(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    good, port = [], survey.topology.cluster.api_port
    for server, answer in _servers(survey, facts):
        if answer.certificate is not None:
            good.append(server.name)
            continue
        saw = f"{server.name} ({answer.address}, port {port}) gives no TLS: {answer.error}"
        yield Finding("failure" if _cluster_exists(survey) else "warning", machine.name, saw, RUN_KUBESPRAY)
    if good:
        yield Finding("ok", machine.name, f"TLS on port {port}: {', '.join(good)}")


def certificates(survey: Survey) -> Iterator[Finding]:
    """The certificate of each API server, once, whichever load balancer saw it."""
    now = datetime.now(UTC)
    for server in survey.topology.control_plane:
        seen = [answer for facts in survey.hosts.values() for answer in facts.tls if answer.address == server.address]
        found = next((answer.certificate for answer in seen if answer.certificate is not None), None)
        if found is None:
            yield Finding("skipped", server.name, "no load balancer got a certificate from it")
        else:
            yield evaluate_certificate(survey.topology, server.name, found, now)


def evaluate_certificate(topology: Topology, name: str, certificate: bytes, now: datetime) -> Finding:
    """Whether a certificate (DER) names the endpoint and every virtual IP, and is valid at `now`."""
    try:
        parsed = x509.load_der_x509_certificate(certificate)
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        known = {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}
    except x509.ExtensionNotFound:
        return Finding("failure", name, "its certificate names nobody", NAMES_HINT)
    except ValueError as error:
        return Finding("failure", name, f"its certificate cannot be read: {error}", NAMES_HINT)
    wanted = [topology.endpoint.name, *(str(vip.ip) for vip in topology.endpoint.vips)]
    missing = [each for each in wanted if each not in known]
    if missing:
        return Finding("failure", name, f"its certificate does not name {', '.join(missing)}", NAMES_HINT)
    if not parsed.not_valid_before_utc <= now <= parsed.not_valid_after_utc:
        saw = f"its certificate is valid from {parsed.not_valid_before_utc:%Y-%m-%d} to {parsed.not_valid_after_utc:%Y-%m-%d} only"
        return Finding("failure", name, saw, "renew it: kubeadm certs renew apiserver; and look at the clocks")
    if parsed.not_valid_after_utc - now < SOON:
        saw = f"its certificate ends on {parsed.not_valid_after_utc:%Y-%m-%d}"
        return Finding("warning", name, saw, "renew it: kubeadm certs renew apiserver")
    return Finding("ok", name, f"its certificate names {', '.join(wanted)}")


def clocks(survey: Survey) -> Iterator[Finding]:
    """No two hosts' clocks may differ by much, and none from this machine's."""
    seen = {name: facts.clock for name, facts in survey.hosts.items()}
    if not seen:
        return
    first, last = (pick(seen, key=lambda name: seen[name].ahead) for pick in (min, max))
    spread = seen[last].ahead - seen[first].ahead
    unsure = seen[last].uncertainty + seen[first].uncertainty
    if spread - unsure > MAX_SKEW:
        saw = f"the clock of {last} is {spread:.1f} s ahead of that of {first}"
        yield Finding("warning", last, saw, TIME_ADVICE)
    else:
        yield Finding("ok", "all hosts", f"clocks agree within {spread + unsure:.2f} s")
    off = max(seen, key=lambda name: abs(seen[name].ahead))
    if abs(seen[off].ahead) - seen[off].uncertainty > MAX_SKEW:
        word = "ahead of" if seen[off].ahead > 0 else "behind"
        saw = f"the clock of {off} is {abs(seen[off].ahead):.1f} s {word} this machine's"
        yield Finding("warning", off, saw, TIME_ADVICE)


TIME_ADVICE = "run chrony or systemd-timesyncd on every host: etcd and certificates count on it"


def _name(survey: Survey, machine: Machine, facts: HostFacts) -> Iterator[Finding]:
    endpoint = survey.topology.endpoint
    answer = facts.names.get(endpoint.name)
    if answer is None:
        yield Finding("skipped", machine.name, "the host was not asked")
        return
    wanted = {vip.ip for vip in endpoint.vips}
    # A resolver may give IPv6 forms of IPv4 addresses, too: they are counted as what they stand for.
    missing, others = sorted(map(str, wanted - answer.addresses)), sorted(map(str, answer.addresses - wanted))
    advice = f"in DNS, or in /etc/hosts of every host: {', '.join(sorted(map(str, wanted)))} {endpoint.name}"
    # Nodes reach the API by this name. A load balancer does not need it, but shows what its network's DNS says.
    bad: Result = "failure" if machine in survey.topology.nodes else "warning"
    if answer.error is not None:
        yield Finding(bad, machine.name, f"{endpoint.name}: {answer.error}", advice)
    elif others:
        saw = f"{endpoint.name} gives {', '.join(others)}, which is no virtual IP"
        yield Finding(bad, machine.name, saw, advice)
    elif missing:
        yield Finding("warning", machine.name, f"{endpoint.name} does not give {', '.join(missing)}", advice)
    else:
        yield Finding("ok", machine.name, f"{endpoint.name} gives {', '.join(sorted(map(str, wanted)))}")


api_servers = on_each(balancers, _api_servers)
endpoint_name = on_each(every_host, _name)
