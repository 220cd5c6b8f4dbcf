"""The kinds of values that a spec is made of: what each accepts, and how the JSON Schema shows it.

A kind's title is its name in the schema and in the reference page.

A value that is refused gives an error of a type of ours (`ip_address`, `ip_network`, ...); `twinkeel.spec.load` says it in words.
"""

from collections.abc import Callable
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_interface,
)
from typing import Annotated, Any, Literal, LiteralString, get_args

from pydantic import BeforeValidator, Field, GetPydanticSchema, StrictBool, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError, core_schema

IPAddress = IPv4Address | IPv6Address
IPInterface = IPv4Interface | IPv6Interface
IPNetwork = IPv4Network | IPv6Network


def _anything(_: str) -> bool:
    return True


def _parsed(kind: LiteralString, parse: Callable[[str], Any], form: Callable[[str], bool] = _anything) -> GetPydanticSchema:
    """What turns text of a form into a value; anything else is an error of type `kind`."""

    def validate(value: Any) -> Any:
        if isinstance(value, IPAddress | IPNetwork):
            return value
        try:
            return parse(value) if isinstance(value, str) and form(value) else _refuse(kind)
        except ValueError as error:
            raise PydanticCustomError(kind, "this value is not understood") from error

    return GetPydanticSchema(lambda *_: core_schema.no_info_plain_validator_function(validate))


def _refuse(kind: LiteralString) -> Any:
    raise PydanticCustomError(kind, "this value is not text")


def _seconds_or_never(text: str) -> float | Literal["never"]:
    if text == "never":
        return "never"
    seconds = float(text)
    if not 0 <= seconds <= LONGEST_FAILBACK:
        raise ValueError(text)
    return seconds


def _address_or_host(text: str) -> IPAddress | None:
    """None stands for `host`: each machine's own address."""
    return None if text == "host" else ip_address(text)


# With these, `ipaddress` takes what the patterns below take: compiling those takes longer than the rest of a spec (test_fields.py).
def _without_scope(text: str) -> bool:
    """A scope (fd00::1%eth0) means something on one machine alone."""
    return "%" not in text


def _with_bits(text: str) -> bool:
    """With a prefix length in digits: `ipaddress` takes netmasks, too, and leading zeros."""
    bits = text.partition("/")[2]
    return _without_scope(text) and bits.isascii() and bits.isdigit() and (bits == "0" or not bits.startswith("0"))


def _perhaps_with_bits(text: str) -> bool:
    return _with_bits(text) if "/" in text else _without_scope(text)


LONGEST_FAILBACK = 1000
"""What a delay of preemption can be, in seconds."""

_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_V4 = rf"{_OCTET}(\.{_OCTET}){{3}}"
_GROUP = "[0-9a-fA-F]{1,4}"
_LAST = f"({_GROUP}:{_GROUP}|{_V4})"


def _compressed(after: int) -> str:
    """IPv6 addresses with `::` and so many groups of 16 bits behind it."""
    before = "" if after == 7 else f"({_GROUP}(:{_GROUP}){{0,{6 - after}}})?"
    behind = f"({_GROUP}:){{{after - 2}}}{_LAST}" if after > 1 else _GROUP * after
    return f"{before}::{behind}"


# RFC 3986 3.2.2. Leading zeros of IPv4 are octal to some programs.
_V6 = "|".join((f"({_GROUP}:){{6}}{_LAST}", *(_compressed(after) for after in range(7, -1, -1))))
_BITS4, _BITS6 = "(3[0-2]|[12]?[0-9])", "(12[0-8]|1[01][0-9]|[1-9]?[0-9])"
_WITH_BITS = f"{_V4}/{_BITS4}|({_V6})/{_BITS6}"


def _text(title: str, pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"title": title, "type": "string", "pattern": f"^({pattern})$"})


Address = Annotated[IPAddress, _parsed("ip_address", ip_address, _without_scope), _text("IP address", f"{_V4}|{_V6}")]
Address6 = Annotated[IPv6Address, _parsed("ip_v6_address", IPv6Address, _without_scope), _text("IPv6 address", _V6)]
# With BGP it has no prefix length; elsewhere one without has a finding of its own.
Interface = Annotated[
    IPInterface,
    _parsed("ip_interface", ip_interface, _perhaps_with_bits),
    _text("IP address with prefix length", f"{_WITH_BITS}|{_V4}|{_V6}"),
]
Network = Annotated[IPv4Network, _parsed("ip_v4_network", IPv4Network, _with_bits), _text("IPv4 network", f"{_V4}/{_BITS4}")]
Network6 = Annotated[IPv6Network, _parsed("ip_v6_network", IPv6Network, _with_bits), _text("IPv6 network", f"({_V6})/{_BITS6}")]
# One machine, or a network: a host's bits do not matter here.
Reader = Annotated[
    IPInterface,
    _parsed("reader", ip_interface, _perhaps_with_bits),
    _text("IP address or network", f"{_WITH_BITS}|{_V4}|{_V6}"),
]
_OR_HOST = f"host|{_V4}|{_V6}"
AddressOrHost = Annotated[
    IPAddress | None, _parsed("address_or_host", _address_or_host, _without_scope), _text("`host` or IP address", _OR_HOST)
]
SecondsOrNever = Annotated[
    float | Literal["never"],
    _parsed("seconds_or_never", _seconds_or_never),
    WithJsonSchema(
        {
            "title": f"number, 0 to {LONGEST_FAILBACK}, or `never`",
            "anyOf": [{"const": "never"}, {"type": "number", "minimum": 0, "maximum": LONGEST_FAILBACK}],
        }
    ),
]

_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
HostName = Annotated[str, StringConstraints(pattern=f"^{_LABEL}$"), Field(title="host name")]
DomainName = Annotated[str, StringConstraints(max_length=253, pattern=rf"^{_LABEL}(\.{_LABEL})*$"), Field(title="DNS name")]
InterfaceName = Annotated[str, StringConstraints(pattern=r"""^[^\s/:"'#!$@{}\\]{1,15}$"""), Field(title="interface name")]
"""What Linux allows an interface to be called (IFNAMSIZ less one), and nothing that would need quoting."""

Word = Annotated[str, StringConstraints(pattern=r"""^[^\s"'#\\]+$"""), Field(title="word")]
"""Text that goes into a configuration file as one word."""

UrlPath = Annotated[str, StringConstraints(pattern=r"""^/[^\s"'#\\]*$"""), Field(title="path")]

AbsolutePath = Annotated[str, StringConstraints(pattern=r"""^/[^\s"'#\\]+$"""), Field(title="absolute path")]

PromFile = Annotated[str, StringConstraints(pattern=r"""^/[^\s"'#\\]+\.prom$"""), Field(title="absolute path that ends in .prom")]
"""What node_exporter's textfile collector reads: it passes over every other name."""

Port = Annotated[int, Field(ge=1, le=65535, title="port")]
AsNumber = Annotated[int, Field(ge=1, le=4_294_967_294, title="AS number")]
_U16 = "(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3}|0)"
_U32 = "(0|[1-9][0-9]{0,8}|[1-3][0-9]{9}|4[01][0-9]{8})"
BgpCommunity = Annotated[
    str, StringConstraints(pattern=f"^({_U16}:{_U16}|{_U32}:{_U32}:{_U32}|no-export)$"), Field(title="BGP community")
]
"""A community (RFC 1997), a large one (RFC 8092; numbers up to 4 199 999 999), or no-export."""
Flag = StrictBool
"""true or false, and not the yes, no, on and off that YAML's versions read differently."""

_VERSION = r"^[0-9]+\.[0-9]+(\.[0-9]+)?$"
# YAML reads 2.6 as a number; the document keeps its text, and an editor must not complain.
Version = Annotated[
    str,
    StringConstraints(pattern=_VERSION),
    WithJsonSchema({"title": "version", "anyOf": [{"type": "string", "pattern": _VERSION}, {"type": "number"}]}),
]


def short_form(field: str, written: Any) -> BeforeValidator:
    """Lets a mapping be written as the value of its main key: an address instead of `{address: ...}`.

    `written` is what the JSON Schema then allows: the kind of the main key, or the mapping.
    """
    return BeforeValidator(lambda value: {field: value} if isinstance(value, str) else value, json_schema_input_type=written)


def is_address(text: str) -> bool:
    """Whether it is an IPv4 or IPv6 address and nothing else."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def one_or_more(written: Any) -> BeforeValidator:
    """Lets a list of one be written without brackets; `written` is what the JSON Schema then allows."""
    return BeforeValidator(lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=written)


def pattern_of(kind: object) -> str:
    """The pattern of one of the kinds of text above."""
    return next(str(item.pattern) for item in get_args(kind) if isinstance(item, StringConstraints))
