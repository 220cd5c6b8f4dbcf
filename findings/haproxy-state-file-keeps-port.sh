#!/usr/bin/env bash
# A server's new port in haproxy.cfg does not count where a server state file is loaded: the old address is forgotten, the old port is not.
#
# `load-server-state-from-file` is there so that a reload keeps what was set at run time (drained, down). One guesses that what the new
# file says of a server wins where the file has changed, and so it is with the address and the weight. The port comes from the state file: after
# `server one 127.0.0.1:OLD` became `127.0.0.2:NEW`, HAProxy connects to 127.0.0.2:OLD, which neither the file nor anybody
# said. `haproxy -c -dW` and the log have no word of it. Whoever changes a port must take the server's line out of the state first. The same in
# 3.0.11 and 3.2.26 (Debian 13 and unstable, tried by hand on 2026-11-30).
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
apt-get download -qq haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu"
haproxy=$folder/root/usr/sbin/haproxy
"$haproxy" -v | sed -n 1p
started=0
trap '[ "$started" = 0 ] || kill "$started"; rm -rf "$folder"' EXIT

start() { # the server's address and weight
  cat > haproxy.cfg <<CONF
global
    stats socket $folder/admin.sock level admin
    server-state-file $folder/state
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
    load-server-state-from-file global
listen api
    bind $folder/api.sock
    server one $1
CONF
  "$haproxy" -c -dW -f haproxy.cfg > judged 2>&1 || { cat judged; exit 1; }
  rm -f admin.sock
  "$haproxy" -db -f haproxy.cfg > log 2>&1 &
  started=$!
  for _ in $(seq 100); do [ -S admin.sock ] && break; sleep 0.1; done
  sleep 0.5
}
say() { python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(sys.argv[2].encode() + b"\n"); print(s.makefile().read())' admin.sock "$1"; }
used() { # address:port weight, as HAProxy itself tells
  say 'show servers state api' | awk '$4 == "one" { print $5 ":" $19, "weight", $8 }'
}

echo 1 > state
start '127.0.0.1:6443 weight 10'
echo "no state, file says 127.0.0.1:6443 weight 10: $(used)"
[[ $(used) = "127.0.0.1:6443 weight 10" ]]
say 'show servers state' > state
kill "$started"; wait "$started" || true
start '127.0.0.2:7443 weight 20'
echo "its state, file says 127.0.0.2:7443 weight 20: $(used); the log has $(grep -c . log || true) lines"
[[ $(used) = "127.0.0.2:6443 weight 20" ]]
[ ! -s log ]
kill "$started"; wait "$started" || true
echo 1 > state
start '127.0.0.2:7443 weight 20'
echo "no state, the same file: $(used)"
[[ $(used) = "127.0.0.2:7443 weight 20" ]]
