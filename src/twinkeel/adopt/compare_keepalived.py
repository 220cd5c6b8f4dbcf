"""Statements of one keepalived.conf that another one does not have, block by block. Pure."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_interface

from twinkeel.adopt.line_change import Change
from twinkeel.liveconfig.keepalived.file import Statement
from twinkeel.liveconfig.keepalived.model import Instance, VrrpConfig
from twinkeel.liveconfig.times import number

_NUMBERS = frozenset(("advert_int", "priority", "preempt_delay", "interval", "weight", "garp_master_delay"))


def compare_keepalived(one: VrrpConfig, other: VrrpConfig) -> Iterator[Change]:
    """Every statement of `one` that `other` lacks or says otherwise. Instances are compared by the addresses that they hold."""
    for statement in one.config.root.block:
        if not statement.words:
            continue
        if statement.keyword == "vrrp_instance":
            yield from _instance(Instance(statement, one), other)
        else:
            beside = [each for each in other.config.root.named(statement.keyword) if _named_alike(statement, each)]
            yield from _statement(statement, beside, (statement.keyword,))


def _named_alike(one: Statement, other: Statement) -> bool:
    return _texts(one) == _texts(other) or one.keyword == "global_defs"


def _instance(instance: Instance, other: VrrpConfig) -> Iterator[Change]:
    own = {vip.ip for _, vip in instance.vips}
    beside = [each for each in other.instances if own & {vip.ip for _, vip in each.vips}]
    names = " and ".join(_text(each.statement) for each in beside)
    if _text(instance.statement) not in {_text(each.statement) for each in beside} or len(beside) > 1:
        place = beside[0].statement.place if beside else None
        yield Change(instance.statement.place, ("vrrp_instance", "name"), _text(instance.statement), names, place)
    for each in instance.statement.block:
        if each.words:
            blocks = [found for one in beside for found in one.statement.named(each.keyword)]
            yield from _statement(each, blocks, ("vrrp_instance", each.keyword), instance.interface)


def _statement(one: Statement, others: Sequence[Statement], context: tuple[str, ...], interface: str = "") -> Iterator[Change]:
    """One statement with its block; `others` are those of its keyword on the other side, in the same block."""
    if not one.opened:
        if not any(_same(one, each, context, interface) for each in others):
            beside = _beside(one, others)
            yield Change(one.place, context, _text(one), _text(beside) if beside else "", beside.place if beside else None)
        return
    if not others:
        yield Change(one.place, context, _text(one))
    inner = [found for each in others for found in each.block if found.words]
    for each in one.block:
        if each.words:
            listed = context[-1] in (
                "virtual_ipaddress",
                "virtual_ipaddress_excluded",
                "unicast_peer",
                "track_script",
                "track_file",
            )
            alike = inner if listed else [found for found in inner if found.keyword == each.keyword]
            yield from _statement(each, alike, (*context, "" if listed else each.keyword), interface)


def _beside(one: Statement, others: Sequence[Statement]) -> Statement | None:
    """What says the same thing otherwise: the same keyword, or the same address of a list."""
    bare = one.keyword.partition("/")[0]
    same = [each for each in others if each.keyword.partition("/")[0] == bare]
    return same[-1] if same else None


def _same(one: Statement, other: Statement, context: tuple[str, ...], interface: str) -> bool:
    if _texts(one) == _texts(other):
        return True
    if "unicast_peer" in context:
        return one.keyword == other.keyword and set(_texts(one)) <= set(_texts(other))
    if "virtual_ipaddress" in context or "virtual_ipaddress_excluded" in context:
        return _address_of(one, interface) == _address_of(other, interface)
    if one.keyword == other.keyword and one.keyword in _NUMBERS and len(one.words) == len(other.words) == 2:
        return number(one.value()) is not None and number(one.value()) == number(other.value())
    return False


def _address_of(statement: Statement, interface: str) -> tuple[object, ...]:
    """The address with its prefix length, and its interface; then whatever else is said."""
    texts = [word.text for word in statement.words]
    try:
        address: object = ip_interface(texts[0])
    except ValueError:
        address = texts[0]
    rest = texts[1:]
    device = rest[rest.index("dev") + 1] if "dev" in rest[:-1] else interface
    others = [text for place, text in enumerate(rest) if text != "dev" and (place == 0 or rest[place - 1] != "dev")]
    preferred = [text for text in others if text not in ("preferred_lft", "0")]
    return (address, device, *preferred)


def _texts(statement: Statement) -> tuple[str, ...]:
    return tuple(word.text for word in statement.words)


def _text(statement: Statement) -> str:
    return " ".join(word.raw for word in statement.words)
