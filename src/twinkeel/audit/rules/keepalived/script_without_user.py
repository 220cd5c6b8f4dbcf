"""A check that Keepalived switches off because it does not know as whom to run it."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_keepalived
from twinkeel.liveconfig.keepalived.model import VrrpConfig


def check(config: VrrpConfig) -> Iterator[Finding]:
    security = config.global_line("enable_script_security")
    for definition in config.definitions if security else ():
        if security and config.lacks_user(definition):
            message = f"{definition.name} has no user: Keepalived switches it off where the host has no user keepalived_script"
            yield Finding(message, definition.statement.place, ((security.place, "asks for a user"),))


RULE = Rule(
    name="script-without-user",
    severity="error",
    what="`enable_script_security` and a script, without `script_user` or the script's own `user`.",
    why="Keepalived then wants a user `keepalived_script`. Debian and Ubuntu have none: the script is removed with a line in the "
    "log, no instance tracks anything, and the address stays on a host whose HAProxy is dead.",
    fix="`script_user nobody` in `global_defs`, before the scripts (`script_user root` where the check needs it)",
    source="keepalived.conf(5), script_user; Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
global_defs {
    enable_script_security
}
«vrrp_script haproxy» {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
}
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
global_defs {
    enable_script_security
}
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    user nobody
    interval 2
}
"""
    ),
    check=each_keepalived(check),
)
