"""The drill's measuring client beside a test: what clients saw while load balancers were changed."""

import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from labs import COMMAND_DEADLINE, ROOT, TWINKEEL, Lab

from twinkeel.drill.history import MILLISECOND, SECOND, Request, read_history

VIP = "192.168.1.110"
NAME = "lb.lab-home.com"
FEW = 20


class Prober:
    """Asks through the virtual IP from the lab's client while the body runs; judge it afterwards.

    Every 50 ms unless told: every 10 ms takes a good part of the two processors that hosts and Ansible need as well.
    """

    def __init__(self, lab: Lab, folder: Path, period_ms: int = 50) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "events.jsonl").touch()
        self._folder, self._file = folder, folder / "requests.jsonl"
        self._argv = [
            *(TWINKEEL, "lab", "exec", "--name", lab.name, "client", "--"),
            *(sys.executable, "-m", "twinkeel.drill.client", "--address", VIP, "--port", "6443", "--server-name", NAME),
            *("--ca-file", str(lab.paths.pki / "ca.crt"), "--history", str(self._file)),
            *("--period-ms", str(period_ms)),
        ]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._argv, cwd=ROOT)
        end = time.monotonic() + COMMAND_DEADLINE
        while not self._file.exists() or self._file.read_bytes().count(b"\n") < FEW:
            assert self._process.poll() is None, "the client ended"
            assert time.monotonic() < end, "the client does not ask"
            time.sleep(0.05)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request on a connection of its own, by start. A history with flaws proves nothing."""
        history = read_history(self._folder)
        assert not history.flaws, history.flaws
        return tuple(sorted((each for each in history.requests if each.stream == "new"), key=lambda each: each.start))

    @property
    def failed(self) -> tuple[Request, ...]:
        """Requests without a good answer."""
        return tuple(each for each in self.requests if each.error)

    @property
    def failed_by_the_system(self) -> tuple[Request, ...]:
        """Failed requests without the ones that timed out though those just before and after were answered.

        On a saturated machine an API server sometimes takes a second for one /readyz. A virtual IP that is nowhere, or leads to a
        host that does not serve, is met by the next request as well.
        """
        requests = self.requests
        around = zip((requests[0], *requests), requests, (*requests[1:], requests[-1]), strict=False)
        return tuple(
            each
            for before, each, after in around
            if each.error and not (each.error == "timeout" and not before.error and not after.error)
        )

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
