"""Rules about Kubespray variables that undo what the spec promises."""

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from twinkeel.spec.document import Key
from twinkeel.spec.fields import IPAddress
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.release_support import ReleaseSupport
from twinkeel.spec.rule import Finding

_FALSE = ("false", "no", "off", "n", "0")
# Variables that hold the arguments of the API server, and the argument that switches anonymous requests off.
_EXTRA_ARGUMENTS = ("kube_kubeadm_apiserver_extra_args", "kube_apiserver_extra_args")


def is_false(value: object) -> bool:
    """Whether Ansible's `bool` filter makes false of a variable's value."""
    return value is False or value == 0 or (isinstance(value, str) and value.strip().lower() in _FALSE)


def _is_on(variables: Mapping[str, Any], name: str) -> bool:
    return name in variables and variables[name] is not None and not is_false(variables[name])


def kube_vip_owns_the_endpoint(spec: ClusterSpec) -> Iterator[Finding]:
    """kube-vip for Services alone is welcome. With the control plane as well, two would own one virtual IP."""
    variables = spec.kubernetes.variables
    if _is_on(variables, "kube_vip_enabled") and _is_on(variables, "kube_vip_controlplane_enabled"):
        yield Finding(
            ("kubernetes", "variables", "kube_vip_controlplane_enabled"),
            "two owners of one virtual IP: kube-vip and the load balancers",
            "set it to false: kube-vip then serves Services alone",
            at_key=True,
        )


def others_hand_out_the_virtual_ip(spec: ClusterSpec) -> Iterator[Finding]:
    """MetalLB or kube-vip would announce the virtual IP for a Service, from another host."""
    vips = [vip.address.ip for _, vip in spec.endpoint.virtual_ips()]
    for name, value in spec.kubernetes.variables.items():
        if not name.startswith(("metallb_", "kube_vip_", "cilium_loadbalancer_ip_pools")):
            continue
        for text in _texts(value):
            for vip in vips:
                if _holds(text, vip):
                    yield Finding(
                        ("kubernetes", "variables", name),
                        f"{text} holds the virtual IP {vip}: it could be given to a Service",
                        "take the virtual IP out of that range",
                        at_key=True,
                    )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _holds(text: str, address: IPAddress) -> bool:
    """Whether a network, or FIRST-LAST, holds the address."""
    first, dash, last = text.partition("-")
    try:
        if not dash:
            return "/" in text and address in ip_network(text.strip(), strict=False)
        low, high = ip_address(first.strip()), ip_address(last.strip())
    except ValueError:
        return False
    return low.version == high.version == address.version and int(low) <= int(address) <= int(high)


# Jinja's own statements before a text say nothing of what it becomes.
_STATEMENTS = re.compile(r"\A(\s*\{%.*?%\})*\s*", re.DOTALL)
_LIST_OR_MAPPING = re.compile(r"\[.*\]|\{(?![{%]).*\}", re.DOTALL)


def text_for_another_type(spec: ClusterSpec, release: ReleaseSupport) -> Iterator[Finding]:
    """Before ansible-core 2.19 a text that looked like a list or like true became one. Now it stays a text."""
    if not release.typed:
        return
    for name, value in spec.kubernetes.variables.items():
        if not isinstance(value, str):
            continue
        rest = _STATEMENTS.sub("", value, count=1).strip()
        if rest.lower() in ("true", "false", "yes", "no", "on", "off"):
            wanted, hint = "true or false", "write it without quotes"
        elif _LIST_OR_MAPPING.fullmatch(rest):
            wanted, hint = "a list or a mapping", "write it as YAML, without quotes and without a block of text"
        else:
            continue
        yield Finding(
            ("kubernetes", "variables", name), f"`{name}` is a text that looks like {wanted}: it stays a text", hint, at_key=True
        )


def anonymous_requests_are_off(spec: ClusterSpec) -> Iterator[Finding]:
    """Health checks have no credentials: every API server would answer 401, and every load balancer would call it down.

    Structured authentication can allow /livez, /readyz and /healthz alone (AuthenticationConfiguration, anonymous.conditions).
    """
    variables, check = spec.kubernetes.variables, spec.kubernetes.api_check
    if (
        any("authentication_config" in name for name in variables)
        or check.type == "tcp"
        or check.status != 200
        or check.client_certificate
    ):
        return
    for path, value in _anonymous(variables):
        if is_false(value):
            yield Finding(
                ("kubernetes", "variables", *path),
                "without anonymous requests every health check gets 401, and HAProxy calls every API server down",
                "write `api_check: {type: tcp}` or its `client_certificate`, or allow /readyz alone by structured authentication",
                at_key=True,
            )


def _anonymous(variables: Mapping[str, Any]) -> Iterator[tuple[Key, object]]:
    if "kube_api_anonymous_auth" in variables:
        yield ("kube_api_anonymous_auth",), variables["kube_api_anonymous_auth"]
    for name in _EXTRA_ARGUMENTS:
        arguments = variables.get(name)
        if isinstance(arguments, Mapping) and "anonymous-auth" in arguments:
            yield (name,), arguments["anonymous-auth"]


def proxy_in_front_of_the_endpoint(spec: ClusterSpec) -> Iterator[Finding]:
    """Nodes would ask the proxy for the API: Kubespray writes no_proxy itself, with the endpoint, unless it is given."""
    variables = spec.kubernetes.variables
    given = variables.get("no_proxy")
    if given is None or not any(variables.get(name) for name in ("http_proxy", "https_proxy")):
        return
    listed = given if isinstance(given, list) else str(given).split(",")
    names = [str(each).strip() for each in listed]
    for wanted in (spec.endpoint.name, *(str(vip.address.ip) for _, vip in spec.endpoint.virtual_ips())):
        if not _covered(wanted, names):
            yield Finding(
                ("kubernetes", "variables", "no_proxy"),
                f"{wanted} is not in no_proxy: nodes would ask the proxy for the API",
                "add it, or delete no_proxy: Kubespray then makes the list; additional_no_proxy adds to it",
                at_key=True,
            )
            return


def _covered(wanted: str, names: list[str]) -> bool:
    """As Go's and Python's clients read no_proxy: names, their domains, addresses and networks."""
    for name in names:
        if name == "*" or wanted == name or wanted.endswith(f".{name.lstrip('*').lstrip('.')}"):
            return True
        try:
            if "/" in name and ip_address(wanted) in ip_network(name, strict=False):
                return True
        except ValueError:
            continue
    return False
