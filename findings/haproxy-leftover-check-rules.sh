#!/usr/bin/env bash
# A backend's last check option wins, and what it leaves of another kind of check has no meaning. HAProxy knows that: `tcp-check` rules
# without `option tcp-check` are warned of. But `http-check` rules under a later `option tcp-check` are not, neither by -c nor with -dW
# (where any warning is an error). So a line that is added below, or that comes out of a template, turns a check for status 200 into one
# for an open port: the server here answers everything with 503, and counts as up.
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
class Unavailable(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            self.send_error(503)
        except OSError:
            pass  # HAProxy had read enough.
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Unavailable)
print(server.server_port, flush=True)
server.serve_forever()
PROGRAM
python3 answer.py > port &
started=($!)
trap 'kill "${started[@]}"; rm -rf "$folder"' EXIT
until [ -s port ]; do sleep 0.1; done

configure() { # name, then the lines of the backend
  local name=$1
  shift
  {
    printf 'global\n    stats socket %s/%s.sock\ndefaults\n    mode tcp\n' "$folder" "$name"
    printf '    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\n    timeout check 1s\nbackend api\n'
    printf '    %s\n' "$@" "server one 127.0.0.1:$(cat port) check inter 100ms fall 1"
  } > "$name.cfg"
}
configure alone 'option httpchk GET /ready' 'http-check expect status 200'
configure covered 'option httpchk GET /ready' 'http-check expect status 200' 'option tcp-check'
configure no-option 'tcp-check connect'

# A file without any listener does not pass -c.
for name in alone covered no-option; do
  printf 'listen idle\n    bind %s/idle.sock\n' "$folder" >> "$name.cfg"
  code=0
  said=$("$haproxy" -c -dW -f "$name.cfg" 2>&1) || code=$?
  echo "$name: haproxy -c -dW ends with $code: $(grep -m 1 -i "tcp-check" <<< "$said" || echo 'nothing about checks')"
  case $name in
    no-option) [[ $code = 1 && $said == *tcp-check* ]] ;;
    *) [[ $code = 0 && $said != *WARNING* ]] ;;
  esac
done

for name in alone covered; do
  "$haproxy" -db -f "$name.cfg" > "$name.log" 2>&1 &
  started+=($!)
  sleep 1.5
  state=$(python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"show servers state api\n")
print(s.makefile().read().splitlines()[2].split()[5])' "$folder/$name.sock")
  echo "$name: a server that answers 503 has operational state $state (0 is down, 2 is up)"
  [[ $state = "$([ "$name" = alone ] && echo 0 || echo 2)" ]]
  kill "${started[-1]}"
  unset 'started[-1]'
done
