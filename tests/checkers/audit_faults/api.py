"""A server that stands for an API server: over TLS (or not) it answers every request with one status.

Usage: api.py PORT STATUS [CERTIFICATE]. `STATUS` may be `name:TEXT`: 200 with that text as the answer.
"""

import http.server
import ssl
import sys


def main() -> None:
    port, status, *certificate = sys.argv[1:]
    text = status.partition(":")[2]

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if text else int(status))
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_OPTIONS = do_GET  # noqa: N815 - the name that the library calls

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Answer)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate[0])
        # A handshake for each thread: one that hangs must not stop the others.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


if __name__ == "__main__":
    main()
