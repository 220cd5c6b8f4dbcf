"""Rules about what the Kubespray release of the spec supports. What it does is handed in: read from its files, or our table."""

import re
from collections.abc import Iterator

from twinkeel.spec.kubespray_releases import REFUSES_IPV6, RELEASES
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.release_support import ReleaseSupport
from twinkeel.spec.rule import Finding, places


def kubernetes_of_the_tag(spec: ClusterSpec, release: ReleaseSupport) -> Iterator[Finding]:
    """Kubespray installs only what it has a checksum of, and says so after minutes."""
    version, tag = spec.kubernetes.version, spec.kubernetes.kubespray
    if re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", version) and release.installs(version) == "no":
        at = "version" if "version" in spec.kubernetes.model_fields_set else "kubespray"
        yield Finding(
            ("kubernetes", at),
            f"Kubespray {tag} cannot install Kubernetes {version}",
            f"{tag} installs {', '.join(release.ranges())}",
            related=((("kubernetes", "kubespray"), f"the tag {tag}"),) if at == "version" and _tag_is_given(spec) else (),
        )


def _tag_is_given(spec: ClusterSpec) -> bool:
    return "kubespray" in spec.kubernetes.model_fields_set


def unknown_tag(spec: ClusterSpec, release: ReleaseSupport) -> Iterator[Finding]:
    """A release that Twinkeel does not know may work. Once it is fetched, its own files say what it installs."""
    tag = spec.kubernetes.kubespray
    if release.versions or not re.fullmatch(r"v[0-9]+\.[0-9]+\.[0-9]+", tag):
        return
    known = f"known tags: {', '.join(RELEASES)}"
    if release.read:
        yield Finding(("kubernetes", "kubespray"), f"the files of Kubespray {tag} do not say which Kubernetes it installs", known)
    else:
        hint = f"`twinkeel kubespray fetch` reads from its files what it installs; {known}"
        yield Finding(("kubernetes", "kubespray"), f"Kubespray {tag} is not one that Twinkeel knows", hint)


def nodes_without_ipv4(spec: ClusterSpec, release: ReleaseSupport) -> Iterator[Finding]:
    """Before v2.28 Kubespray configures IPv4 in every cluster, and its own validation does not say that the nodes have none."""
    node = next((place for place in places(spec) if place.group != "load_balancers" and not place.has(4)), None)
    if node is not None and not release.stack_switches:
        yield Finding(
            ("kubernetes", "kubespray") if _tag_is_given(spec) else node.address,
            f"Kubespray {spec.kubernetes.kubespray} cannot install a cluster without IPv4, and `{node.name}` has no IPv4 address",
            "use v2.28.0 or newer, or write every machine's IPv4 address, and the IPv6 one as `address6`",
            related=((node.address, f"`{node.name}` is here"),) if _tag_is_given(spec) else (),
        )


def ipv6_of_the_tag(spec: ClusterSpec) -> Iterator[Finding]:
    """v2.32.0 compares a text where its Ansible wants true or false as soon as there is an IPv6 network, and stops."""
    kubernetes = spec.kubernetes
    given = next((name for name in ("service_network6", "pod_network6") if getattr(kubernetes, name) is not None), None)
    if kubernetes.kubespray in REFUSES_IPV6 and given is not None:
        yield Finding(
            ("kubernetes", "kubespray"),
            f"Kubespray {kubernetes.kubespray} refuses every cluster with IPv6: its own validation fails (issue 13547)",
            "use v2.31.0 with a Kubernetes that it installs, or a release after v2.32.0",
            related=((("kubernetes", given), "the IPv6 network"),),
        )


def removed_variable(spec: ClusterSpec, release: ReleaseSupport) -> Iterator[Finding]:
    """Kubespray aborts, minutes later, where a variable is set that the release has removed."""
    for name in spec.kubernetes.variables:
        if name in release.removed_variables:
            yield Finding(
                ("kubernetes", "variables", name),
                f"Kubespray {spec.kubernetes.kubespray} has removed `{name}`, and aborts where it is set",
                "delete it; Kubespray's release notes say what takes its place",
                at_key=True,
            )
