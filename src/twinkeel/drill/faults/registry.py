"""Every fault that a drill can inject, in the order in which `twinkeel drill list` shows them."""

from difflib import get_close_matches

from twinkeel.drill.fault import Fault
from twinkeel.drill.faults import (
    all_api_servers_lost,
    api_server_hang,
    api_server_kill,
    api_server_not_ready,
    api_server_slow,
    api_server_stop,
    balancer_cut_from_control_plane,
    balancers_partitioned,
    bgp_session_flap,
    bgpd_kill,
    both_balancers_rebooted,
    control_plane_power_loss,
    cpu_saturation,
    etcd_leader_kill,
    frr_stop,
    haproxy_dead,
    haproxy_hang,
    haproxy_kill,
    haproxy_stop,
    keepalived_hang,
    keepalived_kill,
    keepalived_stop,
    link_cut,
    link_flap,
    planned_switchover,
    power_loss,
    reboot_holder,
    reload_then_server_hang,
    reload_then_server_lost,
    router_power_loss,
    two_of_three_lost,
    vrrp_process_kill,
    vrrp_stranger,
)
from twinkeel.errors import UsageError

FAULTS: tuple[Fault, ...] = (
    reboot_holder.FAULT,
    haproxy_stop.FAULT,
    power_loss.FAULT,
    haproxy_kill.FAULT,
    haproxy_dead.FAULT,
    haproxy_hang.FAULT,
    keepalived_stop.FAULT,
    keepalived_kill.FAULT,
    vrrp_process_kill.FAULT,
    keepalived_hang.FAULT,
    planned_switchover.FAULT,
    both_balancers_rebooted.FAULT,
    link_cut.FAULT,
    link_flap.FAULT,
    balancers_partitioned.FAULT,
    balancer_cut_from_control_plane.FAULT,
    cpu_saturation.FAULT,
    vrrp_stranger.FAULT,
    frr_stop.FAULT,
    bgpd_kill.FAULT,
    bgp_session_flap.FAULT,
    router_power_loss.FAULT,
    api_server_stop.FAULT,
    api_server_kill.FAULT,
    api_server_hang.FAULT,
    api_server_not_ready.FAULT,
    api_server_slow.FAULT,
    control_plane_power_loss.FAULT,
    reload_then_server_hang.FAULT,
    reload_then_server_lost.FAULT,
    two_of_three_lost.FAULT,
    all_api_servers_lost.FAULT,
    etcd_leader_kill.FAULT,
)

# The two tests that a careful person does by hand, and the one that costs a walk to the rack.
DEFAULT = ("reboot-holder", "haproxy-stop", "power-loss")


def find_fault(name: str) -> Fault:
    """The fault of that id. Raises UsageError that lists those there are."""
    ids = [fault.id for fault in FAULTS]
    for fault in FAULTS:
        if fault.id == name:
            return fault
    close = get_close_matches(name, ids, n=1)
    guess = f"did you mean {close[0]}? " if close else ""
    raise UsageError(f"there is no scenario {name!r}", hint=f"{guess}one of: {', '.join(ids)}")
