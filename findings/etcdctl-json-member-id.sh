#!/usr/bin/env bash
# The member ID in etcdctl's JSON is a number that etcdctl does not take back, and that jq 1.6 makes another one of.
#
# `etcdctl member list -w json` prints IDs as decimal numbers of 64 bits; `member remove`, `member update` and `move-leader` want hexadecimal. One
# guesses that what a command prints its twin takes: "value out of range" (an ID below 10^16, one in two thousand, would be read as another
# member's). `--hex` changes nothing in JSON in 3.4. And jq 1.6 of Debian 12 keeps 53 bits, silently: the ID that it prints belongs to nobody,
# also when it only passes the object through. JavaScript's JSON.parse does the same; Python's json keeps it, jq 1.7 as long as it is not
# calculated with. The plain output is in hexadecimal, and right.
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
apt-get download -qq etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4 jq=1.6-2.1+deb12u3 libjq1=1.6-2.1+deb12u3 libonig5=6.9.8-1 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# The ID follows from the peer's address, which is told and not used.
root/usr/bin/etcd --data-dir data --listen-client-urls "http://127.0.0.1:$port" --advertise-client-urls "http://127.0.0.1:$port" \
  --listen-peer-urls http://127.0.0.1:0 --initial-advertise-peer-urls http://192.0.2.1:2380 --initial-cluster default=http://192.0.2.1:2380 > log 2>&1 &
started=$!
trap 'kill "$started"; rm -rf "$folder"' EXIT
etcdctl() { ETCDCTL_API=3 root/usr/bin/etcdctl --endpoints "http://127.0.0.1:$port" "$@"; }
for _ in $(seq 100); do etcdctl endpoint health > /dev/null 2>&1 && break; sleep 0.1; done
etcdctl version | sed -n 1p
root/usr/bin/jq --version
plain=$(etcdctl member list | cut -d, -f1)
etcdctl member list -w json > members
right=$(python3 -c 'import json; print(json.load(open("members"))["members"][0]["ID"])')
echo "plain: $plain; json: $right, in hexadecimal $(printf %x "$right")"
[[ $(printf %x "$right") = "$plain" ]]
[[ $(etcdctl member list -w json --hex) = "$(cat members)" ]]
passed=$(root/usr/bin/jq '.members[0].ID' members)
echo "jq prints: $passed"
[[ $passed != "$right" ]]
code=0
said=$(etcdctl move-leader "$right" 2>&1) || code=$?
echo "etcdctl move-leader $right: exit code $code, $said"
[[ $code != 0 && $said = *"value out of range"* ]]
code=0
said=$(etcdctl move-leader "$plain" 2>&1) || code=$?
echo "etcdctl move-leader $plain: exit code $code, $said"
[[ $code = 0 ]]
