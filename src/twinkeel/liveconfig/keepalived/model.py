"""What keepalived.conf means for VRRP: instances, their addresses, peers and trackers. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from twinkeel.liveconfig.keepalived.file import Statement
from twinkeel.liveconfig.keepalived.resolve import KeepalivedConfig
from twinkeel.liveconfig.times import number, whole_number
from twinkeel.liveconfig.words import Word

SCRIPTS = ("vrrp_script",)
PROCESSES = ("vrrp_track_process",)
FILES = ("track_file", "vrrp_track_file")
# Keepalived's own defaults (its manual page, vrrp_instance and vrrp_script).
DEFAULT_PRIORITY = 100
DEFAULT_ADVERT_INT = 1.0
DEFAULT_DOWN_TIMER_ADVERTS = 3
DEFAULT_INTERVAL = 1.0


@dataclass(slots=True)
class Definition:
    """A script, process or file that instances may track."""

    statement: Statement

    @property
    def name(self) -> str:
        """What instances call it."""
        return self.statement.value()

    @property
    def kind(self) -> str:
        """script, process or file."""
        keyword = self.statement.keyword
        return "script" if keyword in SCRIPTS else "process" if keyword in PROCESSES else "file"

    def seconds(self, keyword: str, default: float) -> float:
        """A time of it."""
        line = self.statement.last(keyword)
        found = number(line.value()) if line else None
        return default if found is None else found

    def count(self, keyword: str, default: int = 1) -> int:
        """A number of it, such as fall."""
        line = self.statement.last(keyword)
        found = whole_number(line.value()) if line else None
        return default if found is None else max(found, 1)

    @property
    def weight(self) -> int | None:
        """Its weight, None where it says none. A reversed one is not told apart."""
        line = self.statement.last("weight")
        return whole_number(line.value()) if line else None

    @property
    def command(self) -> tuple[Word, ...]:
        """The words of its `script` (or of the file or process that it names)."""
        line = self.statement.last("script", "process", "file")
        return line.words[1:] if line else ()


@dataclass(slots=True)
class Tracker:
    """One line of a `track_*` block: what is tracked, and with which weight in force."""

    word: Word
    kind: str
    weight: int
    weight_word: Word | None
    definition: Definition | None


@dataclass
class Instance:
    """A `vrrp_instance`."""

    statement: Statement
    config: "VrrpConfig"

    @property
    def name(self) -> str:
        """Its name."""
        return self.statement.value()

    def line(self, *keywords: str) -> Statement | None:
        """The statement that counts."""
        return self.statement.last(*keywords)

    def has(self, *keywords: str) -> bool:
        """Whether one of these is said."""
        return self.line(*keywords) is not None

    def _number(self, keyword: str, default: float) -> float:
        line = self.line(keyword)
        found = number(line.value()) if line else None
        return default if found is None else found

    @property
    def priority(self) -> int:
        """Its priority."""
        return int(self._number("priority", DEFAULT_PRIORITY))

    @property
    def advert_int(self) -> float:
        """Seconds between advertisements."""
        return self._number("advert_int", DEFAULT_ADVERT_INT)

    @property
    def vrid(self) -> int | None:
        """Its virtual router id."""
        line = self.line("virtual_router_id")
        return whole_number(line.value()) if line else None

    @property
    def version(self) -> int:
        """2 or 3: its own, or the global one, or 2; IPv6 has version 3 alone."""
        line = self.line("version") or self.config.global_line("vrrp_version")
        if line is not None:
            return 3 if line.value() == "3" else 2
        return 3 if any(vip.version == 6 for _, vip in self.vips) else 2

    @property
    def interface(self) -> str:
        """Where it advertises."""
        line = self.line("interface") or self.config.global_line("default_interface")
        return line.value() if line else ""

    @property
    def down_timer_adverts(self) -> int:
        """How many advertisements must be missed."""
        line = self.line("down_timer_adverts") or self.config.global_line("vrrp_down_timer_adverts")
        found = whole_number(line.value()) if line else None
        return found or DEFAULT_DOWN_TIMER_ADVERTS

    @property
    def nopreempt(self) -> bool:
        """Whether it leaves the address to a lower priority. Keepalived drops the word for an initial state of MASTER."""
        return self.has("nopreempt") and self.state != "MASTER"

    @property
    def preempt_delay(self) -> float:
        """Seconds that it waits before it takes the address from a lower priority."""
        return self._number("preempt_delay", 0.0)

    @property
    def state(self) -> str:
        """Its initial state."""
        line = self.line("state")
        return line.value() if line else "BACKUP"

    def _entries(self, *keywords: str) -> Iterator[Statement]:
        return entries(self.statement, *keywords)

    @cached_property
    def vips(self) -> list[tuple[Word, IPv4Interface | IPv6Interface]]:
        """The addresses of virtual_ipaddress and virtual_ipaddress_excluded, each with its word."""
        return list(self._addresses("virtual_ipaddress", "virtual_ipaddress_excluded"))

    @property
    def advertised(self) -> list[tuple[Word, IPv4Interface | IPv6Interface]]:
        """The addresses that its advertisements name."""
        return list(self._addresses("virtual_ipaddress"))

    @cached_property
    def next_hop(self) -> tuple[Word, IPv4Interface | IPv6Interface] | None:
        """The one excluded address, in a subnet, beside one virtual IP that is in none: where routers send what is for that."""
        vips, others = self.advertised, list(self._addresses("virtual_ipaddress_excluded"))
        if len(vips) != 1 or len(others) != 1:
            return None
        (_, vip), (_, other) = vips[0], others[0]
        routed = vip.network.prefixlen == vip.max_prefixlen and other.network.prefixlen < other.max_prefixlen
        return others[0] if routed and vip.version == other.version else None

    @property
    def served(self) -> list[tuple[Word, IPv4Interface | IPv6Interface]]:
        """Those of `vips` that clients use: all but a next hop."""
        return [each for each in self.vips if each != self.next_hop]

    def _addresses(self, *keywords: str) -> Iterator[tuple[Word, IPv4Interface | IPv6Interface]]:
        for each in self._entries(*keywords):
            try:
                yield each.words[0], ip_interface(each.keyword)
            except ValueError:
                continue

    @property
    def source(self) -> Word | None:
        """The word of unicast_src_ip (or mcast_src_ip)."""
        line = self.line("unicast_src_ip", "mcast_src_ip")
        return line.words[1] if line and len(line.words) > 1 else None

    @cached_property
    def peers(self) -> list[Word]:
        """The words of unicast_peer's addresses."""
        return [each.words[0] for each in self._entries("unicast_peer")]

    @property
    def authentication(self) -> Statement | None:
        """Its authentication block."""
        return self.line("authentication")

    @cached_property
    def trackers(self) -> list[Tracker]:
        """Every script, process and file that it tracks itself, as written."""
        return self.config.trackers_of(self.statement)


@dataclass
class SyncGroup:
    """A `vrrp_sync_group`: its members go to BACKUP and FAULT together."""

    statement: Statement
    config: "VrrpConfig"

    @cached_property
    def members(self) -> list[Instance]:
        """The instances that it names."""
        names = {each.keyword for each in entries(self.statement, "group")}
        return [instance for instance in self.config.instances if instance.name in names]

    @cached_property
    def trackers(self) -> list[Tracker]:
        """What it tracks for all of its members."""
        return self.config.trackers_of(self.statement)

    @property
    def keeps_weights(self) -> bool:
        """Whether weights of its members' own trackers count; Keepalived takes them away otherwise."""
        return self.statement.last("sync_group_tracking_weight", "global_tracking") is not None


def entries(block: Statement, *keywords: str) -> Iterator[Statement]:
    """Every statement with words in its blocks of these names."""
    for inner in block.named(*keywords):
        yield from (each for each in inner.block if each.words)


@dataclass
class VrrpConfig:
    """The part of a configuration that is about VRRP."""

    config: KeepalivedConfig

    @cached_property
    def instances(self) -> list[Instance]:
        """Its instances."""
        return [Instance(each, self) for each in self.config.root.named("vrrp_instance")]

    @cached_property
    def groups(self) -> list[SyncGroup]:
        """Its sync groups."""
        return [SyncGroup(each, self) for each in self.config.root.named("vrrp_sync_group")]

    def group_of(self, instance: Instance) -> SyncGroup | None:
        """The sync group that an instance is in."""
        return next((group for group in self.groups if any(each is instance for each in group.members)), None)

    def trackers_of(self, block: Statement) -> list[Tracker]:
        """Every script, process and file that an instance or a group tracks."""
        kinds = {"track_script": "script", "track_process": "process", "track_file": "file"}
        return [self._tracker(each, kind) for inner, kind in kinds.items() for each in entries(block, inner)]

    def _tracker(self, each: Statement, kind: str) -> Tracker:
        definition = self.definition(kind, each.keyword)
        texts = [word.text for word in each.words]
        own = each.words[texts.index("weight") + 1] if "weight" in texts[:-1] else None
        weight = whole_number(own.text) if own else definition.weight if definition else None
        # A tracked file of weight 0 by default has 1 (keepalived.conf(5)); a script or process without weight means FAULT.
        return Tracker(each.words[0], kind, (1 if kind == "file" else 0) if weight is None else weight, own, definition)

    @cached_property
    def definitions(self) -> list[Definition]:
        """All that can be tracked."""
        return [Definition(each) for each in self.config.root.named(*SCRIPTS, *PROCESSES, *FILES)]

    def definition(self, kind: str, name: str) -> Definition | None:
        """A script, process or file by name."""
        return self._by_name.get((kind, name))

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], Definition]:
        return {(each.kind, each.name): each for each in reversed(self.definitions)}

    def lacks_user(self, definition: Definition) -> bool:
        """Whether a script needs the host's user keepalived_script: without that, Keepalived switches it off."""
        if definition.kind != "script" or self.global_line("script_user") or definition.statement.last("user"):
            return False
        return self.global_line("enable_script_security") is not None

    @cached_property
    def globals(self) -> list[Statement]:
        """Its global_defs blocks."""
        return list(self.config.root.named("global_defs"))

    def global_line(self, *keywords: str) -> Statement | None:
        """The global statement that counts."""
        found = [line for block in self.globals for line in block.named(*keywords)]
        return found[-1] if found else None
