"""Runs on any host: what preflight wants to know of its system, network and neighbours. Reads only.

    python3 -c PROGRAM '{"names": [...], "packages": [...], "tls": [[ADDRESS, PORT], ...], "folders": [...],
                         "frr": [FILE, MARKER] or null, "connect": [[ADDRESS, PORT], ...], "reach": [[ADDRESS, PORT], ...],
                         "vrrp_daemon": UNIT, "booleans": [...]}'

Prints one JSON object; see `main`. The only connections that it makes are TLS handshakes with the API servers in `tls`, those to
`connect` and `reach`, which it ends at once, and whatever the host's resolver asks for `names`.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from twinkeel.observe.host_programs.package_versions import output, package

TLS_TIMEOUT = 2.0
CONNECT_TIMEOUT = 1.0
NAME_TIMEOUT = 4.0
LISTEN = "0A"
NETWORKD_LINKS = "/run/systemd/netif/links"
# The first has precedence.
NETWORKD_FOLDERS = ("/etc/systemd/network", "/run/systemd/network", "/usr/local/lib/systemd/network", "/usr/lib/systemd/network")
UNITS = ("firewalld", "nftables", "ufw", "iptables", "netfilter-persistent", "systemd-networkd", "NetworkManager")
CAP_SYS_RESOURCE = 24

# What the rules that keep connections are made of; every expression of them is a module of its own in the kernel.
EXPRESSIONS = """\
table ip twinkeel_preflight {
    set seen { type ipv4_addr . inet_service; size 8; flags dynamic,timeout; timeout 1s; }
    chain asked {
        type filter hook prerouting priority raw;
        fib daddr type local tcp flags & syn == syn update @seen { ip saddr . tcp sport } accept
        socket wildcard 1 ip ttl > 1 dup to 127.0.0.1 device "lo"
    }
}
"""


def text_of(path: str) -> str:
    """A file's text; nothing when it cannot be read."""
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def number_in(path: str) -> int | None:
    """The number that a file holds."""
    text = text_of(path).strip()
    return int(text) if text.isdigit() else None


def operating_system() -> dict[str, str]:
    """The lines of os-release."""
    lines = (line.split("=", 1) for line in text_of("/etc/os-release").splitlines() if "=" in line)
    return {key: value.strip().strip("\"'") for key, value in lines}


def package_manager() -> str | None:
    """apt or dnf; None when the host has neither."""
    return "apt" if shutil.which("apt-get") else "dnf" if shutil.which("dnf") else None


def links() -> list[Any]:
    """The interfaces with their addresses, as iproute2 tells them."""
    try:
        found = json.loads(output(["ip", "-j", "address", "show"]) or "[]")
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def listeners() -> list[dict[str, Any]]:
    """Every listening TCP socket with its process and the systemd unit that the process belongs to."""
    sockets = []
    for path, version in (("/proc/net/tcp", 4), ("/proc/net/tcp6", 6)):
        for line in text_of(path).splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTEN:
                host, port = fields[1].split(":")
                sockets.append((address_of(host, version), int(port, 16), fields[9]))
    owners = owners_of({inode for _, _, inode in sockets})
    return [
        dict(owners.get(inode, {"process": None, "unit": None}), address=address, port=port) for address, port, inode in sockets
    ]


def address_of(text: str, version: int) -> str:
    """An address as /proc writes it: words in the machine's byte order."""
    words = [int(text[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(text), 8)]
    return socket.inet_ntop(socket.AF_INET if version == 4 else socket.AF_INET6, b"".join(words))


def owners_of(inodes: set[str]) -> dict[str, dict[str, str | None]]:
    """The process that holds each socket."""
    owners = {}
    for number in filter(str.isdigit, os.listdir("/proc")):
        folder = f"/proc/{number}/fd"
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            try:
                target = os.readlink(os.path.join(folder, name))
            except OSError:
                continue
            inode = target[8:-1] if target.startswith("socket:[") else ""
            if inode in inodes:
                owners[inode] = {"process": text_of(f"/proc/{number}/comm").strip(), "unit": unit_of(number), "pid": number}
    return owners


def unit_of(process: str) -> str | None:
    """The service that a process belongs to, from its control group."""
    for line in text_of(f"/proc/{process}/cgroup").splitlines():
        for part in reversed(line.split("/")):
            if part.endswith(".service"):
                return part
    return None


def resolve(name: str) -> dict[str, Any]:
    """The addresses that programs on this host get for a name."""
    try:
        done = subprocess.run(
            ["getent", "ahosts", name], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=NAME_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return {"addresses": [], "error": f"no answer within {NAME_TIMEOUT:g} s"}
    except OSError as error:
        return {"addresses": [], "error": str(error)}
    found = [line.split()[0] for line in done.stdout.decode(errors="replace").splitlines() if line.strip()]
    return {"addresses": sorted(set(found)), "error": None if found else "the name is not known"}


def handshake(target: list[Any]) -> dict[str, Any]:
    """The certificate that a server shows, unverified: it is evaluated elsewhere."""
    address, port = target
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    answer = {"address": address, "port": port, "certificate": None, "error": None}
    try:
        with socket.create_connection((address, port), timeout=TLS_TIMEOUT) as plain, context.wrap_socket(plain) as secure:
            certificate = secure.getpeercert(binary_form=True) or b""
            return dict(answer, certificate=base64.b64encode(certificate).decode())
    except ConnectionRefusedError:
        return dict(answer, error="nothing listens")
    except socket.timeout:
        return dict(answer, error=f"no answer within {TLS_TIMEOUT:g} s")
    except OSError as error:
        return dict(answer, error=str(error))


def accepts(target: list[Any]) -> bool:
    """Whether another host takes a connection. One to this host says nothing; one that it withdrew is local for a while."""
    address, port = target
    if output(["ip", "route", "get", address]).startswith("local "):
        return False
    try:
        socket.create_connection((address, port), timeout=CONNECT_TIMEOUT).close()
    except OSError:
        return False
    return True


def reach(target: list[Any]) -> str:
    """What comes of a connection to a port: `taken`, `refused`, or why nothing came."""
    try:
        socket.create_connection(tuple(target), timeout=CONNECT_TIMEOUT).close()
    except ConnectionRefusedError:
        return "refused"
    except socket.timeout:
        return f"no answer within {CONNECT_TIMEOUT:g} s"
    except OSError as error:
        return str(error)
    return "taken"


def real_time(name: str) -> bool | None:
    """Whether all processes of a name have a real-time policy; None where there is none of them."""
    policies = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        if text_of(f"/proc/{number}/comm").strip() == name:
            try:
                policies.append(os.sched_getscheduler(int(number)) & ~os.SCHED_RESET_ON_FORK)
            except OSError:
                continue
    return all(policy in (os.SCHED_FIFO, os.SCHED_RR) for policy in policies) if policies else None


def frr(path: str, marker: str) -> dict[str, str] | None:
    """What FRR tells of its sessions, empty where it does not run; None where its configuration is not ours."""
    if marker not in text_of(path):
        return None
    return {name: output(["vtysh", "-c", f"show {name} json"]) for name in ("bgp summary", "bfd peers")}


def selinux(booleans: list[str]) -> dict[str, Any]:
    """SELinux's mode and the booleans that matter; mode None where the kernel has no SELinux."""
    enforcing = number_in("/sys/fs/selinux/enforce")
    mode = None if enforcing is None else "enforcing" if enforcing else "permissive"
    values = {}
    for name in booleans if mode else ():
        words = output(["getsebool", name]).split()
        if words:
            values[name] = words[-1] == "on"
    return {"mode": mode, "booleans": values}


def free_space(folder: str) -> int | None:
    """Bytes that root may still write there."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return found.f_bfree * found.f_frsize


def active_units(units: list[str]) -> list[str]:
    """Which of the units are active."""
    states = output(["systemctl", "is-active", *units]).split()
    return [unit for unit, state in zip(units, states) if state == "active"]


def may_raise_limits(unit: str) -> bool | None:
    """Whether systemd may give a service CAP_SYS_RESOURCE, and its unit does not take it away; None: not known."""
    manager = next((line.split()[1] for line in text_of("/proc/1/status").splitlines() if line.startswith("CapBnd:")), "")
    if not manager:
        return None
    bounds = output(["systemctl", "show", "--property=CapabilityBoundingSet", f"{unit}.service"]).strip().partition("=")[2]
    # Of a unit that is not there, or that says nothing, systemd tells what it would get.
    return bool(int(manager, 16) >> CAP_SYS_RESOURCE & 1) and (not bounds or "cap_sys_resource" in bounds.lower().split())


def dropped_by_networkd() -> list[str]:
    """Interfaces that systemd-networkd configures, without word to keep addresses that it does not know."""
    indexes = os.listdir(NETWORKD_LINKS) if os.path.isdir(NETWORKD_LINKS) else []
    names = {text_of(f"/sys/class/net/{name}/ifindex").strip(): name for name in os.listdir("/sys/class/net")}
    found = []
    for index in indexes:
        state = text_of(os.path.join(NETWORKD_LINKS, index)).splitlines()
        file = next((line.partition("=")[2] for line in state if line.startswith("NETWORK_FILE=")), "")
        if index in names and "ADMIN_STATE=configured" in state and not keeps_addresses(file):
            found.append(names[index])
    return found


def keeps_addresses(file: str) -> bool:
    """Whether a .network file, or the last of its drop-ins that says something of it, keeps addresses (systemd.network(5))."""
    drop_ins = {}
    for folder in reversed(NETWORKD_FOLDERS):
        more = os.path.join(folder, os.path.basename(file) + ".d")
        for name in os.listdir(more) if file and os.path.isdir(more) else []:
            if name.endswith(".conf"):
                drop_ins[name] = os.path.join(more, name)
    setting = "no"
    for path in [file, *(drop_ins[name] for name in sorted(drop_ins))]:
        for line in text_of(path).splitlines():
            key, _, value = line.partition("=")
            setting = value.strip() if key.strip() == "KeepConfiguration" else setting
    return setting.lower() in ("static", "yes", "true", "on", "1", "y", "t")


def managed_by_network_manager() -> list[str]:
    """Interfaces that NetworkManager configures."""
    lines = [line.rpartition(":") for line in output(["nmcli", "-t", "-f", "DEVICE,STATE", "device"]).splitlines()]
    return [device.replace("\\:", ":") for device, _, state in lines if state not in ("unmanaged", "unavailable")]


def nft_refuses() -> str | None:
    """What nft says against rules like those that keep connections: empty where it takes them, None without nft. Loads none."""
    if shutil.which("nft") is None:
        return None
    try:
        ended = subprocess.run(["nft", "-c", "-f", "-"], input=EXPRESSIONS, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if ended.returncode == 0 else (ended.stderr.strip().splitlines() or ["it failed"])[0]


def main() -> None:
    """Print everything; what takes long goes on at the same time."""
    asked = json.loads(sys.argv[1])
    with ThreadPoolExecutor(max_workers=16) as pool:
        each: Callable[..., Any] = pool.map
        names = dict(zip(asked["names"], each(resolve, asked["names"])))
        tls = list(each(handshake, asked["tls"]))
        packages = dict(zip(asked["packages"], each(package, asked["packages"])))
        reached = list(each(reach, asked["reach"]))
        accepted = [address for (address, _), taken in zip(asked["connect"], each(accepts, asked["connect"])) if taken]
    of_frr = frr(*asked["frr"]) if asked["frr"] else None
    survey = {
        "os": operating_system(),
        "python": list(sys.version_info[:3]),
        "init": text_of("/proc/1/comm").strip(),
        "package_manager": package_manager(),
        "packages": packages,
        "links": links(),
        "listeners": listeners(),
        "names": names,
        "tls": tls,
        "limits": {"nr_open": number_in("/proc/sys/fs/nr_open"), "file_max": number_in("/proc/sys/fs/file-max")},
        "selinux": selinux(asked["booleans"]),
        "active": active_units([*UNITS, asked["vrrp_daemon"]]),
        "ufw": "ENABLED=yes" in text_of("/etc/ufw/ufw.conf"),
        "may_raise_limits": may_raise_limits(asked["vrrp_daemon"]),
        "networkd": dropped_by_networkd(),
        "network_manager": managed_by_network_manager(),
        "kernel": os.uname().release,
        "nft_refuses": nft_refuses(),
        "frr": of_frr,
        "bfdd_real_time": real_time("bfdd") if of_frr is not None else None,
        "accepted": accepted,
        "reached": [[address, came] for (address, _), came in zip(asked["reach"], reached)],
        "space": {folder: free_space(folder) for folder in asked["folders"]},
    }
    sys.stdout.write(json.dumps(survey) + "\n")


if __name__ == "__main__":
    main()
