"""Rules about the cluster's size, versions, DNS, endpoint and power."""

import re
from collections.abc import Iterator

from twinkeel.spec.model import MONITOR_PORT, ClusterSpec
from twinkeel.spec.rule import Finding, places


def even_etcd(spec: ClusterSpec) -> Iterator[Finding]:
    """etcd needs a majority: a fourth member adds a way to fail, not one to survive. By default it is on the control plane."""
    group, hosts = ("etcd", spec.etcd) if spec.etcd else ("control_plane", spec.control_plane)
    count = len(hosts)
    if count % 2 == 0:
        what = "etcd" if spec.etcd else "control-plane"
        # One fewer than two is a cluster that does not survive the loss of its only host: no way out.
        hint = "use 3: two survive no loss" if count == 2 else f"use {count - 1} or {count + 1}"
        yield Finding((group,), f"{count} {what} hosts: etcd needs an odd number", hint, at_key=True)


def single_control_plane(spec: ClusterSpec) -> Iterator[Finding]:
    """One API server cannot be made to survive its host by load balancers."""
    if len(spec.control_plane) == 1:
        yield Finding(
            ("control_plane",), "one control-plane host: the API is lost with it", "use 3 to survive the loss of one", at_key=True
        )


def single_load_balancer(spec: ClusterSpec) -> Iterator[Finding]:
    """Nobody is there to take the virtual IP."""
    if len(spec.load_balancers) == 1:
        yield Finding(
            ("load_balancers",), "one load balancer: the API is unreachable while it is down", "add a second one", at_key=True
        )


def single_etcd(spec: ClusterSpec) -> Iterator[Finding]:
    """Without its one etcd host the API server answers nothing, however many API servers there are."""
    if len(spec.etcd) == 1 and len(spec.control_plane) > 1:
        yield Finding(("etcd",), "one etcd host: the API is lost with it", "use 3 to survive the loss of one", at_key=True)


def no_etcd_member_of_its_own(spec: ClusterSpec) -> Iterator[Finding]:
    """Such an API server never starts."""
    without = [name for name in spec.control_plane if name not in (spec.etcd or spec.control_plane)]
    if spec.kubernetes.api_server.etcd == "own" and without:
        yield Finding(
            ("kubernetes", "api_server", "etcd"),
            f"the API server on `{without[0]}` has no etcd member of its own",
            f"write `all`, or add {without[0]} to `etcd`",
        )


def manual_dns_without_server(spec: ClusterSpec) -> Iterator[Finding]:
    """`manual` installs no DNS in the cluster."""
    if spec.dns.mode == "manual" and spec.dns.server is None:
        yield Finding(("dns", "mode"), "`manual` needs the DNS server that pods use", "add `server: ADDRESS` to `dns`")


def unused_dns_server(spec: ClusterSpec) -> Iterator[Finding]:
    """A server beside another mode is read by nobody."""
    if spec.dns.mode != "manual" and spec.dns.server is not None:
        yield Finding(
            ("dns", "server"), f"dns.server means nothing while dns.mode is {spec.dns.mode}", "set `mode: manual`, or delete it"
        )


def kubernetes_version(spec: ClusterSpec) -> Iterator[Finding]:
    """Kubespray compares it with its list of checksums, which has no leading v and three parts."""
    version = spec.kubernetes.version
    if version.startswith("v"):
        yield Finding(("kubernetes", "version"), f"`{version}` has a leading v", f"write {version[1:]}: Kubespray refuses the v")
    elif not re.fullmatch(r"\d+\.\d+\.\d+", version):
        yield Finding(("kubernetes", "version"), f"`{version}` is not a version of three parts", "write it like 1.35.4")


def kubespray_tag(spec: ClusterSpec) -> Iterator[Finding]:
    """A tag of the Kubespray repository."""
    if not re.fullmatch(r"v\d+\.\d+\.\d+", spec.kubernetes.kubespray):
        yield Finding(("kubernetes", "kubespray"), f"`{spec.kubernetes.kubespray}` is not a release's tag", "write it like v2.31.0")


def endpoint_name(spec: ClusterSpec) -> Iterator[Finding]:
    """Certificates and every kubeconfig hold this name, and it must resolve to the virtual IP."""
    name, path = spec.endpoint.name, ("endpoint", "name")
    if re.fullmatch(r"[0-9.]+", name):
        if name not in [str(vip.address.ip) for _, vip in spec.endpoint.virtual_ips()]:
            yield Finding(path, f"the endpoint is named by an address that is not the virtual IP: {name}", "write a DNS name")
        return
    if "." not in name:
        yield Finding(path, f"`{name}` has no domain", f"write {name}.{spec.domain}: not every resolver adds a domain")
    for place in places(spec):
        if name in (place.name, f"{place.name}.{spec.domain}"):
            yield Finding(
                path,
                f"`{name}` is the name of the host `{place.name}`",
                "choose a name that resolves to the virtual IP",
                related=((place.address, f"`{place.name}` is here"),),
            )


def endpoint_port(spec: ClusterSpec) -> Iterator[Finding]:
    """HAProxy listens on every address, so nothing else on a load balancer may have the port."""
    taken = {MONITOR_PORT: "HAProxy's own loopback listener has it"}
    for name, host in spec.load_balancers.items():
        taken[host.ssh_port or spec.ssh.port] = f"SSH on `{name}` has it"
    if spec.endpoint.port in taken:
        yield Finding(
            ("endpoint", "port"), f"port {spec.endpoint.port} is taken: {taken[spec.endpoint.port]}", "choose another, such as 6443"
        )


def power_without_host(spec: ClusterSpec) -> Iterator[Finding]:
    """One command for every host would switch off the wrong one."""
    if spec.power is None:
        return
    for field in ("off", "on"):
        if "{host}" not in getattr(spec.power, field):
            yield Finding(
                ("power", field), f"the command to switch power {field} does not name a host", "put {host} where the name goes"
            )
