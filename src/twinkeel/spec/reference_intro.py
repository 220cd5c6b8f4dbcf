"""What the reference page of the spec says beside its tables."""

from twinkeel.vip.daemons import VRRP_DAEMON

INTRO = """\
# The spec: every key of twinkeel.yaml

<!-- Made by `twinkeel schema --format markdown -o docs/spec.md`. Do not edit. -->

One YAML file describes the load balancers, the virtual IPs and the cluster behind them. `twinkeel init` writes one, `twinkeel
check` finds every problem in it, `twinkeel explain` shows every value in force. [examples](examples.md) has specs to begin
from. Paths are relative to the spec's folder.

```yaml
name: small
domain: example.org
endpoint:
  name: api.example.org # must resolve to the virtual IP on every node
  vip: 192.168.1.110/24
load_balancers:
  lb-1: 192.168.1.111
  lb-2: 192.168.1.112
control_plane:
  master-1: 192.168.1.101
  master-2: 192.168.1.102
  master-3: 192.168.1.103
```

## Hosts, roles and virtual IPs

**A host is an address, or a mapping** with the address and what is different on this host:

```yaml
load_balancers:
  lb-1: 192.168.1.111
  lb-2: {address: 192.168.1.112, interface: ens18, ssh_port: 2222}
```

**The group is the role.** `load_balancers` run HAProxy and @VRRP_DAEMON@, `control_plane` runs the API servers, `etcd` runs etcd
(without the group: the control plane does), `workers` run workloads. A machine with several roles has one name, and is
written alike in each group. Where a load balancer is a control-plane host, `endpoint.port` must not be `kubernetes.api_port`:
HAProxy and the API server share the machine. [co-located.yaml](examples.md#co-located) is such a cluster.

**One virtual IP is `vip`, several are `vips`.** With several, each load balancer is the first choice of some, and DNS gives
clients all of them. A virtual IP needs the prefix length of the load balancers' network. An IPv6 one needs IPv6 addresses of
the load balancers: [dual-stack.yaml](examples.md#dual-stack).

**Passwords are not in the spec.** They are in `secrets_file` (mode 0600), or in the environment, which overrides it:

| the spec says | needs the secret | environment variable |
|---|---|---|
| `failover.authentication: password` | `vrrp_password`, 8 characters at most | `TWINKEEL_VRRP_PASSWORD` |
| `failover.authentication: hmac` | `vrrp_key`, 64 to 128 hexadecimal digits | `TWINKEEL_VRRP_KEY` |
| `haproxy.metrics.user: NAME` | `metrics_password` | `TWINKEEL_METRICS_PASSWORD` |

**Editors complete and check the spec** with its JSON Schema. Write the schema beside the spec (`twinkeel schema -o
twinkeel.schema.json`), and make this the spec's first line:

```yaml
# yaml-language-server: $schema=twinkeel.schema.json
```

The schema sees one value at a time; `twinkeel check` sees what they are together.

Of the types below, a *word* is text without blanks, quotes, `#` and backslashes; NAME stands for a host's or a service's own name.
""".replace("@VRRP_DAEMON@", VRRP_DAEMON.name)

PROFILES_INTRO = """
## Profiles

`failover.profile` sets these timers, in seconds (`check_fall` and `check_rise` count checks). One that is given in `failover`
overrides the profile's. VRRP version 2 knows whole seconds: its shortest `advert_interval` is 1.
"""

CHECKS_INTRO = """
## What `check` finds

Errors make the spec invalid, and commands refuse it. `status`, `explain`, `plan` and `kubeconfig` go on where an error is only
about what Kubespray would install, and `render` where a daemon refuses raw lines (S091). Warnings are shown, and nothing more.
S001 to S016 are about the text and single values, the others about what values are together.
"""
