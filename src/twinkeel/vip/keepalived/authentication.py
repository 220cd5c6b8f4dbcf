"""What a keepalived.conf says about signed advertisements."""

from typing import get_args

from twinkeel.liveconfig.keepalived.file import Statement, parse_keepalived
from twinkeel.render.vrrp_authentication import NONE, Authentication, Mode
from twinkeel.source import SourceFile


def authentication_of(config: str) -> Authentication:
    """Of the first instance that has `auth_hmac`: ours are all alike."""
    if "auth_hmac" not in config:
        return NONE
    root = parse_keepalived(SourceFile("keepalived.conf", config)).root
    blocks = [each for instance in root.named("vrrp_instance") for each in instance.named("auth_hmac")]
    return _read(blocks[0]) if blocks else NONE


def _read(block: Statement) -> Authentication:
    # Without `mode` Keepalived enforces.
    stated = next((each.value() for each in block.named("mode")), "enforce")
    mode: Mode = next((mode for mode in get_args(Mode) if mode == stated and mode != "none"), "enforce")
    keys = frozenset((each.value(), each.value(2)) for each in block.named("key") if len(each.words) > 2)
    return Authentication(mode, keys, next((each.value() for each in block.named("active_key")), ""))
