#!/usr/bin/env bash
# node_exporter: two text files with one metric and two HELP texts: the series of the second file are gone, and every sign says all is well.
#
# Two scripts that write the same metric (one a virtual IP, or an old and a new version of one script) differ in a word of HELP. One guesses
# that a comment does not matter, or that `node_textfile_scrape_error` tells. The second file's series are dropped from the answer, the answer
# is 200, `node_textfile_scrape_error` is 0, `node_scrape_collector_success` is 1, and the file's `node_textfile_mtime_seconds` is there: what
# people alert on says nothing. Only the exporter's log does. With the same HELP, or none in both files, both series come.
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
apt-get download -qq prometheus-node-exporter=1.5.0-1+b6 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
exporter=$folder/root/usr/bin/prometheus-node-exporter
"$exporter" --version 2>&1 | sed -n 1p
mkdir texts
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$exporter" --collector.disable-defaults --collector.textfile --collector.textfile.directory="$folder/texts" \
  --web.listen-address="127.0.0.1:$port" > log 2>&1 &
started=$!
trap 'kill "$started"; rm -rf "$folder"' EXIT

write() { # file, its series' label, HELP
  { echo "# HELP vip_held $3"; echo '# TYPE vip_held gauge'; echo "vip_held{vip=\"$2\"} 1"; } > "texts/$1.prom"
}
scrape() { # into the file `answer`
  python3 - "$port" > answer <<'PROGRAM'
import sys, time, urllib.request
end = time.monotonic() + 10
while True:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics") as answer:
            print("status", answer.status)
            print(answer.read().decode())
        break
    except OSError:
        if time.monotonic() > end:
            raise
        time.sleep(0.05)
PROGRAM
  grep -E '^(vip_held|status|node_textfile_(scrape_error|mtime)|node_scrape_collector_success)' answer | sed "s#$folder/##"
}
write a 192.0.2.10 'Whether this host has it.'
write b 192.0.2.11 'Whether this host has it.'
echo 'the same HELP:'
scrape
[ "$(grep -c '^vip_held' answer)" = 2 ]
write b 192.0.2.11 'Whether this host has the address.'
echo 'one word differs:'
scrape
[ "$(grep '^vip_held' answer)" = 'vip_held{vip="192.0.2.10"} 1' ]
grep -qx 'status 200' answer
grep -qx 'node_textfile_scrape_error 0' answer
grep -qx 'node_scrape_collector_success{collector="textfile"} 1' answer
grep -q '^node_textfile_mtime_seconds.*b.prom' answer
grep -q 'has help .* but should have' log
