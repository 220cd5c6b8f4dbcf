"""Fetch admin.conf from a control-plane host."""

from twinkeel.errors import HostError
from twinkeel.hosts.executor import FileMissingError, Reader
from twinkeel.topology.model import Machine

ADMIN_CONF = "/etc/kubernetes/admin.conf"


async def fetch_admin_conf(reader: Reader, control_plane: tuple[Machine, ...]) -> tuple[str, str]:
    """The text of admin.conf and where it is from (`master-1:/etc/kubernetes/admin.conf`): the first host in order that has it.

    Raises:
        HostError: no host has it, or none could be asked; the message names what each said.
    """
    said: list[str] = []
    for machine in control_plane:
        where = f"{machine.name}:{ADMIN_CONF}"
        try:
            content = await reader.read_file(machine, ADMIN_CONF)
        except FileMissingError:
            said.append(f"{machine.name}: there is no {ADMIN_CONF}")
            continue
        except HostError as error:
            said.append(f"{machine.name}: {error.what}")
            continue
        try:
            return content.decode(), where
        except UnicodeDecodeError as error:
            raise HostError(
                "admin.conf is not text", where=where, hint="the host's file is damaged; try its `kubeadm init phase kubeconfig`"
            ) from error
    hint = "has Kubespray installed the cluster (`kubectl get nodes` on a control-plane host)? Is SSH to these hosts allowed?"
    raise HostError("no control-plane host gives an admin.conf", where="; ".join(said), hint=hint)
