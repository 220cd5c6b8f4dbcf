"""Where each error rule's fault is made to happen with the real daemons, and is mended.

`tests/unit/audit/test_every_error_is_shown.py` holds this table against the registry and against the tests. The rule's own check
is asked in each of them, too: it finds the fault's files and says nothing of the mended ones.
"""

H, K = "test_haproxy.py::", "test_keepalived.py::"
DEAD, BOTH, NOBODY = "test_the_address_stays_with_a_dead_haproxy", "test_both_hold_the_address", "test_nobody_gets_the_address"
BLIND, REFUSED, SILENT = "test_an_api_that_answers_500_is_called_up", "test_haproxy_refuses_the_file", "test_a_silent_client"
OTHER = "test_another_host_holds_the_address"

CLUSTER = "not shown: the fault is in what Kubespray installs, not in HAProxy or Keepalived; it takes a cluster, tests/kubespray"
LIST = "not shown: whether a server is a control-plane host is a matter of two lists; what a wrong one costs, backends-differ shows"
UNREACHED = "test_kubespray_sends_its_hosts_where_nobody_listens"

# The rule, and the test (`module::test`), or why there is none.
SHOWN = {
    "api-port-taken": f"{H}test_api_port_taken",
    "bad-node-name": CLUSTER,
    "certificate-without-vip": CLUSTER,
    "duplicate-node-address": CLUSTER,
    "even-etcd": CLUSTER,
    "kube-vip-beside-keepalived": CLUSTER,
    "load-balancer-address": f"{H}{UNREACHED}",
    "load-balancer-port": f"{H}{UNREACHED}",
    "overlapping-networks": CLUSTER,
    "servers-and-control-plane": LIST,
    "backends-differ": f"{K}test_backends_differ",
    "broken-shebang": f"{K}test_broken_shebang",
    "byte-order-mark": f"{K}{NOBODY}",
    "check-port": f"{K}{NOBODY}",
    "curl-without-fail": f"{K}test_curl_without_fail",
    "duplicate-server": f"{H}test_duplicate_server",
    "empty-backend": f"{H}test_empty_backend",
    "fractional-interval": f"{K}test_fractional_interval",
    "http-mode-before-tls": f"{H}test_http_mode_before_tls",
    "idle-check-rules": f"{H}{BLIND}",
    "late-default-server": f"{H}test_late_default_server",
    "invalid-address": f"{K}{NOBODY}",
    "lone-instance": f"{K}test_lone_instance",
    "missing-final-newline": f"{H}{REFUSED}",
    "misspelt-keyword": f"{H}{REFUSED}",
    "missing-timeout": f"{H}{SILENT}",
    "missing-vrid": f"{K}{NOBODY}",
    "nopreempt-with-weight": f"{K}{DEAD}",
    "number-out-of-range": f"{K}{OTHER}",
    "observe-layer7-in-tcp": f"{H}test_observe_layer7_in_tcp",
    "one-sided-peers": f"{K}{BOTH}",
    "open-admin": f"{H}test_open_admin",
    "overridden-check": f"{H}{BLIND}",
    "own-address-as-peer": f"{K}{BOTH}",
    "owner-with-weight": f"{K}{DEAD}",
    "weight-in-sync-group": f"{K}{DEAD}",
    "partly-inherited-check": f"{H}test_partly_inherited_check",
    "peers-disagree": f"{K}{BOTH}",
    "plain-http-check": f"{H}test_plain_http_check",
    "preempt-delay-with-weight": f"{K}test_preempt_delay_with_weight",
    "proxy-protocol-to-api": f"{H}test_proxy_protocol_to_api",
    "removed-keyword": f"{H}{REFUSED}",
    "repeated-bind": f"{H}test_repeated_bind",
    "repeated-keyword": f"{K}{OTHER}",
    "repeated-vrid": f"{K}test_repeated_vrid",
    "request-without-deadline": f"{K}test_request_without_deadline",
    "script-without-user": f"{K}{DEAD}",
    "server-without-port": f"{H}{REFUSED}",
    "ssl-hello-check": f"{H}{BLIND}",
    "strict-vrrp": f"{K}test_strict_vrrp",
    "time-without-unit": f"{H}{SILENT}",
    "unbalanced-braces": f"{K}{NOBODY}",
    "unchecked-server": f"{H}test_unchecked_server",
    "undefined-tracker": f"{K}{DEAD}",
    "unknown-state": f"{K}test_unknown_state",
    "untracked-haproxy": f"{K}{DEAD}",
    "vip-is-host-address": f"{K}test_vip_is_host_address",
    "weight-too-small": f"{K}{DEAD}",
}
