"""Which etcd members an API server asks. Pure."""

from collections.abc import Collection

from twinkeel.spec.model import ClusterSpec


def asks_own_etcd_member(spec: ClusterSpec) -> bool:
    """Whether each API server asks the member on its own host alone.

    Whoever asks all members in turn loses one read in three when one host is lost, until gRPC gives its member up after ten
    seconds (gRPC proposal A18, TCP user timeout), however soon the load balancers have taken that host out.
    """
    if spec.kubernetes.api_server.etcd is not None:
        return spec.kubernetes.api_server.etcd == "own"
    return can_ask_own_member(spec.control_plane, spec.etcd or spec.control_plane)


def can_ask_own_member(control_plane: Collection[str], etcd: Collection[str]) -> bool:
    """Whether every control-plane host has a member, and there is more than that one."""
    return len(etcd) > 1 and set(control_plane) <= set(etcd)
