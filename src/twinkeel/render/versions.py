"""What each version of HAProxy and Keepalived can be told.

Read in the sources of their releases (v2.2.0 to v3.4.0, v2.1.0 to v2.4.3). A keyword that a version lacks is left out where
that only costs comfort, and refused (see `twinkeel.render.constraints`) where the user asked for it.
"""

from collections.abc import Mapping

from twinkeel.vip.daemon import Version

HAPROXY_KEYWORDS: Mapping[str, Version] = {
    # How long a quiet connection stays until its end is asked for a sign of life. Before: the kernel's two hours.
    "clitcpka-idle": (2, 3),
    # `.if`, `.alert` and the predicate feature(); before, a file cannot ask whether the Prometheus exporter was built in.
    ".if": (2, 4),
}
"""Keyword -> the first version that has it, for those that some known version lacks (`twinkeel.spec.software_versions`)."""


def haproxy_has(version: Version, keyword: str) -> bool:
    """Whether this HAProxy knows the keyword. Raises KeyError for one that is not in HAPROXY_KEYWORDS."""
    return version[:2] >= HAPROXY_KEYWORDS[keyword]
