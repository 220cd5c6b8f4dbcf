"""How a load balancer is told to give its virtual IPs away, or that it may hold them again."""

from twinkeel.render.systemd import DOWN_FILE, LINGER_PROGRAM, STANDBY_FILE
from twinkeel.vip.backend import HandoverMethod
from twinkeel.vip.daemons import VRRP_DAEMON
from twinkeel.vip.lend_linger import LENT_COMMAND, LENT_PROGRAM

# $1 the file, $2 what it gets. The daemon follows it through inotify: it is written in place.
_WRITE = 'mkdir -p "${1%/*}" && echo "$2" > "$1"'
# Where connections are kept (twinkeel.render.second_chance), all is ready for that before anything moves. Whatever becomes of it,
# the virtual IP moves.
_KEEP = (
    f"if [ -x {LINGER_PROGRAM} ]; then {LINGER_PROGRAM} begin; elif [ -e {LENT_PROGRAM} ]; then {LENT_COMMAND} begin; fi "
    "> /dev/null 2>&1"
)
_GIVE_AWAY = f"{_KEEP}; {_WRITE}"


def keep_connections() -> tuple[str, ...]:
    """The command that makes ready for a move by a stop, to be run there before anybody else may take the virtual IPs."""
    return ("sh", "-c", f"{_KEEP}; true")


def steer(handover: HandoverMethod, *, standby: bool) -> tuple[str, ...]:
    """The command, to be run there."""
    if handover == "stop":
        # It gives its addresses away in milliseconds, and its process ends a second later: that is not waited for here.
        return ("systemctl", "--no-block", "stop" if standby else "start", VRRP_DAEMON.unit)
    return ("sh", "-c", _GIVE_AWAY if standby else _WRITE, "sh", _file(handover), "1" if standby else "0")


def let_hold_by_hand(handover: HandoverMethod) -> str:
    """What a person types there to let it hold virtual IPs again."""
    return f"systemctl start {VRRP_DAEMON.unit}" if handover == "stop" else f"echo 0 > {_file(handover)}"


def _file(handover: HandoverMethod) -> str:
    return STANDBY_FILE if handover == "standby" else DOWN_FILE
