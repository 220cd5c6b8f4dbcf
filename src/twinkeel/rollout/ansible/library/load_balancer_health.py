"""Wait until a load balancer serves (see DOCUMENTATION below).

Sent to the host by Ansible; it needs Python 3.8, Ansible's own module helpers, and `balancer_health`.
"""

from __future__ import annotations

from ansible.module_utils.balancer_health import OPTIONS, wait_until_it_serves
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.haproxy_socket import ask_haproxy

DOCUMENTATION = r"""
module: load_balancer_health
short_description: Wait until HAProxy, its servers and the other units are as they must be
description:
  - C(GET /live) and C(GET /ready) on the loopback monitor answer 200, every unit is active and enabled, at least one server of
    the API's backend passed a health check of the HAProxy that runs now (not of the one before a reload), and a request
    through this host's own frontend gets 200 over verified TLS. The last three are left out where I(serves) is false.
  - It fails with the first thing that is not so when the I(timeout) has passed.
options:
  monitor_port: {type: int, required: true}
  port: {type: int, required: true, description: "the API's port on this host"}
  name: {type: str, required: true, description: "the name that the API's certificate must hold"}
  serves: {type: bool, default: true, description: "whether an API server must be up behind it"}
  units: {type: list, elements: str, required: true}
  ca_file: {type: path, default: /etc/haproxy/kubernetes-ca.pem}
  socket: {type: path, default: /run/haproxy/admin.sock}
  backend: {type: str, default: kubernetes-api}
  timeout: {type: float, default: 15, description: "seconds"}
"""


def main() -> None:
    """Ask until all is well or the time is over."""
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    found = wait_until_it_serves(module.run_command, ask_haproxy, module.params)
    if found:
        module.fail_json(msg=f"this load balancer does not serve: {found}")
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
