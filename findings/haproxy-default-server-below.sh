#!/usr/bin/env bash
# `default-server` counts for the servers below it alone. Where it stands below them, nothing is checked, and nothing is said.
#
# One guesses that a section's `default-server` holds for the section, as its `timeout` and `balance` do wherever they stand. A server takes what
# is in force on its own line: with `default-server check` at the end (where a template or a person adds lines) all servers have the status
# "no check" and get connections when nobody listens there. `haproxy -c -dW` ends with 0. The same in 3.0.11 and 3.2.26 (tried by hand).
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
apt-get download -qq haproxy=2.6.12-1+deb12u4 liblua5.3-0=5.3.6-2 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu"
haproxy=$folder/root/usr/sbin/haproxy
"$haproxy" -v | sed -n 1p
started=()
trap 'kill "${started[@]}" 2> /dev/null || true; rm -rf "$folder"' EXIT
for place in above below; do
  {
    printf 'global\n    stats socket %s/%s.sock\ndefaults\n    mode tcp\n' "$folder" "$place"
    printf '    timeout connect 1s\n    timeout client 1s\n    timeout server 1s\nlisten api\n    bind %s/%s-api.sock\n' "$folder" "$place"
    [ "$place" = below ] || echo '    default-server check inter 100ms fall 1'
    echo "    server nobody-listens $folder/nobody.sock"
    [ "$place" = above ] || echo '    default-server check inter 100ms fall 1'
  } > "$place.cfg"
  "$haproxy" -c -dW -f "$place.cfg" > judged 2>&1
  [[ $(cat judged) = "Configuration file is valid" ]]
  "$haproxy" -db -f "$place.cfg" > "$place.log" 2>&1 &
  started+=($!)
  for _ in $(seq 100); do [ -S "$place.sock" ] && break; sleep 0.1; done
  sleep 1
  seen=$(python3 -c '
import csv, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.sendall(b"show stat api 4 -1\n")
print(next(csv.DictReader(s.makefile()))["status"])' "$folder/$place.sock")
  echo "default-server check $place the servers: haproxy -c -dW is content, the server has the status \"$seen\""
  [[ $seen = "$([ "$place" = above ] && echo DOWN || echo 'no check')" ]]
done
