"""Red Hat Enterprise Linux, Fedora, and what is made from them."""

from twinkeel.hosts.os_family.model import OsFamily

RED_HAT = OsFamily(
    "Red Hat", frozenset({"rhel", "fedora", "centos", "rocky", "almalinux"}), package_manager="dnf", refresh="dnf makecache"
)
