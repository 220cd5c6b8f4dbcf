"""What scripts/e2e runs on its cluster, and the settings of the machine that it must not change."""

import contextlib
from pathlib import Path

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
          command: [sh, -c, "mkdir /www && cd /www && echo hello from $HOSTNAME >index.html &&
            cat index.html && exec httpd -f -p 8080"]
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


def global_settings() -> dict[str, str]:
    """Each of the shared settings as it is now; those that this kernel lacks are left out."""
    found = {}
    for name in SHARED:
        with contextlib.suppress(OSError):
            found[name] = (Path("/proc/sys") / name).read_text().strip()
    return found
