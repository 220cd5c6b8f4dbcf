"""Load balancers that announce a virtual IP to one router, slowly: for tests of the order of work."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence

from twinkeel.errors import HostError
from twinkeel.hosts.executor import CommandResult
from twinkeel.topology.model import Machine


class RoutedNetwork:
    """Each command that only looks is a moment, in which every load balancer takes one step towards what it shall do.

    `fit` is whether it serves, `announcing` who has the address, `heard` of whom the router knows. Who stands aside is heard of no
    more first, and gives the address away then; who comes back has the address first. Who failed does not come back by itself.
    `seen` keeps of whom the router knew after each moment.
    """

    def __init__(self, vip: str, fit: Mapping[str, bool], announcing: Sequence[str]) -> None:
        self.vip, self.fit = vip, dict(fit)
        self.announcing, self.heard = set(announcing), set(announcing)
        self.aside, self.planned = dict.fromkeys(fit, False), dict.fromkeys(fit, False)
        self.seen: list[tuple[str, ...]] = []

    def moment(self) -> None:
        for name in self.fit:
            may = self.fit[name] and not self.aside[name]
            if not may and name in self.heard:
                self.heard.discard(name)
            elif not may:
                self.announcing.discard(name)
            elif name in self.announcing:
                self.heard.add(name)
            elif self.planned[name]:
                self.announcing.add(name)
        self.seen.append(tuple(sorted(self.heard)))

    async def run(self, machine: Machine, argv: Sequence[str], *, timeout: float = 20) -> CommandResult:
        self.moment()
        name, text = machine.name, "[]"
        if argv[0] == "ip":
            text = json.dumps([{"addr_info": [{"local": self.vip}]}] if name in self.announcing else [])
        elif "summary" in argv[-1]:
            peer = {"state": "Established", "pfxSnt": int(name in self.heard)}
            text = json.dumps({"ipv4Unicast": {"peers": {"192.168.1.1": peer}}})
        return CommandResult(name, tuple(argv), 0, text, "")

    async def change(self, machine: Machine, argv: Sequence[str], *, timeout: float = 20) -> CommandResult:
        self.aside[machine.name] = argv[-1] == "1"
        self.planned[machine.name] |= self.aside[machine.name]
        return CommandResult(machine.name, tuple(argv), 0, "", "")

    async def read_file(self, machine: Machine, path: str) -> bytes:
        return json.dumps({"planned": self.planned[machine.name], "why": "", "until": None}).encode()

    async def stream(self, machine: Machine, argv: Sequence[str]) -> AsyncGenerator[str, None]:
        raise HostError("not asked for here", where=machine.name)
        yield ""
