"""Why a line is not carried over, and what the spec does instead: a table by place and keyword. Pure."""

from twinkeel.adopt.line_change import Change
from twinkeel.adopt.notes import Effect

Reason = tuple[str, str]

_LIVENESS = "twinkeel-liveness.service asks HAProxy itself, and a tracked file of weight 0 gives the virtual IP up at once"
_ORDER = "the order of the load balancers says it: the first has priority 254, the next 253"
_OWN_GLOBAL = "a line of haproxy.extra.global, if you need it"
_TIMERS = ("inter", "fastinter", "downinter", "fall", "rise", "slowstart", "tcp-ut")
_TRACKING = "a tracker beside Twinkeel's own is not in the spec"

# By context: the place and the keyword, or the place and all keywords ("*").
_REASONS: dict[tuple[str, ...], Reason] = {
    ("script",): ("a spec names no check scripts", _LIVENESS),
    ("variable", "loadbalancer_apiserver"): ("the spec's endpoint says it", "{other}"),
    ("variable", "loadbalancer_apiserver_localhost"): ("the load balancers are real: no proxy on each worker", "{other}"),
    ("variable", "*"): ("Twinkeel sets this variable itself", "{other}"),
    ("secret-variable", "*"): (
        "it is a secret, and a spec is no place for one",
        "a group_vars file of your own beside Kubespray's",
    ),
    ("group-variable", "*"): ("kubernetes.variables are for all hosts", "a line there, if all hosts may have it"),
    ("host-variable", "*"): ("a host has addresses and an SSH user and port in the spec", "{other}"),
    ("host", "*"): ("it is in none of kube_control_plane, etcd and kube_node, or its name cannot be a host's", "nothing"),
    ("group", "*"): ("the spec has no such group", "nothing"),
    ("not-understood",): ("this is not understood", "nothing: look at it yourself"),
    ("section",): ("Twinkeel's sections have names of their own", "{other}"),
    ("condition", "*"): ("a spec has no conditions", "the same lines on every load balancer; by version where HAProxy needs it"),
    ("outside", "*"): (
        "HAProxy does not read it: it stands before the first section, or in an `.if` that is never true",
        "nothing",
    ),
    ("global", "daemon"): ("systemd runs HAProxy in the foreground", "haproxy.service, with a drop-in of Twinkeel's"),
    ("global", "log"): ("haproxy.log is a socket's path or an address, and there is one", "{other}"),
    ("global", "maxconn"): ("it follows from haproxy.max_connections, which counts for each frontend", "{other}"),
    ("global", "pidfile"): ("systemd knows the process", "haproxy.service"),
    ("global", "stats"): ("Twinkeel has an admin socket of its own", "{other}"),
    ("global", "ca-base"): ("Twinkeel's paths are absolute", "nothing"),
    ("global", "crt-base"): ("Twinkeel's paths are absolute", "nothing"),
    ("global", "nbproc"): ("HAProxy 2.5 dropped it", "threads, which HAProxy starts by itself"),
    ("global", "*"): ("the spec has no key for it", _OWN_GLOBAL),
    ("defaults", "timeout"): ("the timeouts of streams are Twinkeel's own: watches and `logs -f` are quiet for long", "{other}"),
    ("defaults", "balance"): ("Twinkeel's balance is for long connections", "{other}"),
    ("defaults", "option"): ("no option of the API's in mode tcp, or one that Twinkeel sets itself", "{other}"),
    ("defaults", "mode"): ("the API's TLS passes through: mode tcp", "{other}"),
    ("defaults", "errorfile"): ("pages are for mode http", "nothing"),
    ("defaults", "maxconn"): ("haproxy.max_connections counts for each frontend", "{other}"),
    ("defaults", "*"): ("the spec has no key for it", "a line of haproxy.extra.defaults, if you need it"),
    ("frontend", "bind"): ("Twinkeel listens on every address: a virtual IP is not there on the other load balancer", "{other}"),
    ("frontend", "mode"): ("the API's TLS passes through: mode tcp", "{other}"),
    ("frontend", "default_backend"): ("Twinkeel's sections have names of their own", "{other}"),
    ("frontend", "use_backend"): ("one backend serves a frontend", "{other}"),
    ("frontend", "maxconn"): ("haproxy.max_connections counts for each frontend", "{other}"),
    ("frontend", "timeout"): ("the timeouts of streams are Twinkeel's own: watches and `logs -f` are quiet for long", "{other}"),
    ("frontend", "option"): ("Twinkeel sets its own options", "{other}"),
    ("frontend", "stats"): ("the spec has no statistics page", "haproxy.metrics, and `twinkeel status`"),
    ("frontend", "*"): ("the spec has no key for it", "a line of haproxy.extra.frontend, if you need it"),
    ("backend", "option", "httpchk"): ("the spec has one way to ask: kubernetes.api_check", "{other}"),
    ("backend", "option", "ssl-hello-chk"): (
        "any answer counts as alive, a TLS alert, too",
        "a TLS handshake (api_check: {{type: tcp}})",
    ),
    ("backend", "option", "tcp-check"): ("a connection alone is asked for", "a TLS handshake (api_check: {{type: tcp}})"),
    ("backend", "http-check"): ("the spec has one way to ask: kubernetes.api_check", "{other}"),
    ("backend", "balance"): ("long connections stay where they are: Twinkeel counts them", "{other}"),
    ("backend", "timeout"): ("the timeouts of streams are Twinkeel's own: watches and `logs -f` are quiet for long", "{other}"),
    ("backend", "*"): ("the spec has no key for it", "a line of haproxy.extra.backend, if you need it"),
    ("server", "server"): (
        "the spec's servers have the names and addresses of its control plane, on every load balancer alike",
        "{other}",
    ),
    ("server", "name"): ("a server has the name of its host in the spec", "{other}"),
    ("server", "verify"): ("the cluster's authority is known to the load balancers", "{other}"),
    ("server", "weight"): ("API servers are alike", "leastconn, without weights"),
    ("server", "backup"): ("every API server serves", "leastconn over all of them"),
    ("server", "disabled"): ("it is taken out by command", "`twinkeel drain`"),
    ("server", "ca-file"): ("the cluster's authority lies in a file of Twinkeel's", "{other}"),
    ("server", "send-proxy"): ("API servers do not take the PROXY protocol", "nothing"),
    ("server", "send-proxy-v2"): ("API servers do not take the PROXY protocol", "nothing"),
    ("server", "on-marked-down"): ("Twinkeel says it for every server, by the version of HAProxy", "{other}"),
    **dict.fromkeys((("server", name) for name in _TIMERS), ("the timers of `failover` say how servers are checked", "{other}")),
    ("server", "*"): (
        "the spec has no key for it: servers are alike",
        "a `default-server` line of haproxy.extra.backend, if you need it",
    ),
    ("listen", "*"): ("the spec has no key for it", "haproxy.extra.sections, if you need it"),
    ("userlist", "*"): (
        "it holds passwords, and a spec is no place for them",
        "haproxy.metrics.user, with its password in the secrets file",
    ),
    ("global_defs", "router_id"): ("it is the load balancer's name", "{other}"),
    ("global_defs", "script_user"): ("there are no scripts", "{other}"),
    ("global_defs", "vrrp_version"): ("failover.vrrp_version says it for all", "{other}"),
    ("global_defs", "vrrp_strict"): ("it drops traffic to the virtual IP (keepalived issue 1142)", "nothing"),
    ("global_defs", "smtp_server"): ("Twinkeel sends no mail", "`twinkeel monitor` and `twinkeel status`"),
    ("global_defs", "*"): ("the spec has no key for it", "a line of keepalived.extra.global_defs, if you need it"),
    ("vrrp_script", "*"): ("a spec names no check scripts", _LIVENESS),
    ("vrrp_track_process", "*"): (_TRACKING, _LIVENESS),
    ("vrrp_instance", "name"): ("an instance is named by its address", "{other}"),
    ("vrrp_instance", "state"): (
        "everyone starts as a backup, and failover.failback says whether the first one takes the virtual IP back",
        "{other}",
    ),
    ("vrrp_instance", "priority"): (_ORDER, "{other}"),
    ("vrrp_instance", "nopreempt"): ("failover.failback says it for all", "{other}"),
    ("vrrp_instance", "preempt_delay"): ("failover.failback says it for all", "{other}"),
    ("vrrp_instance", "authentication"): (
        "failover.authentication says it for all; version 2 sends eight characters of a password, version 3 none",
        "{other}",
    ),
    ("vrrp_instance", "track_script"): ("a spec names no check scripts", _LIVENESS),
    ("vrrp_instance", "track_process"): (_TRACKING, _LIVENESS),
    ("vrrp_instance", "track_file"): (_TRACKING, _LIVENESS),
    ("vrrp_instance", "track_interface"): ("an instance watches its own interface anyway", "Keepalived itself"),
    ("vrrp_instance", "notify"): (
        "Twinkeel runs nothing when the state changes",
        "a line of keepalived.extra.vrrp_instance, if you need it",
    ),
    ("vrrp_instance", "virtual_ipaddress"): ("the address stands with its prefix length and its interface", "{other}"),
    ("vrrp_instance", "unicast_peer"): ("the peers are the load balancers of the spec", "{other}"),
    ("vrrp_instance", "virtual_router_id"): (
        "load balancers of one virtual IP share its `vrid`, and the hosts' files disagree",
        "{other}",
    ),
    ("vrrp_instance", "*"): ("the spec has no key for it", "a line of keepalived.extra.vrrp_instance, if you need it"),
    ("virtual_server", "*"): ("Twinkeel balances with HAProxy, not with IPVS", "a service of the spec"),
    ("vrrp_sync_group", "*"): ("each virtual IP moves by itself", "nothing: one failure moves all that need to move"),
}
# Only the name, or the way of writing, is another.
_RENAMED = frozenset(
    (
        ("section",),
        ("frontend", "default_backend"),
        ("server", "name"),
        ("global_defs", "router_id"),
        ("vrrp_instance", "name"),
        ("vrrp_instance", "virtual_ipaddress"),
    )
)
_IF_NEEDED = "if you need it"
_OTHERWISE: Reason = ("the spec has no key for it", "keepalived.extra.sections or haproxy.extra.sections, if you need it")
_NOTHING = "nothing"


def reason_of(change: Change) -> Reason:
    """Why, and what instead. What the rendered file says of the same is shown where there is such a line."""
    place = change.context[0]
    found = (change.context[:length] for length in (3, 2))
    keys = [*found, (place, _stem(change.context)), (place,), (place, "*")]
    why, instead = next((_REASONS[key] for key in keys if key in _REASONS), _OTHERWISE)
    shown = f"`{change.other}`" if change.other else _NOTHING
    return why, instead.replace("{other}", shown).replace("{{", "{").replace("}}", "}")


def effect_of(change: Change, instead: str) -> Effect:
    """What becomes of the line, by where it stands and what is there instead."""
    if instead.startswith(_NOTHING) or _IF_NEEDED in instead:
        return "lost"
    return "renamed" if any(change.context[:length] in _RENAMED for length in (1, 2)) else "replaced"


def _stem(context: tuple[str, ...]) -> str:
    """notify of notify_master."""
    return context[1].partition("_")[0] if len(context) > 1 and context[1].startswith("notify") else context[-1]
