"""Everything that is shown, kept up to date, and who waits for news of it."""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from twinkeel.serve.clock import Clock, wall
from twinkeel.serve.cluster_watch import ClusterWatch
from twinkeel.serve.drills import DrillFolder, DrillResult
from twinkeel.serve.view import Value, cluster_id, cluster_view, entry_view, ms

SETTLE = 0.05
"""Seconds between the first word of something new and its showing: a move is told by two hosts, one after the other."""
LOOK_AGAIN = 0.5
"""Seconds after which silence itself is news."""
ALIVE_EVERY = 1.0
DRILLS_EVERY = 30.0


@dataclass
class Place:
    """How far one client has read: the version of each cluster that it has, and its last entry of each timeline."""

    versions: dict[str, int] = field(default_factory=dict)
    entries: dict[str, int] = field(default_factory=dict)


class Board:
    """Every cluster. Only the last state is kept, and the last entries: a client that reads slowly costs no memory."""

    def __init__(self, watches: Sequence[ClusterWatch], drills: Path | None, clock: Clock) -> None:
        self.watches = {cluster_id(watch): watch for watch in watches}
        self.birth = secrets.token_hex(8)
        self._clock, self._drill_folder = clock, DrillFolder(drills) if drills is not None else None
        self._drills: dict[str, tuple[DrillResult, ...]] = {}
        self._views: dict[str, Value] = {}
        self._versions: dict[str, int] = {}
        self._sent_at = clock()
        self._stirred, self._news = asyncio.Event(), asyncio.Event()

    def stir(self) -> None:
        """Something may be new."""
        self._stirred.set()

    async def run(self) -> None:
        """Watch every cluster and keep what is shown up to date, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for watch in self.watches.values():
                group.create_task(watch.run())
            group.create_task(self._compose_again_and_again())
            if self._drill_folder is not None:
                group.create_task(self._read_drills(self._drill_folder))

    async def wait(self, timeout: float) -> None:
        """Until there is news, or `timeout` seconds are over."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._news.wait()

    def message(self, place: Place) -> Value:
        """What a client that has read so far has not; `place` moves on. The first one has everything."""
        fresh = not place.versions
        views = [view for identity, view in self._views.items() if place.versions.get(identity) != self._versions[identity]]
        place.versions = dict(self._versions)
        return {
            "birth": self.birth,
            "fresh": fresh,
            "now": ms(self._clock()),
            "wall": ms(wall()),
            "looked": {identity: ms(watch.polled_at) for identity, watch in self.watches.items()},
            "views": views,
            "entries": [entry for identity, watch in self.watches.items() for entry in _unread(identity, watch, place)],
        }

    def compose(self) -> None:
        """Make the views anew, and tell those who wait when there is something to tell."""
        news = [identity for identity, watch in self.watches.items() if self._compose_one(identity, watch)]
        now = self._clock()
        if news or now - self._sent_at >= ALIVE_EVERY:
            self._sent_at = now
            changed, self._news = self._news, asyncio.Event()
            changed.set()

    def _compose_one(self, identity: str, watch: ClusterWatch) -> bool:
        last = watch.timeline.number
        watch.compose()
        view = cluster_view(watch, self._drills.get(identity, ()))
        if view == self._views.get(identity) and last == watch.timeline.number:
            return False
        self._views[identity] = view
        self._versions[identity] = self._versions.get(identity, 0) + 1
        return True

    async def _compose_again_and_again(self) -> None:
        while True:
            self.compose()
            # Not wait_for: with Python 3.11 it forgets that it was cancelled when what it waits for comes in the same moment.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN):
                    await self._stirred.wait()
                await asyncio.sleep(SETTLE)
            self._stirred.clear()

    async def _read_drills(self, folder: DrillFolder) -> None:
        while True:
            for identity, watch in self.watches.items():
                self._drills[identity] = await asyncio.to_thread(folder.last, watch.subject.topology.name)
            self.stir()
            await asyncio.sleep(DRILLS_EVERY)


def _unread(identity: str, watch: ClusterWatch, place: Place) -> list[Value]:
    last = place.entries.get(identity, 0)
    place.entries[identity] = watch.timeline.number
    return [entry_view(entry, identity) for entry in watch.timeline.entries if entry.number > last]
