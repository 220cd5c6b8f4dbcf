"""keepalived.conf."""

from twinkeel.render.files import RenderedFile
from twinkeel.render.systemd import DOWN_FILE, HANG_FILE, STANDBY_FILE
from twinkeel.render.template import fill
from twinkeel.render.vrrp_authentication import NONE, block, signed_with
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.derived_times import hang_yield
from twinkeel.topology.model import LoadBalancer, Topology
from twinkeel.vip.daemons import VRRP_DAEMON

CONFIG_PATH = VRRP_DAEMON.config_path

# There are no scripts; naming a user keeps keepalived from looking for one, and from root should a script ever be added.
SCRIPT_USER = "nobody"


def render_keepalived(topology: Topology, balancer: LoadBalancer, secrets: Secrets | None = None) -> RenderedFile:
    """keepalived.conf for one load balancer, for Keepalived 2.1 and newer. Private when it holds a password or a key."""
    given, kind = secrets or Secrets(), balancer.instances[0].authentication
    password = given.vrrp_password if kind == "password" else None
    signed = signed_with(given.vrrp_key) if kind == "hmac" and given.vrrp_key is not None else NONE
    content = fill(
        "keepalived.conf.j2",
        cluster=topology.name,
        machine=balancer.machine,
        instances=balancer.instances,
        vrrp_version=balancer.instances[0].version,
        password=password,
        auth_hmac=block(signed),
        extra=topology.vrrp_daemon.extra,
        script_user=SCRIPT_USER,
        down_file=DOWN_FILE,
        standby_file=STANDBY_FILE,
        hang_file=HANG_FILE,
        hang_weight=_hang_weight(topology),
    )
    return RenderedFile(CONFIG_PATH, content, mode=0o640 if password is None and signed == NONE else 0o600)


def _hang_weight(topology: Topology) -> int:
    """What makes the highest priority less than the lowest; 0 where nobody yields early."""
    if hang_yield(topology) is None:
        return 0
    priorities = [instance.priority for balancer in topology.load_balancers for instance in balancer.instances]
    return max(priorities) - min(priorities) + 1
