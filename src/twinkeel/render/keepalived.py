"""keepalived.conf."""

from twinkeel.render.files import RenderedFile
from twinkeel.render.systemd import DOWN_FILE, STANDBY_FILE
from twinkeel.render.template import fill
from twinkeel.topology.model import LoadBalancer, Topology

CONFIG_PATH = "/etc/keepalived/keepalived.conf"

# There are no scripts; naming a user keeps keepalived from looking for one, and from root should a script ever be added.
SCRIPT_USER = "nobody"


def render_keepalived(topology: Topology, balancer: LoadBalancer) -> RenderedFile:
    """keepalived.conf for one load balancer, for Keepalived 2.2 and newer."""
    content = fill(
        "keepalived.conf.j2",
        cluster=topology.name,
        machine=balancer.machine,
        instances=balancer.instances,
        script_user=SCRIPT_USER,
        down_file=DOWN_FILE,
        standby_file=STANDBY_FILE,
    )
    return RenderedFile(CONFIG_PATH, content, mode=0o640)
