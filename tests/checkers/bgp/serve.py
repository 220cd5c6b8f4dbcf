"""Stands in for HAProxy: the loopback listener, whose /ready says what the file says, and the endpoint's port.

A client gets a first byte only while an API server is up; else its connection ends, as HAProxy's does.
"""

import http.server
import socket
import sys
import threading
from pathlib import Path

MONITOR, PORT, READY = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])


def is_ready() -> bool:
    return READY.read_text().strip() == "1"


class Monitor(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = self.path == "/live" or is_ready()
        self.send_response(200 if ready else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def endpoint() -> None:
    """Says which host this is to whoever connects."""
    with socket.create_server(("::", PORT), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        while True:
            connection, _ = server.accept()
            with connection:
                if not is_ready():
                    continue
                connection.sendall(READY.parent.name.encode())


threading.Thread(target=endpoint, daemon=True).start()
http.server.ThreadingHTTPServer(("127.0.0.1", MONITOR), Monitor).serve_forever()
