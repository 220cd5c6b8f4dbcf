"""Putting another's configuration on the load balancers, and ours back: what was there is moved aside on the host itself.

A bench that was killed leaves the folder ASIDE on its hosts; `bring_back` needs nothing else. Moving is what makes both ways safe
to begin again: a file is either in its place or aside, whole.
"""

import asyncio
import json
import time
from collections.abc import Iterable, Sequence

from twinkeel.bench.configurations import Configuration
from twinkeel.bench.peer_files import peer_files
from twinkeel.drill.fault import OpenHosts
from twinkeel.errors import HostError, UsageError
from twinkeel.hosts.executor import Reader, Writer
from twinkeel.render.files import RenderedFile
from twinkeel.topology.model import Machine, Topology

ASIDE = "/var/lib/twinkeel/bench-aside"
OURS = (
    "/etc/haproxy",
    "/etc/keepalived",
    "/etc/systemd/system/haproxy.service.d/twinkeel.conf",
    "/etc/systemd/system/keepalived.service.d/twinkeel.conf",
    "/etc/systemd/system/twinkeel-liveness.service",
    "/etc/systemd/system/twinkeel-connections.service",
    # Planned moves that keep connections are ours, too: while another's is on, no unit, rule or program of that is there.
    "/etc/systemd/system/twinkeel-second-chance.service",
    "/etc/systemd/system/twinkeel-linger.service",
    "/etc/systemd/system/twinkeel-linger-at-shutdown.service",
    "/etc/twinkeel/second-chance.nft",
    "/etc/twinkeel/second-chance.json",
    "/usr/local/lib/twinkeel/second-chance",
)
REACH_DEADLINE = 180.0
REACH_EVERY = 1.0

# What is not there cannot be stopped, and is no trouble.
_STOP = (
    "systemctl stop keepalived twinkeel-liveness haproxy 2> /dev/null || systemctl stop keepalived haproxy;"
    " for unit in twinkeel-linger twinkeel-linger-at-shutdown twinkeel-second-chance;"
    " do systemctl stop $unit 2> /dev/null || :; done"
)

_MOVE_ASIDE = f"""
set -e
aside=$1; shift
{_STOP}
if [ ! -e "$aside/complete" ]; then
    mkdir -p -m 700 "$aside"
    for path; do
        [ -e "$path" ] || continue
        mkdir -p "$aside$(dirname "$path")"
        mv "$path" "$aside$path"
    done
    touch "$aside/complete"
fi
rm -rf /etc/haproxy /etc/keepalived
mkdir -m 755 /etc/haproxy /etc/keepalived
systemctl daemon-reload
systemctl reset-failed haproxy keepalived 2> /dev/null || :
"""

_BRING_BACK = f"""
set -e
aside=$1; shift
[ -d "$aside" ] || exit 0
{_STOP}
for path; do
    if [ -e "$aside$path" ]; then
        rm -rf "$path"
        mkdir -p "$(dirname "$path")"
        mv "$aside$path" "$path"
    fi
done
systemctl daemon-reload
systemctl reset-failed haproxy keepalived 2> /dev/null || :
systemctl start haproxy
for unit in twinkeel-second-chance twinkeel-linger-at-shutdown twinkeel-liveness; do
    if [ -e /etc/systemd/system/$unit.service ]; then systemctl start $unit; fi
done
systemctl start keepalived
rm -rf "$aside"
"""

_START = """
systemctl start "$1" && exit
journalctl --unit="$1" --lines=20 --output=cat | grep -iE 'alert|error|fail' | grep -v 143 | tail -1 >&2
exit 1
"""

_WRITE = """
import json, os, sys
for path, mode, text in json.loads(sys.argv[1]):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
"""

# What each daemon's own checker says, in one line; nothing when it is content.
_VALIDATE = """
output=$(haproxy -c -f /etc/haproxy/haproxy.cfg 2>&1); code=$?
[ $code = 0 ] || echo "haproxy -c ends with $code: $(echo "$output" | grep ALERT | head -1)"
warnings=$(echo "$output" | grep -c WARNING)
[ "$warnings" = 0 ] || echo "haproxy -c warns $warnings times"
output=$(keepalived -t -f /etc/keepalived/keepalived.conf 2>&1); code=$?
[ $code = 0 ] || echo "keepalived -t ends with $code: $(echo "$output" | tail -1)"
"""


async def put_peer(hosts: OpenHosts, topology: Topology, configuration: Configuration) -> tuple[str, ...]:
    """Move ours aside, put another's on every load balancer and start it; what the daemons' own checkers say of it.

    Raises:
        UsageError: a program that its check needs is not there.
        HostError: a host cannot be reached, or a service does not start.
    """
    machines = [balancer.machine for balancer in topology.load_balancers]
    async with hosts() as writer:
        for machine in machines:
            await _require_programs(writer, machine, configuration)
        await _on_each(writer, machines, "moving our files aside", ("sh", "-c", _MOVE_ASIDE, "sh", ASIDE, *OURS))
        for balancer in topology.load_balancers:
            await _write(writer, balancer.machine, peer_files(configuration, topology, balancer))
        output = (await writer.run(machines[0], ("sh", "-c", _VALIDATE))).stdout
        await _on_each(writer, machines, "starting haproxy", ("sh", "-c", _START, "sh", "haproxy"))
        await _on_each(writer, machines, "starting keepalived", ("sh", "-c", _START, "sh", "keepalived"))
    return tuple(output.splitlines())


async def bring_back(hosts: OpenHosts, topology: Topology) -> None:
    """Put back what was moved aside and start it; hosts that have nothing aside are left alone. Waits for hosts that boot.

    Raises:
        HostError: a host cannot be reached within three minutes, or a service does not start.
    """
    machines = [balancer.machine for balancer in topology.load_balancers]
    await asyncio.gather(*(_wait_for(hosts, machine) for machine in machines))
    async with hosts() as writer:
        await _on_each(writer, machines, "putting our files back", ("sh", "-c", _BRING_BACK, "sh", ASIDE, *OURS))


async def peer_is_there(hosts: OpenHosts, topology: Topology) -> bool:
    """Whether a load balancer has something moved aside. Raises HostError."""
    async with hosts() as reader:
        ended = await asyncio.gather(*(reader.run(each.machine, ("test", "-d", ASIDE)) for each in topology.load_balancers))
    return any(each.exit_code == 0 for each in ended)


async def _on_each(writer: Writer, machines: Iterable[Machine], does: str, argv: Sequence[str]) -> None:
    """Run a command on every host at once. Raises HostError that says what it `does`, and the last line of what went wrong."""
    for result in await asyncio.gather(*(writer.change(machine, argv, timeout=60) for machine in machines)):
        if result.exit_code != 0:
            message = (result.stderr.strip() or result.stdout.strip() or f"exit code {result.exit_code}").splitlines()[-1]
            hint = "look at `journalctl -u haproxy -u keepalived` there; `twinkeel bench restore` puts our own files back"
            raise HostError(f"{does} failed: {message}", where=result.machine, hint=hint)


async def _write(writer: Writer, machine: Machine, files: Sequence[RenderedFile]) -> None:
    text = json.dumps([(file.path, file.mode, file.content) for file in files])
    (await writer.change(machine, ("python3", "-c", _WRITE, text))).checked()


async def _require_programs(reader: Reader, machine: Machine, configuration: Configuration) -> None:
    for program in configuration.programs:
        if (await reader.run(machine, ("sh", "-c", f"command -v {program}"))).exit_code != 0:
            hint = "install it there, or leave that configuration out"
            raise UsageError(f"{configuration.id}'s check needs {program}", where=machine.name, hint=hint)


async def _wait_for(hosts: OpenHosts, machine: Machine) -> None:
    """Until the host can be asked: a fault may have switched it off. Raises HostError after the deadline."""
    end = time.monotonic() + REACH_DEADLINE
    while True:
        try:
            async with hosts() as reader:
                await reader.run(machine, ("true",))
        except HostError:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(REACH_EVERY)
        else:
            return
