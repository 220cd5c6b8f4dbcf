"""Broken and strange specs, made from good ones by a seeded generator: the same seed gives the same files."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

NASTY = [
    "", "~", "null", "true", "yes", "Off", "n", "0", "-1", "1", "2", "51", "255", "256", "65535", "65536", "1e9",
    "1e400", "nan", "inf", "-inf", "0x1F", "0o17", "0123", "1_000", "12:30", "1.5", ".5", "9" * 400, "never",
    "host", "nodes", "workers", "control_plane", "[]", "{}", "[a]", "{a: b}", "[[]]", "[null]", "{~: ~}", "{a: }",
    "!x y", "!!binary aGk=", "!!str 5", "*a", "&a b", "&a [*a]", "|", ">-", "'", '"', '"\\0"', '"\\ud800"',
    '"\\e[31m"', "'x\ty'", "%", "@", "`", "{{ x }}", "- -", "? a", "# x", "a: b", "<<: x", "é", "\u2028", "\x85",
    "\ufeff", "١٢", "ⅷ", "😀", "192.168.1.110", "192.168.1.111", "192.168.1.256", "192.168.1.0/24",
    "192.168.1.110/24", "10.233.64.1", "10.233.0.0/16", "0.0.0.0/0", "127.0.0.1", "224.0.0.18", "255.255.255.255",
    "fd00::1", "fd00::1/64", "fe80::1%eth0", "::", "::1", "::ffff:192.168.1.1", "fd00::/8", "1.2.3", "lb-1",
    "master-1", "bastion", "-lb", "LB", "a.b", "a" * 64, "x" * 5000, "v1.35.4", "1.35.4", "v2.31.0", "/dev/log",
    "192.168.1.50:514", "[::1]:514", "steady", "multicast", "2.2", "3.2", "2.1", "http", "v2", "6443", "8404",
    "10250",
]  # fmt: skip

CHARACTERS = " \t\n\r:#-?,[]{}&*!|>'\"%@`~.0/\\aZé\u00a0\u2028\x00\x07\x1b\x7f\x85\ufeff\ufffd\U0001f600"

KEYS = [
    "name", "domain", "endpoint", "interface", "load_balancers", "control_plane", "etcd", "workers",
    "services", "dns", "failover", "haproxy", "keepalived", "system", "kubernetes", "ssh", "power",
    "secrets_file", "vip", "vips", "vrid", "port", "address", "address6", "targets", "check", "mode",
    "server", "upstream", "profile", "transport", "vrrp_version", "failback", "advert_interval",
    "check_interval", "check_fall", "watchdog_interval", "extra", "global", "metrics", "version", "kubespray",
    "pod_network", "variables", "off", "on",
]  # fmt: skip

Mutation = Callable[[random.Random, str], str]


@dataclass(frozen=True)
class Mutant:
    """One file: which mutations made it from which spec, and its text or bytes."""

    story: str
    data: bytes


@cache
def corpus() -> dict[str, str]:
    """Every spec of the project that is meant to be good, by its path."""
    paths = [*ROOT.glob("examples/*.yaml"), *ROOT.glob("tests/golden/specs/*.yaml"), ROOT / "tests/fuzz/every-key.yaml"]
    return {str(path.relative_to(ROOT)): path.read_text() for path in sorted(paths)}


def mutants(seed: int, count: int) -> Iterator[Mutant]:
    """`count` mutants of the corpus."""
    rng, specs = random.Random(seed), corpus()  # noqa: S311 - the same seed must give the same files
    for number in range(count):
        path = rng.choice(sorted(specs))
        # Half of them have one change: with many, nearly every file is refused for its first.
        chosen = rng.choices(MUTATIONS, k=rng.choice((1, 1, 1, 2, 3, 6)))
        text = specs[path]
        for mutation in chosen:
            text = mutation(rng, text)
        data = text.encode("utf-8", errors="surrogatepass")
        # Other mutations may have left nothing.
        if rng.random() < 0.05 and data:
            data = _bytes(rng, data)
        yield Mutant(f"{seed}/{number}: {path} {' '.join(mutation.__name__.strip('_') for mutation in chosen)}", data)


def _bytes(rng: random.Random, data: bytes) -> bytes:
    broken = bytearray(data)
    for _ in range(rng.randint(1, 5)):
        broken[rng.randrange(len(broken))] = rng.randrange(256)
    return bytes(broken)


def _characters(rng: random.Random, text: str) -> str:
    for _ in range(rng.randint(1, 8)):
        place = rng.randrange(len(text) + 1)
        text = text[:place] + rng.choice(("", rng.choice(CHARACTERS))) + text[place + rng.randint(0, 2) :]
    return text


def _line_deleted(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    return "".join(lines[:place] + lines[place + rng.randint(1, 4) :]) if (place := _place(rng, lines)) is not None else text


def _line_repeated(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    if (place := _place(rng, lines)) is None:
        return text
    block = lines[place : place + rng.randint(1, 6)]
    target = rng.randrange(len(lines) + 1)
    return "".join(lines[:target] + block + lines[target:])


def _line_indented(rng: random.Random, text: str) -> str:
    lines = text.splitlines(keepends=True)
    if (place := _place(rng, lines)) is not None:
        lines[place] = rng.choice(("  ", " ", "\t", "- ")) + lines[place] if rng.random() < 0.6 else lines[place].lstrip()
    return "".join(lines)


def _lines_cut(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _value(rng: random.Random, text: str) -> str:
    """Another value behind a colon, in a list or in a group."""
    return _replaced(rng, text, r"(?<=: )[^\n{},\[\]]+|(?<=\[)[^\n\[\],]+", rng.choice(NASTY))


def _key(rng: random.Random, text: str) -> str:
    return _replaced(rng, text, r"[\w-]+(?=:)", rng.choice([*KEYS, *NASTY]))


def _typing_error(rng: random.Random, text: str) -> str:
    found = list(re.finditer(r"[\w.-]{3,}", text))
    if not found:
        return text
    word = rng.choice(found)
    letters = list(word[0])
    place = rng.randrange(len(letters) - 1)
    letters[place], letters[place + 1] = letters[place + 1], letters[place]
    return text[: word.start()] + "".join(letters) + text[word.end() :]


def _address(rng: random.Random, text: str) -> str:
    number = str(rng.choice((0, 1, rng.randrange(256), 255, 256, 1000)))
    return _replaced(rng, text, r"(?<=\.)\d+\b|\b\d+(?=\.)|(?<=/)\d+|(?<=:)[0-9a-f]{1,4}\b", number)


def _borrowed(rng: random.Random, text: str) -> str:
    """A value of this file in the place of another: right kinds in wrong places."""
    values = re.findall(r"(?<=: )[^\n{},\[\]]+", text)
    return _replaced(rng, text, r"(?<=: )[^\n{},\[\]]+", rng.choice(values)) if values else text


def _spliced(rng: random.Random, text: str) -> str:
    """A top-level group of another spec."""
    groups = re.split(r"(?m)^(?=\w)", rng.choice(list(corpus().values())))
    return text + ("" if text.endswith("\n") else "\n") + rng.choice(groups)


def _bomb(rng: random.Random, text: str) -> str:
    depth, width = rng.randint(2, 9), rng.randint(2, 9)
    lines = ["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, depth))]
    return text + "\n" + "\n".join(lines) + "\n"


def _nested(rng: random.Random, text: str) -> str:
    opened = rng.choice(("[", "{a: ", "- ", "? ", "[{a: "))
    return _replaced(rng, text, r"(?<=: )[^\n{},\[\]]+", opened * rng.choice((3, 30, 3000)))


def _long(rng: random.Random, text: str) -> str:
    """Many hosts, keys or list items."""
    count = rng.choice((50, 500, 3000))
    kind = rng.choice(("workers", "services", "unknown", "list"))
    more = {
        "workers": "etcd:\n" + "".join(f"  h{n}: 10.{n // 60000}.{n // 250 % 240}.{n % 250 + 1}\n" for n in range(count)),
        "services": "services:\n" + "".join(f"  s{n}: {{port: {n + 1}, targets: [x{n}]}}\n" for n in range(count)),
        "unknown": "".join(f"{rng.choice(KEYS)}{n}: {n}\n" for n in range(count)),
        "list": f"certificate_names: [{', '.join(f'x{n}' for n in range(count))}]\n",
    }[kind]
    return text + "\n" + more


def _replaced(rng: random.Random, text: str, pattern: str, new: str) -> str:
    found = list(re.finditer(pattern, text))
    if not found:
        return text
    place = rng.choice(found)
    return text[: place.start()] + new + text[place.end() :]


def _place(rng: random.Random, lines: list[str]) -> int | None:
    return rng.randrange(len(lines)) if lines else None


# The rarer ones stand once, those that get through to the rules more often.
MUTATIONS: list[Mutation] = [
    *[_value, _borrowed, _address, _key] * 4,
    *[_characters, _line_deleted, _line_repeated, _line_indented, _typing_error, _spliced] * 2,
    _lines_cut,
    _bomb,
    _nested,
]
# Large files take long each, so they are made apart.
LARGE: Mutation = _long


def large_mutants(seed: int, count: int) -> Iterator[Mutant]:
    """Mutants with thousands of lines."""
    rng, specs = random.Random(seed), corpus()  # noqa: S311 - the same seed must give the same files
    for number in range(count):
        path = rng.choice(sorted(specs))
        text = LARGE(rng, rng.choice(MUTATIONS)(rng, specs[path]) if rng.random() < 0.5 else specs[path])
        yield Mutant(f"large {seed}/{number}: {path}", text.encode("utf-8", errors="surrogatepass"))
