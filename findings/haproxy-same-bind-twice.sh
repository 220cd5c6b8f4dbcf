#!/usr/bin/env bash
# Two frontends of one file may bind the same address and port. HAProxy starts, and the kernel deals the connections out between them.
#
# One guesses "address already in use", or at least a warning. HAProxy sets SO_REUSEPORT on every socket that listens, so both binds succeed:
# `haproxy -c -dW` (any warning is an error) ends with 0, and about half of all new connections reach the frontend that somebody pasted or
# left over: it looks like a server that fails now and then. Another haproxy process of the same user on that port is let in likewise.
# The same in 3.0.11 and 3.2.26 (Debian 13 and unstable, tried by hand on 2026-11-30).
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
apt-get download -qq haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu"
haproxy=$folder/root/usr/sbin/haproxy
"$haproxy" -v | sed -n 1p
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat > haproxy.cfg <<CONF
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend api
    bind 127.0.0.1:$port
    http-request return status 200 content-type text/plain string "api"
frontend ingress
    bind 127.0.0.1:$port
    http-request return status 200 content-type text/plain string "ingress"
CONF
"$haproxy" -c -dW -f haproxy.cfg > judged 2>&1
echo "haproxy -c -dW: $(cat judged)"
[[ $(cat judged) = "Configuration file is valid" ]]

"$haproxy" -db -f haproxy.cfg > log 2>&1 &
started=$!
trap 'kill "$started"; rm -rf "$folder"' EXIT
python3 - "$port" <<'PROGRAM'
import collections, http.client, sys, time

def answer():
    connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=5)
    connection.request("GET", "/")
    return connection.getresponse().read().decode()

end = time.monotonic() + 10
while True:
    try:
        answer()
        break
    except ConnectionRefusedError:
        if time.monotonic() > end:
            raise
        time.sleep(0.05)
seen = collections.Counter(answer() for _ in range(200))
print("of 200 new connections:", ", ".join(f"{count} {name}" for name, count in sorted(seen.items())))
assert min(seen["api"], seen["ingress"]) > 20
PROGRAM
if [ -s log ]; then cat log; exit 1; fi
echo "and its log says nothing"
