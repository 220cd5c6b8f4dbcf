"""Fetch admin.conf from a control-plane host, or from what Kubespray left beside its inventory."""

from pathlib import Path

from twinkeel.errors import HostError
from twinkeel.hosts.executor import FileMissingError, Reader
from twinkeel.kubeconfig.document import KubeconfigError, parse_kubeconfig
from twinkeel.topology.model import Machine

ADMIN_CONF = "/etc/kubernetes/admin.conf"
HINT = (
    "has Kubespray installed the cluster (`kubectl get nodes` on a control-plane host)? Is SSH to these hosts allowed? "
    "A damaged admin.conf: `kubeadm init phase kubeconfig admin` on that host"
)


async def fetch_admin_conf(reader: Reader, control_plane: tuple[Machine, ...]) -> tuple[str, str]:
    """The text of admin.conf and where it is from (`master-1:/etc/kubernetes/admin.conf`):
    the first host in order that has one which can be used.

    Raises:
        HostError: no host has it, or none could be asked; the message names what each said.
    """
    reasons: list[str] = []
    for machine in control_plane:
        where = f"{machine.name}:{ADMIN_CONF}"
        try:
            content = await reader.read_file(machine, ADMIN_CONF)
        except FileMissingError:
            reasons.append(f"{machine.name}: there is no {ADMIN_CONF}")
            continue
        except HostError as error:
            reasons.append(f"{machine.name}: {error.what}")
            continue
        try:
            text = content.decode()
            parse_kubeconfig(text, where)
        except (UnicodeDecodeError, KubeconfigError) as error:
            what = error.what if isinstance(error, KubeconfigError) else "it is not text"
            reasons.append(f"{machine.name}: its admin.conf cannot be used: {what}")
            continue
        return text, where
    raise HostError("no control-plane host gives an admin.conf", where="; ".join(reasons), hint=HINT)


def read_artifact(path: Path) -> tuple[str, str]:
    """The text of the admin.conf that Kubespray copied to this machine, and its path.

    Raises:
        HostError: there is none, or it is not text.
    """
    hint = "`twinkeel kubespray run` makes it; without --from-artifacts the control-plane hosts are asked"
    try:
        return path.read_bytes().decode(), str(path)
    except FileNotFoundError:
        raise HostError("Kubespray left no admin.conf on this machine", where=str(path), hint=hint) from None
    except UnicodeDecodeError as error:
        raise HostError("Kubespray's admin.conf is not text", where=str(path), hint=hint) from error
