"""Runs on a load balancer: HAProxy's own table of its servers, as CSV. `python3 -c PROGRAM SOCKET`."""

from __future__ import annotations

import sys

from twinkeel.hosts.host_programs.haproxy_socket import ask_haproxy

if __name__ == "__main__":
    sys.stdout.write(ask_haproxy(sys.argv[1], "show stat"))
