"""What the model refuses, in words: one diagnostic for each of pydantic's errors, at the place that causes it."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import ip_network

from pydantic_core import ErrorDetails

from twinkeel.diagnostic import Diagnostic, quoted
from twinkeel.spec import fields
from twinkeel.spec.document import Document, Key
from twinkeel.spec.model_path import bounds, known_keys, plain_kinds, steps

NAME_HINT = "use lower-case letters, digits and hyphens, beginning and ending with a letter or digit"


@dataclass(frozen=True)
class _Problem:
    """A problem of one value in words."""

    code: str
    message: str
    hint: str


def diagnostic(details: ErrorDetails, path: Key, document: Document) -> Diagnostic:
    """The diagnostic for one error of a known key; `path` is its place in the document."""
    kind = details["type"]
    if kind == "missing":
        return _missing(path, document)
    if is_key(details):
        return Diagnostic("S015", "error", f"{quoted(path[-1])} cannot be {_named(path)}", document.key_span(path), NAME_HINT)
    problem = _in_words(details, path)
    name = _field_name(path, document)
    return Diagnostic(problem.code, "error", f"`{name}`: {problem.message}", document.value_span(path), problem.hint)


def is_key(details: ErrorDetails) -> bool:
    """Whether the error is about the key itself, and not about its value."""
    return details["loc"][-1:] == ("[key]",)


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    # A long word is no slip of the finger, and comparing it takes long.
    return next(iter(get_close_matches(word, list(known), n=1)), None) if len(word) <= 64 else None


def _named(path: Key) -> str:
    return "a service's name" if path[0] == "services" else "a host's name"


def unknown_key(path: Key, meant: str | None, document: Document) -> Diagnostic:
    """The diagnostic for a key that the model does not know; `meant` is the known one that is closest."""
    known = known_keys(path[:-1])
    hint = f"did you mean `{meant}`?" if meant else f"known keys here: {', '.join(known)}"
    return Diagnostic("S010", "error", f"{quoted(path[-1])} is not a key that Twinkeel knows", document.key_span(path), hint)


def _missing(path: Key, document: Document) -> Diagnostic:
    parent = ".".join(map(str, path[:-1]))
    inside = f" in {quoted(parent)}" if parent else ""
    field = steps(path)[-1].field
    example = field.examples[0] if field is not None and field.examples else None
    such = f" such as `{path[-1]}: {example}`" if isinstance(example, str | int) else f" `{path[-1]}:`"
    # At the top of the file it belongs nowhere in particular.
    span = document.key_span(path[:-1]) if parent else None
    return Diagnostic("S011", "error", f"`{path[-1]}` is missing{inside}", span, f"add a line{such}")


def _field_name(path: Key, document: Document) -> str:
    """The last part of the path that the user wrote: a host given as an address has no key `address`."""
    written = path if document.has(path) else path[:-1]
    if written and isinstance(written[-1], int):
        return f"{written[-2]}[{written[-1]}]"
    return quoted(written[-1] if written else path[-1]).strip("`")


def _in_words(details: ErrorDetails, path: Key) -> _Problem:
    kind, value = details["type"], details["input"]
    what = _wanted(path)
    if _is_host(path) and kind == "model_type":
        missing = "no value is given" if value is None else f"{quoted(value)} is not {what}"
        return _Problem("S012", missing, "write `name: address`")
    if value is None:
        hint = f"write {what}" if _is_needed(path) else "give one, or delete the line to get the default"
        return _Problem("S012", "no value is given", hint)
    if kind in _VALUES:
        return _Problem("S014", f"{quoted(value)} is not {_VALUES[kind][0]}", _value_hint(kind, value))
    if kind == "literal_error":
        return _choice(value, str(details["ctx"]["expected"]))
    if kind == "string_pattern_mismatch":
        expected, hint = _PATTERNS.get(details["ctx"]["pattern"], ("what may stand here", ""))
        return _Problem("S015", f"{quoted(value)} cannot be {expected}", hint)
    if kind == "string_too_long":
        return _Problem("S015", f"{quoted(value)} is too long", f"use at most {details['ctx']['max_length']} characters")
    if kind in ("greater_than_equal", "less_than_equal", "int_parsing_size", "finite_number"):
        return _Problem("S016", f"{quoted(value)} is out of range", f"write {what}")
    if kind in ("too_short", "too_long"):
        return _count(kind, path, details["ctx"])
    return _Problem("S012", f"{quoted(value)} is not {what}", f"write {what}")


def _is_needed(path: Key) -> bool:
    return steps(path)[-1].required or steps(path)[-1].holder != "model"


def _wanted(path: Key) -> str:
    """What a place asks for: "a whole number from 1 to 65535", "a group of `key: value` lines"."""
    if known_keys(path):
        return "a group of `key: value` lines" if not _is_host(path) else "an address, or a group of `key: value` lines"
    step = steps(path)[-1]
    kinds = plain_kinds(step.field.annotation) if step.field is not None else {str}
    if kinds & {int, float} and step.field is not None:
        return _number("a whole number" if int in kinds else "a number", bounds(step.field), _unit(step.field.json_schema_extra))
    if bool in kinds:
        return "true or false"
    if step.field is not None and str(step.field.annotation).startswith("dict["):
        return _LINES.get(path, "a group of `name: address` lines")
    if step.field is not None and "list[" in str(step.field.annotation):
        return "a list: [one, another]"
    return "text"


_LINES: dict[Key, str] = {
    ("services",): "a group of services, each with its `port`",
    ("kubernetes", "variables"): "a group of `variable: value` lines",
}


def _is_host(path: Key) -> bool:
    return len(path) == 2 and path[0] in ("load_balancers", "control_plane", "etcd", "workers")


def _unit(extra: object) -> str:
    unit = extra.get("unit") if isinstance(extra, dict) else None
    return {"s": " of seconds"}.get(str(unit), "")


def _number(kind: str, limits: tuple[float | None, float | None], unit: str) -> str:
    least, most = limits
    between = f" from {least:g} to {most:.16g}" if least is not None and most is not None else ""
    return f"{kind}{unit}{between}"


def _choice(value: object, expected: str) -> _Problem:
    choices = expected.replace("'", "").replace(" or ", ", ").split(", ")
    close = closest(str(value).lower(), choices) if isinstance(value, str) else None
    hint = f"use one of: {', '.join(choices)}"
    return _Problem("S013", f"{quoted(value)} is not one of the choices", f"did you mean `{close}`? {hint}" if close else hint)


def _count(kind: str, path: Key, context: dict[str, int]) -> _Problem:
    if kind == "too_long":
        return _Problem("S016", f"{context['actual_length']} are too many", f"use at most {context['max_length']}")
    what, hint = ("host", "add a line `name: address`") if len(path) == 1 else ("entry", "add one, or delete the line")
    return _Problem("S011", f"at least one {what} is needed", hint)


def _value_hint(kind: str, value: object) -> str:
    """How to write the value. For a network with a host's bits: the network that it is in."""
    if kind in ("ip_v4_network", "ip_v6_network") and isinstance(value, str):
        try:
            network = ip_network(value, strict=False)
        except ValueError:
            return _VALUES[kind][1]
        if str(network.version) == kind[4]:
            return f"write {network}: a network is named by its first address"
    return _VALUES[kind][1]


_VALUES = {
    "ip_address": (
        "an address",
        "write an IPv4 address, four numbers from 0 to 255: 192.168.1.111, or an IPv6 address: fd00:1::111",
    ),
    "ip_v6_address": ("an IPv6 address", "write an IPv6 address, like fd00:1::111"),
    "ip_interface": (
        "an address with a prefix length",
        "write an address and a prefix length, 0 to 32 for IPv4, 0 to 128 for IPv6: 192.168.1.110/24",
    ),
    "ip_v4_network": ("an IPv4 network", "write the first address and a prefix length: 10.233.64.0/18"),
    "ip_v6_network": ("an IPv6 network", "write the first address and a prefix length: fd00:2::/112"),
    "reader": ("an address or a network", "write an address, or a network as 192.168.1.0/24"),
    "address_or_host": ("an address", "write an address, or `host` for each load balancer's own"),
    "seconds_or_never": ("a time", f"write seconds from 0 to {fields.LONGEST_FAILBACK}, or `never`"),
}


_PATTERNS = {
    fields.pattern_of(fields.HostName): ("a DNS name", NAME_HINT),
    fields.pattern_of(fields.DomainName): ("a DNS name", NAME_HINT),
    fields.pattern_of(fields.InterfaceName): (
        "a network interface's name",
        "write its name as `ip link` shows it: at most 15 characters, no spaces, slashes, colons or quotes",
    ),
    fields.pattern_of(fields.Word): ("one word of a configuration file", "write it without spaces, quotes, # and backslashes"),
    fields.pattern_of(fields.Version): ("a version", "write two or three numbers with dots between: 2.6 or 2.6.12"),
    fields.pattern_of(fields.BgpCommunity): (
        "a community",
        "write two numbers up to 65535 (64512:100), three (64512:1:2), or no-export",
    ),
    fields.pattern_of(fields.PromFile): (
        "an absolute path that ends in .prom",
        "node_exporter reads no other files; write one like /var/lib/prometheus/node-exporter/twinkeel.prom",
    ),
    fields.pattern_of(fields.AbsolutePath): (
        "an absolute path",
        "begin with a slash, without spaces, quotes, # and backslashes: /etc/haproxy/api-check.pem",
    ),
    fields.pattern_of(fields.UrlPath): (
        "a path",
        "begin with a slash, without spaces, quotes, # and backslashes: /healthz",
    ),
}
