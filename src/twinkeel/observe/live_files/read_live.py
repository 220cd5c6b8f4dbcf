"""What live load balancers load, in one look at each."""

from twinkeel.audit.pair import Host, as_script
from twinkeel.errors import UsageError
from twinkeel.hosts.executor import Reader
from twinkeel.liveconfig.haproxy_file import parse_haproxy
from twinkeel.liveconfig.haproxy_model import build_haproxy
from twinkeel.liveconfig.keepalived.model import VrrpConfig
from twinkeel.observe.live_files.configuration import LiveConfiguration
from twinkeel.observe.live_files.haproxy import read_haproxy
from twinkeel.observe.live_files.keepalived import read_keepalived
from twinkeel.topology.model import Machine


async def read_live(reader: Reader, machine: Machine) -> LiveConfiguration:
    """What the host loads. What cannot be read is in `notes`. Raises HostError when the host cannot be asked."""
    live = LiveConfiguration(machine)
    await read_haproxy(reader, live)
    await read_keepalived(reader, live)
    return live


def host_of(live: LiveConfiguration) -> Host:
    """As an audit takes the host. Raises UsageError for one without any configuration."""
    if not live.haproxy and live.keepalived is None:
        skipped = "; ".join(f"{path}: {why}" for path, why in live.notes)
        raise UsageError(
            "nothing to audit: this host has neither a haproxy.cfg nor a keepalived.conf", where=live.machine.name, hint=skipped
        )
    haproxy = build_haproxy(parse_haproxy(live.haproxy)) if live.haproxy else None
    keepalived = VrrpConfig(live.keepalived) if live.keepalived else None
    return Host(live.machine.name, haproxy, keepalived, tuple(as_script(path, source, live.notes) for path, source in live.scripts))
