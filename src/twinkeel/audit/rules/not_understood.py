"""What the audit itself could not read."""

from collections.abc import Iterator

from twinkeel.audit.pair import Pair
from twinkeel.audit.rule import Example, Finding, Rule


def check(pair: Pair) -> Iterator[Finding]:
    remarks = [remark for host in pair.hosts for remark in host.remarks]
    for remark in remarks + [remark for inventory in pair.inventories for remark in inventory.remarks]:
        # Braces have a rule of their own.
        if not remark.text.startswith("this brace"):
            yield Finding(remark.text, remark.place)


RULE = Rule(
    name="not-understood",
    severity="info",
    what="text that the audit could not read: an included file that is not here, a line before the first section, a quote or "
    "`.if` without an end, an unknown dot directive, what Ansible refuses in an inventory, files or blocks that are too long "
    "or too deep.",
    why="The other rules have not seen what stands there. Keywords are not looked up: a misspelt one is found by `haproxy -c "
    "-f` and `keepalived -t -f`, whose versions know their own.",
    fix="give the missing file, or look at the place yourself",
    source="this project's own parsers",
    bad=Example(
        keepalived="""\
global_defs {
    vrrp_garp_master_refresh 60
}
«include /etc/keepalived/conf.d/*.conf»
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
global_defs {
    vrrp_garp_master_refresh 60
}
""",
    ),
    check=check,
)
