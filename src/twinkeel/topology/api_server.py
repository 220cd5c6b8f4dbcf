"""The API servers' arguments that matter to a load balancer: one place for what Kubespray is told and for what the lab runs."""

from collections.abc import Mapping

from twinkeel.topology.settings import Cluster

VARIABLE = "kube_kubeadm_apiserver_extra_args"
"""Kubespray's variable, in every release from v2.16 on: it writes each value as a text into kubeadm's configuration."""

DELAY, RETRY_AFTER, GOAWAY = "shutdown-delay-duration", "shutdown-send-retry-after", "goaway-chance"
ETCD_SERVERS = "etcd-servers"
OWN_MEMBER = "https://127.0.0.1:2379"
"""Where an etcd member listens for its own host: Kubespray's since v2.16 (etcd.env.j2), kubeadm's own, and the lab's. The member's
certificate names the address in all three."""
# Kubernetes pull request 101257; an API server that meets an unknown flag does not start.
_RETRY_AFTER_SINCE = 23


def minor(version: str) -> int:
    """36 of 1.36.2."""
    return int(version.split(".")[1])


def balanced_arguments(cluster: Cluster, version: str) -> dict[str, str]:
    """The flags, without dashes, that an API server behind load balancers gets in this version of Kubernetes.

    The user's own values (`VARIABLE`) are in their place; a template of Ansible's stands for nothing that we know.
    """
    own = _own(cluster, version)
    given = _given(cluster) or {}
    known = {name: text for name in _names(version) if name in given and "{{" not in (text := _text(given[name]))}
    return own | known


def extra_arguments(cluster: Cluster) -> dict[str, object]:
    """What Kubespray's variable holds: ours, and all of the user's, which win. Nothing when theirs is no mapping (a template)."""
    given = _given(cluster)
    return {} if given is None else {**_own(cluster, cluster.version), **given}


def _names(version: str) -> tuple[str, ...]:
    late = (RETRY_AFTER,) if minor(version) >= _RETRY_AFTER_SINCE else ()
    return (DELAY, *late, GOAWAY, ETCD_SERVERS)


def _own(cluster: Cluster, version: str) -> dict[str, str]:
    values: dict[str, str] = {}
    if cluster.shutdown_delay:
        values[DELAY] = f"{cluster.shutdown_delay:g}s"
        # After the delay: 429 and "Connection: close" instead of a connection that breaks.
        values[RETRY_AFTER] = "true"
    if cluster.goaway_chance:
        values[GOAWAY] = f"{cluster.goaway_chance:g}"
    if cluster.own_etcd_member:
        values[ETCD_SERVERS] = OWN_MEMBER
    return {name: values[name] for name in _names(version) if name in values}


def _given(cluster: Cluster) -> Mapping[str, object] | None:
    """The user's own arguments; none is an empty mapping, and None is what we cannot read."""
    value = cluster.variables.get(VARIABLE, {})
    return value if isinstance(value, Mapping) else None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
