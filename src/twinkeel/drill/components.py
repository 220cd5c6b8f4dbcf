"""API servers and etcd members on a host, whether systemd runs them (a lab, etcd of Kubespray) or kubelet does (static pods)."""

from twinkeel.drill.fault import Scene
from twinkeel.topology.model import Machine

API_SERVER_RUN = ("pidof", "kube-apiserver")
ETCD_RUN = ("pidof", "etcd")

# Without waiting: an API server drains for as long as it was told to. A static pod ends when its manifest leaves the folder, and
# starts when it comes back.
_STOP = """
if systemctl cat "$1.service" > /dev/null 2>&1; then exec systemctl stop --no-block "$1"; fi
mv "/etc/kubernetes/manifests/$1.yaml" "/etc/kubernetes/$1.yaml.twinkeel-drill"
"""
_START = """
if systemctl cat "$1.service" > /dev/null 2>&1; then exec systemctl start --no-block "$1"; fi
aside="/etc/kubernetes/$1.yaml.twinkeel-drill"
if [ -e "$aside" ]; then mv "$aside" "/etc/kubernetes/manifests/$1.yaml"; fi
"""
_SIGNAL = """
pids=$(pidof "$2") || exit 1
kill "-$1" $pids
"""

# The API server's own flags say where etcd's certificates are, wherever an installer puts them.
_LEADS = """
import re, ssl, subprocess, urllib.request
pid = subprocess.run(["pidof", "kube-apiserver"], stdout=subprocess.PIPE, check=True).stdout.split()[0].decode()
flags = dict(part.split("=", 1) for part in open(f"/proc/{pid}/cmdline").read().split("\\0") if "=" in part)
context = ssl.create_default_context(cafile=flags["--etcd-cafile"])
context.check_hostname = False
context.load_cert_chain(flags["--etcd-certfile"], flags["--etcd-keyfile"])
text = urllib.request.urlopen("https://127.0.0.1:2379/metrics", context=context, timeout=5).read().decode()
print(re.search(r"^etcd_server_is_leader (\\d)", text, re.M).group(1))
"""


async def stop(scene: Scene, name: str, machine: Machine | None = None) -> None:
    """Stop a component (kube-apiserver, etcd) for good. Raises HostError."""
    await scene.change("sh", "-c", _STOP, "sh", name, on=machine)


async def start(scene: Scene, name: str, machine: Machine | None = None) -> None:
    """Let it run again, whatever state it is in. Raises HostError."""
    await scene.change("sh", "-c", _START, "sh", name, on=machine)


async def signal(scene: Scene, number: str, name: str, machine: Machine | None = None) -> None:
    """Send a signal (KILL, STOP, CONT) to every process of that name. Raises HostError, also when there is none."""
    await scene.change("sh", "-c", _SIGNAL, "sh", number, name, on=machine)


async def leads_etcd(scene: Scene, machine: Machine) -> bool:
    """Whether the etcd member on that host is the leader. Raises HostError when it cannot be asked."""
    return await scene.read("python3", "-c", _LEADS, on=machine) == "1"


async def an_api_server(scene: Scene) -> Machine:
    """A control-plane host that is not the first: the first has more parts to play."""
    return scene.topology.control_plane[-1]
