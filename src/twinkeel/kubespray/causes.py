"""The likely cause of a failure, for problems that people meet again and again."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """What to look for in the task's name and message, what it means most likely, and what to do."""

    pattern: re.Pattern[str]
    cause: str
    hint: str


def _cause(pattern: str, cause: str, hint: str) -> Cause:
    return Cause(re.compile(pattern, re.IGNORECASE | re.DOTALL), cause, hint)


# The first that fits is named: special ones before general ones. Numbers are Kubespray's issues.
CAUSES = (
    _cause(
        r"missing sudo password|incorrect (sudo|become|su) password"
        r"|sudo: a password is required|su: Authentication failure|incorrect password attempt"
        r"|Timeout.*waiting for privilege escalation",
        "sudo on the host asks for a password, or the one given is wrong",
        "allow sudo without a password there, or pass: -- --become-password-file FILE",
    ),
    _cause(
        r"python3?: (command )?not found|no such file or directory.{0,40}python"
        r"|/python[\d.]*: not found|interpreter.{0,60}(not found|missing)|No python interpreters found",
        "Python is missing on the host",
        "install python3 there (apt-get install python3, dnf install python3)",
    ),
    _cause(r"no space left on device|disk quota exceeded", "a disk is full", "make room on that host (df -h), then run again"),
    _cause(
        r"host key verification failed|remote host identification has changed",
        "the host's SSH key is not the known one",
        "check it, then renew it in the known_hosts file of the spec",
    ),
    _cause(
        r"permission denied \((publickey|password)|too many authentication failures|Load key .* (permission|invalid)",
        "the host refuses the SSH key",
        "ssh.user and ssh.identity_file in the spec; the public key in authorized_keys",
    ),
    _cause(
        r"Ansible must be between",
        "the playbooks refuse this version of Ansible (#12571, #12405)",
        "fetch the release again: it gets an environment of its own",
    ),
    _cause(
        r"Conditionals? .{0,300}must have a boolean result",
        "a variable is text where this Ansible wants true or false (#13524), or the release has the fault itself (#13547)",
        "in kubernetes.variables write true and false without quotes; after -- pass JSON: -e '{\"name\": true}'",
    ),
    _cause(
        r"Module result deserialization failed|No start of json char",
        "Python on the host is older than this Ansible works with",
        "install Python 3.8 there for v2.26 to v2.32, or newer; `twinkeel preflight` checks it (P003)",
    ),
    _cause(
        r"ansible_memtotal_mb|Stop if memory is too small|the system RAM .{0,40}is less than",
        "the host has less memory than this Kubespray asks for (#1183, #7027)",
        "give it more; or lower minimal_master_memory_mb or minimal_node_memory_mb in kubernetes.variables",
    ),
    _cause(
        r"ansible_swaptotal_mb|running with swap on is not supported",
        "the host swaps, and kubelet does not start then (#2031)",
        "swapoff -a, and take swap out of /etc/fstab there",
    ),
    _cause(
        r"ERROR SystemVerification\]: cgroups v1 support|kubelet is configured to not run on a host using cgroup v1",
        "the host has version 1 of control groups, which kubelet and kubeadm refuse from Kubernetes 1.35 on",
        "boot it with version 2; to go on as it is, kubelet_fail_cgroup_v1: false and"
        " kubeadm_ignore_preflight_errors: [SystemVerification] in kubernetes.variables",
    ),
    _cause(
        r"ERROR CoreDNSMigration\]: CoreDNS will not be upgraded: start version '' not supported",
        "the cluster has no CoreDNS, whose version kubeadm asks for before an upgrade",
        "`dns.mode: none` (or manual) in the spec tells `kubespray upgrade` so; where -e hides CoreDNS, add"
        " kubeadm_ignore_preflight_errors: [CoreDNSUnsupportedPlugins, CoreDNSMigration] there",
    ),
    _cause(
        r'deployments\.apps "coredns" not found',
        "Kubespray stops a CoreDNS that kubeadm no longer starts (dns_mode manual or none)",
        "kubeadm_scale_down_coredns_enabled: false in kubernetes.variables, then the same command again",
    ),
    _cause(
        r"only supports external etcd version",
        "etcd is older than this kubeadm works with (3.5.24 for Kubernetes 1.36)",
        "take etcd_version out of kubernetes.variables, or name a newer one; a mirror of your own programs needs a newer etcd",
    ),
    _cause(
        r"error validating data: the server is currently unable to handle the request",
        "the API server does not serve its own description, by which kubectl judges a manifest: it has just started, or was built"
        " with a newer Go than its source names (.go-version)",
        "`kubectl get --raw /openapi/v2`; when it stays at 503, build the programs with that Go, or take the official ones",
    ),
    _cause(
        r"cluster-info.{0,20} is forbidden: User .{0,3}system:anonymous",
        "a joining node may not read what every cluster tells anonymous nodes (#9474): anonymous requests are limited, or the first"
        " control-plane host never came to the end of `kubeadm init`",
        "allow anonymous requests while nodes join, or run cluster.yml on the first host again",
    ),
    _cause(
        r"kubeadm-certs.{0,20} (was )?not found|error downloading the secret|Pull control plane certs down",
        "the control plane's certificates, which a joining host fetches from the API, expired after two hours (#7029)",
        "`twinkeel kubespray run` without --limit uploads them again",
    ),
    _cause(
        r"toomanyrequests|reached your (unauthenticated )?pull rate limit",
        "the registry lets this address pull no more for now",
        "wait, log in to it, or set a mirror in kubernetes.variables (docs/kubespray.md: without the internet)",
    ),
    _cause(
        r"is in use.{0,40}6443|port[- ]6443|bind: address already in use|Port-\d+\]: Port \d+ is in use",
        "something else listens on the API server's port (#12257): perhaps HAProxy on the same host",
        "load balancers on control-plane hosts need endpoint.port other than kubernetes.api_port",
    ),
    _cause(
        r"x509: certificate is (valid for|not valid)|certificate is valid for .* not|doesn't contain any IP SANs",
        "the API server's certificate lacks the virtual IP or the name (#6560, #9947)",
        "run `twinkeel kubespray run` again: names of the spec are put in; or kubernetes.certificate_names",
    ),
    _cause(
        r"upload-config|error execution phase upload",
        "the load balancers send requests to an API server that is not ready yet (kubeadm#3294)",
        "the profile `fast`, then `twinkeel apply`, and run again",
    ),
    _cause(
        r"Nodes? NotReady|etcd.*(unhealthy|not healthy)|etcdserver: (no leader|request timed out)",
        "etcd has no quorum",
        "`twinkeel status`; are all etcd hosts up, and their clocks right?",
    ),
    _cause(
        r"(127\.0\.0\.1|localhost|\[::1\]):(6443|8443|8080).{0,40}refused",
        "nothing answers on the node itself: its API server is down, had another bind address before (#7032, #7962),"
        " or a proxy on the node was the endpoint before (#6839, #11711)",
        "`journalctl -u kubelet` there; after a change of endpoint /etc/kubernetes/*.conf and the config maps kubeadm-config"
        " and kube-proxy must name the new one",
    ),
    _cause(
        r"(kubeadm|wait-control-plane|controlPlaneEndpoint|:6443|:8443)"
        r".*(i/o timeout|connection refused|context deadline|EOF|no route to host)",
        "the endpoint does not answer: load balancers down or a firewall between (#5139)",
        "`twinkeel status` and `twinkeel apply`; the virtual IP and port must be open from every node",
    ),
    _cause(
        r"(kubeadm|kubelet|apiserver|6443|8443).*(no such host|name resolution|could not resolve)",
        "the endpoint's name does not resolve on the node (#12851)",
        "add it to DNS, or to /etc/hosts of every node",
    ),
    _cause(
        r"failed to update apt cache|no package matching|failed to fetch|unable to fetch some archives"
        r"|Failed to download metadata|Cannot download repodata",
        "the host reaches no package repository",
        "the nodes need the internet, or a mirror of their distribution's packages",
    ),
    _cause(
        r"Download_(file|container) \||request failed|urlopen error|status code was -1|connection failure"
        r"|download.{0,200}(timed out|refused|unreachable)|failed to pull image|dial tcp",
        "a download failed: the node has no way to the internet, or a proxy stands between",
        "allow it, or set a mirror in kubernetes.variables (docs/kubespray.md: without the internet)",
    ),
    _cause(
        r"kube_version|Kubernetes v?\S+ is not supported|only support newer version",
        "this Kubespray release does not install this Kubernetes version",
        "kubernetes.version and kubernetes.kubespray in the spec",
    ),
    _cause(r"even number of etcd|divisibleby", "an even number of etcd hosts", "use 1, 3 or 5"),
    _cause(
        r"facts.*(cache|not been gathered)|hostvars.*ansible_default_ipv4|main_access_ip",
        "facts of hosts outside --limit are not in the cache",
        "leave --limit to `twinkeel kubespray scale NODE`: it gathers them first",
    ),
    _cause(
        r"connection timed out|no route to host|connection refused|unreachable|can be reached over ssh",
        "the host does not answer over SSH",
        "is it up? ssh to it by hand",
    ),
)


def likely_cause(task: str, message: str) -> Cause | None:
    """The first known problem that a failure looks like."""
    text = f"{task}\n{message}"
    return next((cause for cause in CAUSES if cause.pattern.search(text)), None)
