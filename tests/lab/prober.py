"""The drill's measuring client beside a test: what clients saw while load balancers were changed."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from labs import COMMAND_DEADLINE, ROOT, TWINKEEL, Lab

from twinkeel.drill.history import MILLISECOND, SECOND, Request, read_history

VIP = "192.168.1.110"
NAME = "lb.lab-home.com"
FEW = 20
DIRECT_MS = 100
# A direct request begins up to 100 ms after the stall, and waits that much less than the timeout of 1 s.
SLOW = SECOND // 2
# How a connection ends that leads to another host in the middle.
CUT = ("reset", "closed")


def not_excused(requests: Sequence[Request], direct: Sequence[Request]) -> tuple[Request, ...]:
    """The failed ones of `requests` (through the virtual IP, by start) that the load balancers must answer for.

    A timeout is excused while one of the `direct` requests, which ask API servers themselves, was slow or failed as well: all hosts
    of a lab share one disk, etcd waits for it, and /readyz for etcd. It is also excused when the requests just before and after it
    were answered: a virtual IP that is nowhere, or leads to a host that does not serve, is met by the next request as well.
    """
    stalls = [each for each in direct if each.error or each.end - each.start > SLOW]
    around = zip((requests[0], *requests), requests, (*requests[1:], requests[-1]), strict=False)
    return tuple(
        each
        for before, each, after in around
        if each.error
        and not (each.error == "timeout" and not before.error and not after.error)
        and not (each.error == "timeout" and any(stall.start < each.end and each.start < stall.end for stall in stalls))
    )


def moments(failed: Sequence[Request]) -> int:
    """How often something failed: requests that were all under way at one instant, and that a move reset, are one moment.

    On a quiet machine an answer takes less than the 10 ms between two requests, and a move meets one. On a busy one several are
    under way, and each is reset when its next packet comes to the new holder, a few milliseconds apart. It is the smallest number
    of instants such that each reset request was under way at one of them. Any other failure is one by itself.
    """
    count, instant = 0, -1
    for each in sorted((each for each in failed if each.error in CUT), key=lambda each: each.end):
        if each.start > instant:
            count, instant = count + 1, each.end
    return count + sum(1 for each in failed if each.error not in CUT)


class _Client:
    """The drill's measuring client in the lab's client host, and the history that it writes."""

    def __init__(self, lab: Lab, folder: Path, address: str, name: str, period_ms: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "events.jsonl").touch()
        self.folder, self._file = folder, folder / "requests.jsonl"
        self._argv = [
            *(TWINKEEL, "lab", "exec", "--name", lab.name, "client", "--"),
            *(sys.executable, "-m", "twinkeel.drill.client", "--address", address, "--port", "6443", "--server-name", name),
            *("--ca-file", str(lab.paths.pki / "ca.crt"), "--history", str(self._file)),
            *("--period-ms", str(period_ms)),
        ]

    def start(self) -> None:
        self._process = subprocess.Popen(self._argv, cwd=ROOT)

    def wait_until_it_asks(self) -> None:
        end = time.monotonic() + COMMAND_DEADLINE
        while not self._file.exists() or self._file.read_bytes().count(b"\n") < FEW:
            assert self._process.poll() is None, "the client ended"
            assert time.monotonic() < end, "the client does not ask"
            time.sleep(0.05)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request on a connection of its own, by start. A history with flaws proves nothing."""
        history = read_history(self.folder)
        assert not history.flaws, history.flaws
        return tuple(sorted((each for each in history.requests if each.stream == "new"), key=lambda each: each.start))


class Prober:
    """Asks through the virtual IP from the lab's client while the body runs; judge it afterwards.

    Every 50 ms unless told: every 10 ms takes a good part of the two processors that hosts and Ansible need as well.
    Beside it every API server is asked directly: what clients lose while one is held up is no fault of the load balancers.
    Not where requests overlap already (`direct` False): three more clients make each take longer, and a move then meets two.
    """

    def __init__(self, lab: Lab, folder: Path, period_ms: int = 50, *, direct: bool = True, vip: str = VIP) -> None:
        self._client = _Client(lab, folder, vip, NAME, period_ms)
        servers = lab.layout.with_role("control_plane") if direct else ()
        self._direct = [_Client(lab, folder / host.name, str(host.address), "kubernetes", DIRECT_MS) for host in servers]

    def __enter__(self) -> Self:
        for client in (self._client, *self._direct):
            client.start()
        for client in (self._client, *self._direct):
            client.wait_until_it_asks()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for client in (self._client, *self._direct):
            client.stop()

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request through the virtual IP on a connection of its own, by start."""
        return self._client.requests

    @property
    def failed(self) -> tuple[Request, ...]:
        """Requests without a good answer."""
        return tuple(each for each in self.requests if each.error)

    @property
    def failed_by_the_system(self) -> tuple[Request, ...]:
        """Failed requests that the load balancers must answer for: see `not_excused`."""
        return not_excused(self.requests, [each for client in self._direct for each in client.requests])

    @property
    def outages(self) -> tuple[float, ...]:
        """Milliseconds of each outage: from the first failed start to the start of the next good one; a second apart is another."""
        groups: list[list[Request]] = []
        for request in self.failed:
            if groups and request.start - groups[-1][-1].start < SECOND:
                groups[-1].append(request)
            else:
                groups.append([request])
        good = [each.start for each in self.requests if not each.error]
        ends = [min((start for start in good if start > group[-1].start), default=group[-1].end) for group in groups]
        return tuple((end - group[0].start) / MILLISECOND for group, end in zip(groups, ends, strict=True))
