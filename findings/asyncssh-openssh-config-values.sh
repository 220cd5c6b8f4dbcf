#!/usr/bin/env bash
# asyncssh 2.24.1 reads ~/.ssh/config by default, and ends every connection with ConfigParseError at values that ssh_config(5) gives.
#
# Times (`ServerAliveInterval 5m`, `ConnectTimeout 1m`; "TIME FORMATS" in sshd_config(5)) and `PubkeyAuthentication unbound` or `host-bound`
# are not numbers or yes/no, so the whole file is refused, also for a host that needs none of them. One guesses that a library that
# reads OpenSSH's file skips what it does not know, as it does with keywords (`Tunnel`, `IPQoS`), or takes OpenSSH's own time format:
# for RekeyLimit, in the same file, it does.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq openssh-client=1:9.2p1-2+deb12u10 2> /dev/null
dpkg-deb -x openssh-client_*.deb root
python3 -m venv env
env/bin/pip install --quiet asyncssh==2.24.1 2> /dev/null
cat > read.py <<'PROGRAM'
import sys
from pathlib import Path
import asyncssh
try:
    options = asyncssh.SSHClientConnectionOptions(config=[Path(sys.argv[1])], host="lb-1", username="ops")
except asyncssh.ConfigParseError as error:
    print("ConfigParseError:", str(error).partition(": ")[2] or error)
else:
    print("read")
PROGRAM
try() { # line, what asyncssh says of it
  printf 'Host *\n  %s\n' "$1" > config
  openssh=$(root/usr/bin/ssh -G -F config lb-1 2> /dev/null | grep --ignore-case "^${1%% *} " || true)
  said=$(env/bin/python read.py config)
  echo "$1: ssh -G: ${openssh:-takes it}; asyncssh: $said"
  root/usr/bin/ssh -G -F config lb-1 > /dev/null 2>&1
  case $said in "$2"*) ;; *) echo "asyncssh changed"; exit 1 ;; esac
}
root/usr/bin/ssh -V 2>&1
try "ServerAliveInterval 300" read
try "Tunnel no" read
try "RekeyLimit 1G 1h" read
try "ServerAliveInterval 5m" ConfigParseError
try "ConnectTimeout 1m" ConfigParseError
try "PubkeyAuthentication unbound" ConfigParseError
try "PubkeyAuthentication host-bound" ConfigParseError
