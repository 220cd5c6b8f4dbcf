"""What a client will see of each fault, for a pair as its files are: from its own timers, weights and checks. Pure.

The arithmetic is that of twinkeel.vrrp; measured ranges for reactions are those of twinkeel.faults.reactions.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from twinkeel.audit.check_script import STOPS_KEEPALIVED, check_script
from twinkeel.audit.effective import OWNER
from twinkeel.audit.in_force import ignored, in_force
from twinkeel.audit.kubernetes import api_backends
from twinkeel.audit.moves import Noticed, after_resignation, after_silence, holdings, move_after
from twinkeel.audit.outcome import Outcome, worst
from twinkeel.audit.pair import Host, Pair
from twinkeel.audit.partners import Member, partners
from twinkeel.audit.server_check import ServerCheck, server_check
from twinkeel.audit.takeover import priority
from twinkeel.faults.reactions import ANNOUNCEMENT, KILL_REACTION, NONE, REACTION
from twinkeel.faults.titles import CONTROL_PLANE_FAULTS, LOAD_BALANCER_FAULTS
from twinkeel.liveconfig.haproxy_model import Proxy, Server
from twinkeel.liveconfig.keepalived.model import DEFAULT_INTERVAL, Definition, Tracker
from twinkeel.vrrp import Range

FAULTS = ("power-loss", "haproxy-kill", "haproxy-hang", "reboot-holder", "keepalived-kill", "vrrp-process-kill")
# The topology has one for both: what Twinkeel renders makes Keepalived end as a whole.
_TITLES = {
    # Whether a unit's Restart= brings it back sooner is not in these files.
    "haproxy-kill": "HAProxy dies on the holder, and stays dead",
    "keepalived-kill": "the holder's Keepalived dies as a whole",
    "vrrp-process-kill": "the VRRP part of the holder's Keepalived dies",
}
API_FAULTS = ("api-server-kill", "control-plane-power-loss", "api-server-hang")
# A process or a file: what a kill takes longer to be noticed than a stop (twinkeel.faults.reactions).
HOOK = Range(0.0, KILL_REACTION.high - REACTION.high)
# How long a check script that finds nothing takes.
SCRIPT_TIME = Range(0.0, 0.1)


def predict(pair: Pair) -> tuple[Outcome, ...]:
    """One outcome a fault; those of a daemon whose files were not given are left out.

    Of one host alone, its partner is taken to have the same files.
    """
    return (*_load_balancer_faults(complete(pair)), *_control_plane_faults(pair))


def complete(pair: Pair) -> Pair:
    """The pair itself, or a host with its own likeness."""
    hosts = [host for host in pair.hosts if host.instances]
    if len(hosts) != 1:
        return pair
    return Pair((hosts[0], replace(hosts[0], name=f"{hosts[0].name}'s partner")))


def _load_balancer_faults(pair: Pair) -> Iterator[Outcome]:
    found: dict[str, list[Outcome]] = {}
    for one, other in partners(pair):
        for holder, backup in holdings(one, other):
            for fault in FAULTS:
                found.setdefault(fault, []).append(_of_load_balancer(fault, holder, backup))
    yield from (worst(outcomes) for outcomes in found.values())


def _of_load_balancer(fault: str, holder: Member, backup: Member) -> Outcome:
    title = title_of(fault)
    silence = after_silence(holder.instance, backup.instance)
    if fault == "power-loss":
        return Outcome(fault, title, "heals", silence + ANNOUNCEMENT)
    if fault == "reboot-holder":
        # systemd stops Keepalived, which resigns; HAProxy may end a little sooner.
        return Outcome(fault, title, "heals", after_resignation(holder.instance, backup.instance) + REACTION)
    if fault == "keepalived-kill":
        effect = "the address stays, and is on both hosts until Keepalived is started again"
        return Outcome(fault, title, "heals", REACTION, effect=effect)
    if fault == "vrrp-process-kill":
        if priority(holder.instance) == OWNER:
            return Outcome(fault, title, "heals", REACTION, effect="Keepalived starts it again, and an owner waits for nobody")
        # Measured in docs/drills.md, vrrp-process-kill.
        effect = "Keepalived starts it again, which takes the address away, and nobody has it until the timer has run; "
        return Outcome(fault, title, "heals", silence + REACTION, effect=f"{effect}with --dont-respawn the address stays")
    notices = _kill_noticed if fault == "haproxy-kill" else _hang_noticed
    noticed = [each for tracker in in_force(holder.instance) if (each := notices(holder.host, tracker))]
    moved = move_after(noticed, holder.instance, backup.instance)
    if moved is not None:
        return Outcome(fault, title, "heals", moved + REACTION, effect=_assumed(holder.host, noticed))
    return _stays(fault, title, holder, noticed)


def title_of(fault: str) -> str:
    """A load balancer's fault in words."""
    return _TITLES.get(fault) or LOAD_BALANCER_FAULTS[fault]


def _stays(fault: str, title: str, holder: Member, noticed: list[Noticed]) -> Outcome:
    trackers = in_force(holder.instance)
    if noticed:
        effect = f"{noticed[0].tracker.word.text} fails, and {holder.host.name} keeps the address: see the findings"
        return Outcome(fault, title, "never", effect=effect)
    unknown = [each for each in trackers if each.kind == "file" or _looks_at(holder.host, each) == "unknown"]
    if unknown:
        return Outcome(
            fault, title, "unknown", effect=f"it depends on what {unknown[0].word.text} looks at, which is not in these files"
        )
    what = "nothing is tracked" if not trackers else "no check notices"
    if ignored(holder.instance) and not trackers:
        what = "Keepalived ignores the weighted check of a member of a sync group"
    return Outcome(fault, title, "never", effect=f"{what}: until HAProxy is started again")


def _assumed(host: Host, noticed: list[Noticed]) -> str:
    unknown = [each.tracker.word.text for each in noticed if _looks_at(host, each.tracker) == "unknown"]
    files = [each.tracker.word.text for each in noticed if each.tracker.kind == "file"]
    if files:
        return f"if a hook of the service manager writes {files[0]}"
    off = host.keepalived is not None and any(
        host.keepalived.lacks_user(each.tracker.definition) for each in noticed if each.tracker.definition
    )
    if off:
        return "if the host has a user keepalived_script: without one the check is switched off, and nothing heals"
    return f"if {unknown[0]} fails when HAProxy does: its script is not here" if unknown else ""


def _looks_at(host: Host, tracker: Tracker) -> str:
    if tracker.kind != "script":
        return tracker.kind
    return check_script(host, tracker.definition).looks_at if tracker.definition else "nothing"


def _kill_noticed(host: Host, tracker: Tracker) -> Noticed | None:
    """HAProxy is gone and stays away: every kind of check notices."""
    if tracker.definition is None:
        return None
    if tracker.kind != "script":
        return Noticed(tracker, HOOK)
    interval, fall = _times(tracker.definition)
    script = check_script(host, tracker.definition)
    if not script.starts:
        return None
    if script.does(STOPS_KEEPALIVED):
        return Noticed(tracker, Range(0.0, interval + script.sleeps) + SCRIPT_TIME, stops=True)
    return Noticed(tracker, Range((fall - 1) * interval, fall * interval) + SCRIPT_TIME)


def _hang_noticed(host: Host, tracker: Tracker) -> Noticed | None:
    """HAProxy's process and port are there: only a request notices, when its time is over."""
    if tracker.definition is None or tracker.kind != "script":
        return None
    script = check_script(host, tracker.definition)
    if script.looks_at != "request" or not script.starts:
        return None
    interval, fall = _times(tracker.definition)
    timeout = tracker.definition.seconds("timeout", interval)
    lasts = min(script.deadline or timeout, timeout)
    if script.does(STOPS_KEEPALIVED):
        return Noticed(tracker, Range(lasts, interval + script.sleeps + lasts), stops=True)
    # A check that is due while the last one still runs is left out.
    step = interval * max(-(-lasts // interval), 1)
    return Noticed(tracker, Range((fall - 1) * step + lasts, interval + (fall - 1) * step + lasts))


def _times(definition: Definition) -> tuple[float, int]:
    return definition.seconds("interval", DEFAULT_INTERVAL), definition.count("fall")


_OF_CHECK: dict[str, Callable[[ServerCheck], Range | None]] = {
    "api-server-kill": lambda check: check.refused,
    "control-plane-power-loss": lambda check: check.silent,
    "api-server-hang": lambda check: check.hung,
}


def _control_plane_faults(pair: Pair) -> Iterator[Outcome]:
    backends = [proxy for host in pair.hosts if host.haproxy for proxy in api_backends(host.haproxy)]
    for fault in API_FAULTS if backends else ():
        yield worst([_of_backend(fault, proxy) for proxy in backends])


def _of_backend(fault: str, proxy: Proxy) -> Outcome:
    title = CONTROL_PLANE_FAULTS[fault]
    used, spare = _in_use(proxy)
    count = sum(server.number for server in used)
    if count < 2 and not spare:
        return Outcome(fault, title, "never", effect=f"{proxy.name} has no second server: until this one is back")
    share = f"1 new connection in {count}" if count > 1 else "every new connection"
    found = [server_check(proxy, server) for server in used]
    times = [_OF_CHECK[fault](check) if check else None for check in found]
    known = [time for time in times if time is not None]
    if len(known) < len(times):
        if fault == "api-server-kill" and count > 1 and _redispatches(proxy):
            effect = f"no check notices: until it is back {share} {_suffers(fault, proxy)}"
            return Outcome(fault, title, "heals", NONE, effect=effect)
        return Outcome(fault, title, "never", effect=f"no check notices: {share} fails until it is back")
    until = Range(min(time.low for time in known), max(time.high for time in known))
    if count < 2:
        return Outcome(fault, title, "heals", until, effect=f"until then {share} fails; then {spare[0].name} is used, a backup")
    return Outcome(fault, title, "heals", NONE, until, f"until then {share} {_suffers(fault, proxy)}")


def _in_use(proxy: Proxy) -> tuple[list[Server], list[Server]]:
    """The servers that get connections, and those that wait until all of these are down (HAProxy's manual, 5.2: backup)."""
    enabled = [server for server in proxy.servers if not server.has("disabled")]
    used = [server for server in enabled if not server.has("backup")]
    backups = [server for server in enabled if server.has("backup")]
    if used:
        return used, backups
    # Of backups alone the first one is used, or all of them.
    first = len(backups) if proxy.option("allbackups") else 1
    return backups[:first], backups[first:]


def _redispatches(proxy: Proxy) -> bool:
    return proxy.option("redispatch") is not None


def _suffers(fault: str, proxy: Proxy) -> str:
    if fault == "api-server-hang":
        return "gets no answer"
    if fault == "api-server-kill":
        return _elsewhere(proxy) if _redispatches(proxy) else "fails"
    wait = proxy.seconds("timeout", "connect")
    waits = "waits" if wait is None else f"waits {wait:g} s"
    return f"{waits} and goes to another server" if _redispatches(proxy) else f"{waits} again and again, and fails"


def _elsewhere(proxy: Proxy) -> str:
    """When a refused connection goes elsewhere: without a number, at the last retry (HAProxy's manual, `option redispatch`)."""
    line = proxy.option("redispatch")
    at_once = line is not None and line.value(2) == "1"
    return f"goes to another server {'at once' if at_once else 'after its retries'}"
