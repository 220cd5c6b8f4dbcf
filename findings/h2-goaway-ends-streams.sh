#!/usr/bin/env bash
# h2 4.4.1: a graceful GOAWAY ends the streams that it promises to finish, on both sides.
#
# RFC 9113, 6.8: a server that stops sends GOAWAY with NO_ERROR and the last stream that it will answer; streams up to that one go on.
# An API server of Kubernetes does that when it stops, and for a share of requests (--goaway-chance). One guesses that h2 tells of it
# (ConnectionTerminated, with last_stream_id) and goes on with those streams. It tells of it, and closes the whole connection: the
# answer that follows is a ProtocolError, as if the server had broken the rules. Nor can a server with h2 send an answer after
# close_connection(last_stream_id=1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install --quiet h2==4.4.1 hyperframe==6.1.0 hpack==4.2.0 2> /dev/null
cat > goaway.py <<'PROGRAM'
from importlib.metadata import version

import h2.config
import h2.connection
import h2.exceptions
from hyperframe.frame import GoAwayFrame

REQUEST = [(":method", "GET"), (":path", "/version"), (":scheme", "https"), (":authority", "api")]


def asked():
    """A client and a server after one request, on stream 1."""
    ends = [h2.connection.H2Connection(h2.config.H2Configuration(client_side=side)) for side in (True, False)]
    for end in ends:
        end.initiate_connection()
    client, server = ends
    for _ in range(2):
        server.receive_data(client.data_to_send())
        client.receive_data(server.data_to_send())
    client.send_headers(1, REQUEST, end_stream=True)
    server.receive_data(client.data_to_send())
    return client, server


def outcome(does):
    try:
        return ", ".join(type(event).__name__ for event in does() or ()) or "done"
    except h2.exceptions.ProtocolError as error:
        return f"ProtocolError: {error}"


print("h2", version("h2"))
for warned in (False, True):
    client, server = asked()
    server.send_headers(1, [(":status", "200")])
    server.send_data(1, b"answer", end_stream=True)
    answer = server.data_to_send()
    if warned:
        goaway = GoAwayFrame(0, last_stream_id=1, error_code=0).serialize()
        print("GOAWAY, last stream 1:", outcome(lambda: client.receive_data(goaway)))
    print("the answer on stream 1:", outcome(lambda: client.receive_data(answer)))
client, server = asked()
server.close_connection(last_stream_id=1)
print("a server that answers after close_connection:", outcome(lambda: server.send_headers(1, [(":status", "200")])))
PROGRAM
said=$(env/bin/python goaway.py)
echo "$said"
[ "$(grep --count '^the answer on stream 1: ResponseReceived, DataReceived, StreamEnded$' <<< "$said")" -eq 1 ]
grep --quiet --line-regexp 'GOAWAY, last stream 1: ConnectionTerminated' <<< "$said"
grep --quiet '^the answer on stream 1: ProtocolError: .*RECV_HEADERS.*CLOSED' <<< "$said"
grep --quiet '^a server that answers after close_connection: ProtocolError: .*SEND_HEADERS.*CLOSED' <<< "$said"
