"""A load balancer's BGP sessions, as its FRR tells them."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from twinkeel.hosts.executor import Reader
from twinkeel.topology.model import Machine

SUMMARY = ("vtysh", "-c", "show bgp summary json")
BFD_PEERS = ("vtysh", "-c", "show bfd peers json")


@dataclass(frozen=True)
class Session:
    """One session. `state` is BGP's (RFC 4271, 8.2.2: Established, Active, ...), `announced` counts the routes that were sent.

    `bfd` is up, down, init or shutdown; None where there is no BFD for it.
    """

    router: str
    state: str
    announced: int
    bfd: str | None = None

    @property
    def established(self) -> bool:
        """Whether routes can be told."""
        return self.state == "Established"


async def read_sessions(reader: Reader, machine: Machine) -> tuple[Session, ...]:
    """In FRR's order; none where FRR does not run.

    Raises:
        HostError: the host cannot be asked.
    """
    summary, peers = await asyncio.gather(*(reader.run(machine, list(command)) for command in (SUMMARY, BFD_PEERS)))
    bfd = parse_bfd(peers.stdout) if peers.exit_code == 0 else {}
    return parse_sessions(summary.stdout, bfd) if summary.exit_code == 0 else ()


def parse_sessions(summary: str, bfd: Mapping[str, str]) -> tuple[Session, ...]:
    """What `show bgp summary json` says of every session, once for each kind of address; FRR 8.4 and 10 write it alike."""
    return tuple(
        Session(router, str(peer.get("state", "unknown")), int(peer.get("pfxSnt") or 0), bfd.get(router))
        for family in _object(summary).values()
        if isinstance(family, dict)
        for router, peer in (family.get("peers") or {}).items()
    )


def parse_bfd(peers: str) -> dict[str, str]:
    """What `show bfd peers json` says of each peer."""
    try:
        found = json.loads(peers or "[]")
    except ValueError:
        return {}
    return {str(peer["peer"]): str(peer.get("status", "unknown")) for peer in found if isinstance(peer, dict) and "peer" in peer}


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def heard_for(sessions: tuple[Session, ...], versions: tuple[int, ...]) -> bool:
    """Whether some router has heard of routes of each kind of address (4, 6)."""
    return all(any(each.announced and _version(each) == version for each in _live(sessions)) for version in versions)


def _live(sessions: tuple[Session, ...]) -> Iterator[Session]:
    return (each for each in sessions if each.established)


def _version(session: Session) -> int:
    return ip_address(session.router).version
