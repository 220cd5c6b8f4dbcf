"""A brace too many, or one too few."""

from collections.abc import Iterator

from twinkeel.audit.rule import Example, Finding, Rule, each_keepalived
from twinkeel.liveconfig.keepalived.model import VrrpConfig


def check(config: VrrpConfig) -> Iterator[Finding]:
    for remark in config.config.remarks:
        if remark.text.startswith("this brace"):
            yield Finding(remark.text, remark.place)


RULE = Rule(
    name="unbalanced-braces",
    severity="error",
    what="a brace that is not closed, or closes nothing, or opens a block without a keyword.",
    why="Keepalived guesses: what follows is read as part of another block and mostly left out, so that an instance has "
    "no address or no check. It starts all the same.",
    fix="balance the braces",
    source="Keepalived 2.2.7, run",
    bad=Example(
        keepalived="""\
vrrp_instance api «{»
    interface eth0
    virtual_router_id 71
    priority 200
    virtual_ipaddress {
        192.168.1.110/24
    }
""",
        checker_complains=True,
    ),
    good=Example(
        keepalived="""\
vrrp_instance api
{
    interface eth0 # {
    virtual_router_id 71
    priority 200
    virtual_ipaddress { 192.168.1.110/24 }
}
"""
    ),
    check=each_keepalived(check),
)
