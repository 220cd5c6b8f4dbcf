"""Scripts that run with root's rights, whoever may change them."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_keepalived
from twinkeel.liveconfig.keepalived.model import VrrpConfig

_SCRIPTS = ("notify", "notify_master", "notify_backup", "notify_fault", "notify_stop", "notify_fifo_script")


def check(config: VrrpConfig) -> Iterator[Finding]:
    if config.global_line("enable_script_security"):
        return
    scripts = [definition.statement for definition in config.definitions if definition.kind == "script"]
    scripts += [line for block in config.config.root.block for line in block.named(*_SCRIPTS)]
    if scripts:
        yield Finding("scripts run as root although others than root may be able to change them", scripts[0].place)


RULE = Rule(
    name="no-script-security",
    severity="warning",
    what="scripts without `enable_script_security`.",
    why="Keepalived runs scripts as root where there is no user `keepalived_script`. Without this word it also does so "
    "when another user may write the script or a folder above it.",
    fix="`enable_script_security` and `script_user nobody` in `global_defs`; scripts owned by root, mode 0755",
    source="keepalived.conf(5); `keepalived -t` of 2.2.7 and 2.3.3 ends with 6 where an instance tracks the script",
    bad=Example(
        keepalived="""\
global_defs {
    router_id lb-1
}
«vrrp_script haproxy» {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
}
"""
    ),
    good=Example(
        keepalived="""\
global_defs {
    router_id lb-1
    enable_script_security
    script_user nobody
}
vrrp_script haproxy {
    script "/usr/bin/pgrep -x haproxy"
    interval 2
}
"""
    ),
    check=each_keepalived(check),
)
