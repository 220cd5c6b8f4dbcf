"""What scripts/e2e runs on its cluster, the settings that it must not change, and its prober (this file as a program)."""

import contextlib
import signal
import socket
import ssl
import sys
import time
from pathlib import Path
from types import FrameType

WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: hello}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: hello}}}}
  template:
    metadata: {{labels: {{app: hello}}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: {registry}/library/busybox:1.35
          command: [sh, -c, "mkdir -p /www && echo hello from $HOSTNAME >/www/index.html && httpd -f -v -p 8080 -h /www"]
---
apiVersion: v1
kind: Service
metadata: {{name: hello}}
spec:
  type: NodePort
  selector: {{app: hello}}
  ports: [{{port: 80, targetPort: 8080, nodePort: {node_port}}}]
"""

# What Kubespray, kubelet and kube-proxy set, and every other setting of the kernel that hosts of a lab share with this machine.
SHARED = (
    *("vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "kernel/pid_max"),
    *("kernel/keys/root_maxkeys", "kernel/keys/root_maxbytes", "fs/file-max"),
    *("fs/protected_hardlinks", "fs/protected_symlinks", "net/netfilter/nf_conntrack_max", "net/ipv4/ip_forward"),
    *("net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables", "net/ipv4/ip_local_reserved_ports"),
)
PERIOD, TIMEOUT = 0.2, 10.0


def global_settings() -> dict[str, str]:
    """Each of the shared settings as it is now; those that this kernel lacks are left out."""
    found = {}
    for name in SHARED:
        with contextlib.suppress(OSError):
            found[name] = (Path("/proc/sys") / name).read_text().strip()
    return found


def probe(address: str, port: int, name: str, ca_file: str) -> None:
    """Ask /readyz over a new TLS connection, five times a second, until SIGTERM; then say how many failed, and why."""
    ended = False

    def end(_number: int, _frame: FrameType | None) -> None:
        nonlocal ended
        ended = True

    signal.signal(signal.SIGTERM, end)
    context = ssl.create_default_context(cafile=ca_file)
    total, failures, slowest = 0, list[str](), 0.0
    print(f"asks {name} at {address} port {port}", flush=True)
    while not ended:
        began = time.monotonic()
        total += 1
        error = ask(context, address, port, name)
        if error:
            failures.append(f"{time.strftime('%H:%M:%S')} {error}")
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(max(0.0, PERIOD - (time.monotonic() - began)))
    print(f"{total} requests, {len(failures)} failed, slowest {slowest * 1000:.0f} ms")
    print("\n".join(failures[:5]))


def ask(context: ssl.SSLContext, address: str, port: int, name: str) -> str:
    """Why one request failed; empty when it was answered with 200."""
    request = f"GET /readyz HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode()
    try:
        with (
            socket.create_connection((address, port), TIMEOUT) as plain,
            context.wrap_socket(plain, server_hostname=name) as secure,
        ):
            secure.sendall(request)
            answer = secure.recv(64)
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return "" if answer.startswith(b"HTTP/1.1 200") else f"answered {answer[:20]!r}"


if __name__ == "__main__":
    probe(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
