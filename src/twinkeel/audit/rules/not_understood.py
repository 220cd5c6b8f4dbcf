"""What the audit itself could not read."""

from collections.abc import Iterator

from twinkeel.audit.pair import Host
from twinkeel.audit.rule import Example, Finding, Rule, each_host


def check(host: Host) -> Iterator[Finding]:
    for remark in host.remarks:
        # Braces have a rule of their own.
        if not remark.text.startswith("this brace"):
            yield Finding(remark.text, remark.place)


RULE = Rule(
    name="not-understood",
    severity="info",
    what="text that the audit does not understand: a file that is included and not here, an unknown directive, a quote "
    "without an end.",
    why="The other rules have not seen what stands there.",
    fix="give the missing file, or look at the place yourself",
    source="this project's own parsers",
    bad=Example(
        keepalived="""\
global_defs {
    vrrp_garp_master_refresh 60
}
«include /etc/keepalived/conf.d/*.conf»
""",
        told=True,
    ),
    good=Example(
        keepalived="""\
global_defs {
    vrrp_garp_master_refresh 60
}
""",
    ),
    check=each_host(check),
)
