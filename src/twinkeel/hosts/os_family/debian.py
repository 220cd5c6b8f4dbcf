"""Debian, Ubuntu, and what is made from them."""

from twinkeel.hosts.os_family.model import OsFamily

DEBIAN = OsFamily("Debian", frozenset({"debian", "ubuntu"}), package_manager="apt", refresh="apt-get update")
