"""A word that Keepalived does not know where it stands."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import islice

from twinkeel.audit.rule import Example, Finding, Rule, at, each_keepalived
from twinkeel.liveconfig.keepalived.file import Statement
from twinkeel.liveconfig.keepalived.model import VrrpConfig

# keepalived.conf(5) of 2.4 and what 2.2.7 takes besides; checks, BFD and IPVS are not looked into.
_TOP = frozenset(
    (
        *("global_defs", "vrrp_script", "vrrp_instance", "vrrp_sync_group", "vrrp_track_process", "vrrp_track_file", "track_file"),
        *(
            "virtual_server",
            "virtual_server_group",
            "SSL",
            "ssl",
            "bfd_instance",
            "garp_group",
            "track_group",
            "static_track_group",
        ),
        *("static_ipaddress", "static_routes", "static_rules", "linkbeat_interfaces", "linkbeat_use_polling", "net_namespace"),
        *("net_namespace_ipvs", "namespace_with_ipsets", "use_pid_dir", "instance", "child_wait_time", "interface_up_down_delays"),
    )
)
_SCRIPT = frozenset(("script", "interval", "timeout", "weight", "rise", "fall", "user", "init_fail"))
_INSTANCE = frozenset(
    (
        *(
            "use_vmac",
            "use_vmac_addr",
            "vmac_xmit_base",
            "use_ipvlan",
            "unicast_peer",
            "unicast_fault_no_peer",
            "check_unicast_src",
        ),
        *("old_unicast_checksum", "native_ipv6", "state", "interface", "vrf", "dont_track_primary", "track_interface"),
        *("track_script", "track_file", "track_process", "track_bfd", "mcast_src_ip", "unicast_src_ip", "mcast_dst_ip"),
        *("track_src_ip", "virtual_router_id", "unicast_ttl", "version", "priority", "advert_int", "virtual_ipaddress"),
        *("virtual_ipaddress_excluded", "no_virtual_ipaddress", "promote_secondaries", "linkbeat_use_polling", "v3_checksum_as_v2"),
        *("virtual_routes", "virtual_rules", "accept", "no_accept", "skip_check_adv_addr", "strict_mode", "preempt", "nopreempt"),
        *("preempt_delay", "debug", "notify", "notify_backup", "notify_master", "notify_fault", "notify_stop", "notify_deleted"),
        *("notify_master_rx_lower_pri", "smtp_alert", "notify_priority_changes", "lvs_sync_daemon_interface"),
        *("garp_master_delay", "garp_master_refresh", "garp_master_repeat", "garp_master_refresh_repeat", "garp_lower_prio_delay"),
        *("garp_lower_prio_repeat", "down_timer_adverts", "timer_expired_backup", "thread_timer_expired", "garp_extra_if"),
        *("vmac_garp_intvl", "vmac_garp_extra_if", "lower_prio_no_advert", "higher_prio_send_advert", "owner_ignore_adverts"),
        *("kernel_rx_buf_size", "authentication", "auth_hmac"),
    )
)


MOST = 20
"""A file with more unknown words is another program's: it need not be told word by word."""


def check(config: VrrpConfig) -> Iterator[Finding]:
    return islice(_everywhere(config), MOST)


def _everywhere(config: VrrpConfig) -> Iterator[Finding]:
    yield from _unknown(config.config.root.block, _TOP)
    for block in config.config.root.named("vrrp_script"):
        yield from _unknown(block.block, _SCRIPT)
    for block in config.config.root.named("vrrp_instance"):
        yield from _unknown(block.block, _INSTANCE)


def _unknown(lines: Sequence[Statement], known: frozenset[str]) -> Iterator[Finding]:
    for line in lines:
        if line.words and line.keyword not in known and "$" not in line.keyword:
            close = get_close_matches(line.keyword[:40], known, n=1)
            hint = f" ({close[0]} is)" if close else ""
            yield at(
                line.words[0], f"{line.keyword} is no word of Keepalived's here{hint}: it is left out, with what belongs to it"
            )


RULE = Rule(
    name="unknown-keyword",
    severity="warning",
    what="a word at the top of keepalived.conf, in a `vrrp_script` or in a `vrrp_instance`, that Keepalived does not know there.",
    why="Keepalived logs it, leaves it out and starts: `fail 2` counts nothing, `vvrp_script` is no check, and the host runs "
    "without what was meant.",
    fix="the right word; `keepalived -t` names each one",
    source="keepalived.conf(5); Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
    «fail» 2
}
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
    fall 2
}
"""
    ),
    check=each_keepalived(check),
)
