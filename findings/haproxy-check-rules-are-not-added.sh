#!/usr/bin/env bash
# One `http-check` line in a backend wipes out all those of `defaults`, and the path of the `option httpchk` there with them.
#
# `defaults` asks for GET /readyz and wants a 200. A backend that adds a header with `http-check send hdr ...` keeps the option, one guesses,
# and gets the rest from `defaults`, as with timeouts. The rules are one list that is taken whole or not at all: the backend asks for
# `OPTIONS /` and takes any 2xx or 3xx. So a server that sends everybody to its login page counts as up. `haproxy -c -dW` says nothing.
# The same in 3.0.11 and 3.2.26 (Debian 13 and unstable, tried by hand on 2026-11-30).
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
apt-get download -qq haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu"
haproxy=$folder/root/usr/sbin/haproxy
"$haproxy" -v | sed -n 1p

cat > answer.py <<'PROGRAM'
import http.server
class ToTheLoginPage(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open("asked", "w") as asked:
            asked.write(f"{self.command} {self.path}")
        self.send_response(302)
        self.send_header("Location", "/login")
        self.send_header("Content-Length", "0")
        try:
            self.end_headers()
        except OSError:
            pass  # HAProxy had read enough.
    do_OPTIONS = do_GET
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), ToTheLoginPage)
print(server.server_port, flush=True)
server.serve_forever()
PROGRAM
python3 answer.py > port &
started=($!)
trap 'kill "${started[@]}"; rm -rf "$folder"' EXIT
until [ -s port ]; do sleep 0.1; done

for name in inherited one-line-more; do
  cat > "$name.cfg" <<CONF
global
    stats socket $folder/$name.sock
defaults
    mode tcp
    timeout connect 1s
    timeout client 1s
    timeout server 1s
    option httpchk GET /readyz
    http-check expect status 200
listen api
    bind $folder/$name-api.sock
    $([ "$name" = inherited ] || echo 'http-check send hdr Host kubernetes')
    server one 127.0.0.1:$(cat port) check inter 100ms fall 1 rise 1
CONF
  "$haproxy" -c -dW -f "$name.cfg" > judged 2>&1
  [[ $(cat judged) = "Configuration file is valid" ]]
  rm -f asked
  "$haproxy" -db -f "$name.cfg" > "$name.log" 2>&1 &
  started+=($!)
  for _ in $(seq 100); do [ -s asked ] && [ -S "$name.sock" ] && break; sleep 0.1; done
  sleep 1.5
  seen=$(python3 -c '
import csv, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"show stat api 4 -1\n")
row = next(csv.DictReader(s.makefile()))
print(row["status"], row["check_status"], row["check_code"])' "$folder/$name.sock")
  echo "$name: haproxy -c -dW is content; asked \"$(cat asked)\", the server that answers 302 is $seen"
  case $name in
    inherited) [[ $(cat asked) = "GET /readyz" && $seen = "DOWN L7STS 302" ]] ;;
    *) [[ $(cat asked) = "OPTIONS /" && $seen = "UP L7OK 302" ]] ;;
  esac
  kill "${started[-1]}"
  unset 'started[-1]'
done
