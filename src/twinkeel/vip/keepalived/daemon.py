"""What every layer may know of Keepalived. Values only; nothing of ours is imported but their types."""

from twinkeel.vip.daemon import KnownBad, LostAddress, SecurityFix, VrrpDaemon

_UNIT = "keepalived"
_LACKS = "it lacks what keepalived.conf needs (track_file, TTL checks)"

KEEPALIVED = VrrpDaemon(
    name="Keepalived",
    unit=_UNIT,
    config_path="/etc/keepalived/keepalived.conf",
    # 2.1 brought `min_ttl`, `max_ttl` and `vrrp_rlimit_rttime`.
    known=((2, 1), (2, 4)),
    # Distributions correct security faults without a new version, so those are warnings.
    known_bad=(
        KnownBad(_UNIT, (0,), (2, 0, 9999), "failure", _LACKS, "2.1", False),
        KnownBad(_UNIT, (0,), (2, 0, 6), "warning", "CVE-2018-19115, unless the distribution corrected it", "2.0.7", False),
        KnownBad(_UNIT, (0,), (2, 2, 4), "warning", "CVE-2021-44225, unless the distribution corrected it", "2.2.5", False),
    ),
    # 2.4.0 brought `auth_hmac`; 2.4.2 brought `receive-only`, IPv6 and the signed text that later ones share.
    signs_since=(2, 4, 2),
    # Any user of the host could change it through D-Bus.
    security_fix=SecurityFix((2, 2, 5), "CVE-2021-44225"),
    selinux_boolean="keepalived_connect_any",
    lost_address=LostAddress("Keepalived 2.2.7 notices late or never", "keepalived issue 2564"),
)
