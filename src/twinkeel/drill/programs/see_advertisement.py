"""Tell whether a VRRP advertisement of one sender arrives at this host's network card, before any firewall of it sees it.

Runs on a load balancer, so it needs Python 3.6 and nothing else. Arguments: the sender's IPv4 address, seconds to wait.
Prints `listening` once it listens, then `seen` or `nothing`.
"""

import socket
import sys
import time

ETH_IPV4 = 0x0800
VRRP = 112


def main() -> None:
    """Listen until it comes, or the time is over."""
    sender, end = socket.inet_aton(sys.argv[1]), time.monotonic() + float(sys.argv[2])
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_IPV4)) as raw:
        raw.settimeout(0.1)
        print("listening", flush=True)  # noqa: T201 - a program of its own
        while time.monotonic() < end:
            try:
                packet = raw.recv(64)
            except socket.timeout:
                continue
            # The protocol and the source of an IPv4 header (RFC 791, section 3.1).
            if len(packet) >= 20 and packet[9] == VRRP and packet[12:16] == sender:
                print("seen", flush=True)  # noqa: T201
                return
    print("nothing", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
