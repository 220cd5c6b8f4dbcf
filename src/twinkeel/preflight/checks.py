"""The one list of preflight's checks.

An id is stable once released: P00x access, P01x the system, P02x the network, P03x VRRP and BGP, P04x the cluster.
docs/preflight.md is made from here.
"""

from twinkeel.preflight import access, announced, cluster, network, segment, system
from twinkeel.preflight.model import Check
from twinkeel.vip.daemons import VRRP_DAEMON

CHECKS = (
    Check(
        "P001",
        "every host is reached over SSH, and shows the host key that is known",
        "Everything that Twinkeel and Kubespray do goes over SSH. A host key that changed may mean that somebody listens.",
        "An unknown key: compare its fingerprint on the host's console, then add it with ssh-keyscan as the finding shows. "
        "A changed key: remove the old one with ssh-keygen -R only if you know why it changed. A refused key: put the public "
        "key into the user's authorized_keys.",
        access.reached,
        essential=True,
    ),
    Check(
        "P002",
        "we may become root on every host",
        "Packages, services and files in /etc need root.",
        "Set ssh.user: root, or let the user run sudo without a password (NOPASSWD in /etc/sudoers.d).",
        access.privileged,
        essential=True,
    ),
    Check(
        "P003",
        "every host has Python 3.8 or newer",
        "Ansible runs its work on the host with it, and preflight looks with it. ansible-core 2.20 and newer want Python 3.9 "
        "there; the one that is used here is known, and counts.",
        "Install python3 (a newer one on old systems), or use an older ansible-core here.",
        access.python,
    ),
    Check(
        "P010",
        "the load balancers run a system that packages can be installed on",
        f"Apply installs HAProxy, and {VRRP_DAEMON.name} or FRR, with apt or dnf.",
        "Use Debian, Ubuntu or a system of the Red Hat family, and let system.packages be auto.",
        system.operating_system,
        essential=True,
    ),
    Check(
        "P011",
        "systemd runs as process 1 on the load balancers",
        "HAProxy's failure reaches what shares the virtual IPs out through systemd's hooks.",
        "Use a system with systemd; a plain container is no load balancer.",
        access.init,
        essential=True,
    ),
    Check(
        "P012",
        "HAProxy is installed or offered, not older than the spec counts on, and not known to be bad",
        "haproxy.cfg is written for haproxy.version; an older one refuses it. Some versions lose connections or servers.",
        "Refresh the package lists, bring a newer package, or set haproxy.version to what the hosts have.",
        system.package_version("haproxy"),
    ),
    Check(
        "P013",
        f"{VRRP_DAEMON.name} is installed or offered, not older than the spec counts on, and not known to be bad",
        f"{VRRP_DAEMON.config_name} is written for {VRRP_DAEMON.section}.version; an older one ignores or refuses parts of it.",
        f"Refresh the package lists, bring a newer package, or set {VRRP_DAEMON.section}.version to what the hosts have.",
        system.package_version(VRRP_DAEMON.unit),
        mode="vrrp",
    ),
    Check(
        "P014",
        "the kernel allows as many open files as HAProxy's connections need",
        "`haproxy -c` accepts any maxconn, and the service then dies with `Cannot raise FD limit`.",
        "Raise fs.nr_open and fs.file-max, or lower haproxy.max_connections.",
        system.file_limits,
    ),
    Check(
        "P015",
        "SELinux is not permissive, and its booleans can be set",
        "Enforcing without haproxy_connect_any, HAProxy cannot reach the API servers. Permissive is an accident that a boot ends.",
        "Leave SELinux enforcing and system.selinux: auto; apply sets the booleans, and installs the module that "
        f"{VRRP_DAEMON.name} needs.",
        system.selinux,
    ),
    Check(
        "P016",
        "the firewall is the one that the spec names",
        "A firewall without a rule for VRRP leaves two holders of one virtual IP, without one for BGP none; two firewalls fight. "
        "firewalld and ufw let nothing new pass while they reload: put a load balancer in standby meanwhile "
        "(docs/second-chance.md).",
        "Name the active firewall in system.firewall, and stop any other.",
        system.firewall,
    ),
    Check(
        "P017",
        "nothing else manages the virtual IP's interface in a way that drops the address",
        "systemd-networkd and NetworkManager remove addresses that they do not know when they configure an interface again, and "
        f"{VRRP_DAEMON.lost_address.what} ({VRRP_DAEMON.lost_address.issue}).",
        "Tell systemd-networkd to keep foreign addresses; leave NetworkManager's connection alone on a live holder, "
        "or give the interface to something else.",
        system.network_manager,
        mode="vrrp",
    ),
    Check(
        "P018",
        "there is room for new files on the load balancers",
        "Every file is written beside the old one before it replaces it.",
        "Free 50 MiB in /etc, /var/lib and /run.",
        system.space,
    ),
    Check(
        "P019",
        f"{VRRP_DAEMON.name} outlives a reload",
        "With real-time priority each reload sets the limit of its processor time to zero and raises it again. Without "
        "CAP_SYS_RESOURCE, as in many containers, it stays zero, and the kernel ends the VRRP process (2.2.7; the same code up to "
        "2.4.3). Ours then ends whole, and systemd starts it when a peer has the virtual IP: a move that nobody asked for.",
        "Give the container CAP_SYS_RESOURCE.",
        system.capabilities,
        mode="vrrp",
    ),
    Check(
        "P020",
        "every host has its address, and the load balancers on the interface that the spec names",
        f"{VRRP_DAEMON.name} puts the virtual IP on that interface and speaks VRRP there; on a wrong one it stays in FAULT. "
        "BGP sessions start from that address.",
        "Correct `interface` or the address in the spec.",
        network.interface,
    ),
    Check(
        "P021",
        "each virtual IP is in the interface's subnet, with its prefix length",
        "A wrong prefix length changes the host's routes as long as it holds the virtual IP.",
        "Write the virtual IP with the prefix length that `ip address` shows for the interface.",
        network.subnet,
        mode="vrrp",
    ),
    Check(
        "P022",
        "nobody but our load balancers answers for a virtual IP",
        "Two machines with one address take turns: clients reach now one, now the other.",
        "Find the machine by its hardware address and take the address from it, or choose another virtual IP.",
        segment.vip_holders,
        sends="Three ARP probes (RFC 5227, sender 0.0.0.0) for each IPv4 virtual IP, and three neighbour solicitations from the "
        "host's own address for each IPv6 one. Nobody's ARP cache learns from a probe.",
        essential=True,
        mode="vrrp",
    ),
    Check(
        "P023",
        "HAProxy's ports are free, or our own HAProxy has them",
        "HAProxy does not start when another process has one of its ports.",
        "Stop the other process, or choose another port in the spec.",
        network.ports,
        essential=True,
    ),
    Check(
        "P024",
        "the kernel can do what failover.second_chance needs",
        "The new holder of a virtual IP must tell connections that it serves from those that the old one still serves: nftables "
        "can since Linux 5.10. Where nft is installed, it is asked whether it would take such rules (nft -c).",
        "Bring a newer kernel or the missing modules, or set failover.second_chance: false: planned moves then reset connections.",
        system.kernel,
        essential=True,
    ),
    Check(
        "P030",
        "nobody but our load balancers speaks a VRID of ours on the segment",
        "A router with the same VRID and a higher priority silences our load balancers, or is silenced by them.",
        "Set another vrid for the virtual IP. VRRP that is sent to others by unicast cannot be heard.",
        segment.router_ids,
        sends="Nothing; it joins VRRP's multicast group for as long as it listens: 1.3 s, or three of our advertisements.",
        mode="vrrp",
    ),
    Check(
        "P031",
        "protocol 112 passes between each pair of load balancers, both ways",
        "Load balancers that do not hear each other hold the virtual IP at the same time.",
        "Let firewalls, security groups and switches pass IP protocol 112 (VRRP; it is neither TCP nor UDP) between them.",
        segment.protocol_passes,
        sends="A packet of protocol 112 to each other load balancer every 0.1 s while it listens: VRRP version 0, type 15, virtual "
        "router 0. Every VRRP router discards it (RFC 9568, 7.1): no version, type or router has these numbers.",
        mode="vrrp",
    ),
    Check(
        "P032",
        "FRR is installed or offered, and not older than the spec counts on",
        "frr.conf is written for frr.version; an older one refuses parts of it.",
        "Refresh the package lists, bring a newer package, or set frr.version to what the hosts have.",
        system.package_version("frr"),
        mode="bgp",
    ),
    Check(
        "P033",
        "no virtual IP is in a subnet of a load balancer",
        "Hosts of that subnet ask for it by ARP or neighbour discovery instead of going through a router, and every load balancer "
        "that has it answers.",
        "Announce an address that is in no subnet.",
        announced.outside_subnets,
        essential=True,
        mode="bgp",
    ),
    Check(
        "P034",
        "nothing but our FRR speaks BGP on the load balancers",
        "bgpd does not start when another process has port 179: Calico's BIRD and kube-router have it on nodes of Kubernetes.",
        "Stop the other process, or use machines of their own for load balancers.",
        announced.bgp_port,
        essential=True,
        mode="bgp",
    ),
    Check(
        "P035",
        "the load balancers run one thing that shares virtual IPs out",
        f"A {VRRP_DAEMON.name} that goes on holds its virtual IP beside those that are announced, and no apply takes care of it "
        "any more.",
        f"Move clients to the new endpoint, then stop {VRRP_DAEMON.name} on every load balancer.",
        announced.other_daemon,
        mode="bgp",
    ),
    Check(
        "P036",
        "each load balancer that runs our FRR has a session with every router, sent it the routes, and BFD is up",
        "A router without a session, or that was sent no route, sends a load balancer nothing; without BFD its loss costs the hold "
        "time. BFD is up only when both ends hear each other. Before the first apply there is no session to look at. What a router "
        "makes of the routes cannot be asked from here.",
        "On the router: the load balancer's address and AS, the password, TCP port 179, BFD's timers and UDP ports on both ends.",
        announced.sessions,
        mode="bgp",
    ),
    Check(
        "P037",
        "nobody else serves a virtual IP that no load balancer has yet",
        "Routers that learn one address from two places send clients to both, or to the wrong one. Once a load balancer has the "
        "address, its own answer hides others, and nothing can be told.",
        "Look where the routers' route to the address leads, and take it from there, or choose another virtual IP. A firewall that "
        "takes every connection in others' place looks the same.",
        announced.foreign_servers,
        sends="A TCP connection from each load balancer that does not have the virtual IP to the endpoint's port there, ended at "
        "once.",
        essential=True,
        mode="bgp",
    ),
    Check(
        "P038",
        "the load balancers reach each other at the endpoint's port",
        "A load balancer asks the others there before it withdraws: without any API server, or with failover.second_chance when "
        "its HAProxy is silent. If it does not reach them, all withdraw for some seconds where they could have gone on announcing, "
        "and a HAProxy that hangs costs the whole watchdog_deadline.",
        "Let firewalls, security groups and routers pass TCP from each load balancer to the endpoint's port on the others.",
        announced.others,
        sends="A TCP connection from each load balancer to the endpoint's port on each other one, ended at once.",
        mode="bgp",
    ),
    Check(
        "P039",
        "bfdd has a real-time priority, where BFD's interval is shorter than 0.3 s",
        "A bfdd that gets no turn for as long as BFD's detection lasts loses its sessions, although both ends and the path are "
        "well. Our /etc/frr/daemons asks for the priority; a kernel with CONFIG_RT_GROUP_SCHED refuses it to control groups "
        "without a share of real time (containers), and bfdd goes on without.",
        "`chrt -p $(pidof bfdd)` on the host shows it. Give the group cpu.rt_runtime_us, or set endpoint.bgp.bfd.interval to 0.3.",
        announced.real_time,
        mode="bgp",
    ),
    Check(
        "P040",
        "the API servers answer TLS, seen from the load balancers",
        "HAProxy sends clients there. Before Kubespray ran nothing answers, which is a warning; afterwards it is a failure.",
        "Run Kubespray; or look at the API server and at what filters its port.",
        cluster.api_servers,
        sends="A TLS handshake with each API server.",
    ),
    Check(
        "P041",
        "each API server's certificate names the endpoint and every virtual IP, and is valid",
        "kubectl and kubelets refuse a certificate that does not name what they connect to.",
        "Run Kubespray again with the rendered group variables: they name the endpoint and the virtual IPs.",
        cluster.certificates,
        sends="The handshake of P040.",
    ),
    Check(
        "P042",
        "clocks agree within a second",
        "etcd and certificates count on it. Clocks are compared through SSH, less half of the round trip.",
        "Run chrony or systemd-timesyncd on every host.",
        cluster.clocks,
    ),
    Check(
        "P043",
        "the endpoint's name gives the virtual IPs on every host",
        "Kubelets and kubectl use the name. One that gives another address sends them past the load balancers.",
        "Correct DNS, or /etc/hosts on every host.",
        cluster.endpoint_name,
        sends="What the host's resolver asks its name servers.",
    ),
)
"""Every check, in the order in which it is shown."""

ESSENTIAL = tuple(check for check in CHECKS if check.essential)


def reference() -> str:
    """The page docs/preflight.md."""
    chapters = (f'\n<a id="{check.id.lower()}"></a>\n\n{check_markdown(check, level=2)}' for check in CHECKS)
    return PREFACE + "".join(chapters)


def check_markdown(check: Check, level: int) -> str:
    """One check; ends in a newline."""
    lines = [f"{'#' * level} {check.id}: {check.title}", "", check.why, "", f"**Hint:** {check.advice}"]
    if check.sends:
        lines += ["", f"**Sends:** {check.sends}"]
    if check.essential:
        lines += ["", "`apply` makes this check, too, before it begins."]
    return "\n".join(lines) + "\n"


PREFACE = """\
# Preflight: what is checked before an apply

`twinkeel preflight` looks at every host over SSH, all at once, and changes nothing. Each check says what it saw and what to do.
`--only P022` makes some checks, `--list` shows them all, `--format json` gives the findings to a program.

| result | means |
|---|---|
| ok | as it must be |
| warning | works, or may be right at this moment (no cluster yet), but look at it |
| failure | an apply would fail, or the API would suffer |
| skipped | could not be looked at; the reason is shown |

Exit code 0: nothing failed. 1: a check failed. 2: the spec is invalid. 3: a host could not be asked.

This page is made from the checks themselves (src/twinkeel/preflight/checks.py).
"""
