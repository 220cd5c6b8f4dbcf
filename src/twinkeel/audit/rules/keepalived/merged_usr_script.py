"""A script below /bin or /sbin, which Keepalived 2.3 calls insecure."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, at, each_keepalived
from twinkeel.liveconfig.keepalived.model import VrrpConfig


def check(config: VrrpConfig) -> Iterator[Finding]:
    for definition in config.definitions:
        words = definition.command
        # Keepalived takes single quotes as well; to its file they are part of the word.
        program = words[0].text.split()[0].strip("'") if words and words[0].text.strip() else ""
        if definition.kind == "script" and program.startswith(("/bin/", "/sbin/")):
            yield at(words[0], f"Keepalived 2.3 disables {program} where /bin is a link: the check is not made")


RULE = Rule(
    name="merged-usr-script",
    severity="warning",
    what="a `script` whose program is named by a path below /bin or /sbin.",
    why="On today's distributions these are links to /usr. Keepalived 2.3.3 and 2.3.4 with script security call such a "
    "path insecure, disable the script with one line in the log, and run the instance without it. In 2.2 a link such "
    "as /bin/pidof is followed to killall5, which always fails.",
    fix="the path without links: `/usr/bin/...`",
    source="Keepalived 2.3.3 and 2.3.4, run; 2.2.7 for the link",
    versions="2.3.3 and 2.3.4, on a merged /usr",
    bad=Example(
        keepalived="""\
vrrp_script haproxy {
    script «"/bin/systemctl is-active haproxy"»
}
vrrp_script process {
    script «'/bin/pidof» haproxy'
}
"""
    ),
    good=Example(
        keepalived="""\
vrrp_script haproxy {
    script "/usr/bin/systemctl is-active haproxy"
}
"""
    ),
    check=each_keepalived(check),
)
