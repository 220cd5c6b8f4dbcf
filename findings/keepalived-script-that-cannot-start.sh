#!/usr/bin/env bash
# Keepalived 2.2.7: a check script that cannot be started counts as one that passed.
#
# A script whose first line is no `#!`, or names an interpreter that is not there, cannot be executed (execve gives ENOEXEC, ENOENT).
# One guesses that the check fails, or that `keepalived -t` or the log says a word. The configuration is accepted (exit code 0), the log
# says "succeeded", and the instance becomes MASTER: a load balancer whose HAProxy is dead keeps the virtual IP. With a script that
# runs and fails the same instance stays in FAULT. Needs root: Keepalived runs in a network namespace of its own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
cd "$folder"
apt-get download -qq keepalived=1:2.2.7-1+b2 libmnl0=1.0.4-3 libnftnl11=1.2.4-2 libnl-3-200=3.7.0-0.2+b1 libnl-genl-3-200=3.7.0-0.2+b1 \
  libsnmp40=5.9.3+dfsg-2+deb12u1 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu:$folder/root/lib/x86_64-linux-gnu"
printf '#!/bin/sh\nexit 1\n' > fails
printf 'exit 1\n' > no-interpreter-line
printf '#!/no/such/shell\nexit 1\n' > interpreter-that-is-not-there
chmod 755 fails no-interpreter-line interpreter-that-is-not-there

cat > one.sh <<'PROGRAM'
set -eu
ip link set lo up
ip link add eth0 type veth peer name eth1
ip link set eth0 up
ip link set eth1 up
ip address add 192.0.2.1/24 dev eth0
for script in fails no-interpreter-line interpreter-that-is-not-there; do
  cat > keepalived.conf <<CONF
global_defs {
    script_user root
    enable_script_security
}
vrrp_script check {
    script "$PWD/$script"
    interval 1
    fall 1
}
vrrp_instance one {
    interface eth0
    state BACKUP
    virtual_router_id 51
    priority 100
    advert_int 1
    virtual_ipaddress {
        192.0.2.10/24
    }
    track_script {
        check
    }
}
CONF
  code=0
  root/usr/sbin/keepalived -t -f "$PWD/keepalived.conf" > "$script.judged" 2>&1 || code=$?
  timeout 8 root/usr/sbin/keepalived -n -l -D -f "$PWD/keepalived.conf" -p "$PWD/p" -r "$PWD/v" -c "$PWD/c" > "$script.log" 2>&1 || true
  last=$(grep -oE 'Entering [A-Z]+ STATE' "$script.log" | tail -n 1 || true)
  said=$(grep -oE 'VRRP_Script\(check\) [a-z]+' "$script.log" | tail -n 1 | cut -d' ' -f2)
  echo "$script: -t ends with $code, the check $said, ${last:-never left FAULT}"
done
PROGRAM
root/usr/sbin/keepalived --version 2>&1 | sed -n 1p
unshare --net bash one.sh | tee seen
grep -qx 'fails: -t ends with 0, the check failed, never left FAULT' seen
grep -qx 'no-interpreter-line: -t ends with 0, the check succeeded, Entering MASTER STATE' seen
grep -qx 'interpreter-that-is-not-there: -t ends with 0, the check succeeded, Entering MASTER STATE' seen
