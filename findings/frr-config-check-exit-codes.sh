#!/usr/bin/env bash
# FRR 8.4.4: neither of its two checks of a configuration file can be trusted by its exit code.
#
# `vtysh -C -f FILE` knows the grammar alone: it takes lines that bgpd refuses (a member of a peer group that is not defined, a hold time
# of 2 s), without a word. `bgpd -C -f FILE` reads the file as the daemon would and prints what it refuses, and ends with 0 all the
# same, also for a line that it does not know at all. One guesses that "check the file and exit" ends with an error where the file has
# one, as `haproxy -c` and `nginx -t` do. A daemon that starts with such a file runs, without those lines.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq frr=8.4.4-1.1~deb12u2 libyang2=2.1.30-2 libprotobuf-c1=1.4.1-1+b1 libunwind8=1.6.2-3 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu:$folder/root/usr/lib/x86_64-linux-gnu/frr"
touch vtysh.conf
cat > good.conf <<'CONF'
router bgp 65001
 bgp router-id 192.0.2.1
 neighbor 192.0.2.10 remote-as 65000
CONF
{ cat good.conf; echo ' neighbor 192.0.2.9 peer-group ROUTERS'; echo ' neighbor 192.0.2.10 timers 1 2'; } > refused.conf
{ cat good.conf; echo ' neighbor 192.0.2.10 tymers 3 9'; } > unknown.conf

check() { # program, file: prints what it said, and its exit code as the last line
  local code=0
  if [ "$1" = vtysh ]; then
    root/usr/bin/vtysh -C -f "$2" --config_dir "$folder" 2>&1 || code=$?
  else
    root/usr/lib/frr/bgpd -S -C -f "$2" --vty_socket "$folder" -i "$folder/pid" 2>&1 || code=$?
  fi
  echo "exit code $code"
}

root/usr/lib/frr/bgpd --version | sed -n 1p
for program in vtysh bgpd; do
  for file in good refused unknown; do check "$program" "$file.conf" > "$program-$file"; done
  echo "$program -C: good $(tail -n 1 "$program-good"), refused $(tail -n 1 "$program-refused"), unknown $(tail -n 1 "$program-unknown")"
done
grep --quiet --line-regexp 'exit code 0' vtysh-good
grep --quiet --line-regexp 'exit code 0' vtysh-refused
grep --quiet --line-regexp 'exit code 2' vtysh-unknown
if grep --quiet 'peer-group\|Invalid' vtysh-refused; then echo "vtysh says something now"; exit 1; fi
grep --quiet 'Configure the peer-group first' bgpd-refused
grep --quiet 'Invalid value' bgpd-refused
grep --quiet 'No such command on config line 4' bgpd-unknown
for file in good refused unknown; do grep --quiet --line-regexp 'exit code 0' "bgpd-$file"; done
echo "bgpd prints \"Configure the peer-group first\", \"Invalid value\" and \"No such command\", and ends with 0"
