"""Rules about raw lines: those that the daemon takes, and that undo what the rest of its file promises."""

import re
from collections.abc import Iterator

from twinkeel.diagnostic import quoted
from twinkeel.spec.model import ClusterSpec
from twinkeel.spec.rule import Finding

_OPTIONS = "httpchk|tcp-check|ssl-hello-chk|smtpchk|mysql-check|pgsql-check|redis-check|ldap-check|spop-check|external-check"
_CHECKS = re.compile(rf"\s*((no\s+)?option\s+({_OPTIONS})|http-check|tcp-check)\b.*")


def another_check_of_the_api(spec: ClusterSpec) -> Iterator[Finding]:
    """HAProxy takes the last check and does not warn: with `option tcp-check`, an API server that is not ready counts as up."""
    extra = spec.haproxy.extra
    # Where the API's backend has a check of its own, one in `defaults` does not reach it.
    raw = {"backend": extra.backend} | ({"defaults": extra.defaults} if spec.kubernetes.api_check.type == "tcp" else {})
    for place, text in raw.items():
        for line in filter(_CHECKS.fullmatch, (text or "").splitlines()):
            yield Finding(
                ("haproxy", "extra", place),
                f"{quoted(line.strip())} replaces the health check of the API servers",
                "delete the line; `kubernetes.api_check` says how API servers are asked",
            )
