#!/usr/bin/env bash
# OpenSSL 3.0: `openssl x509 -checkhost` and `-checkip` end with 0 when the certificate does not have the name.
#
# "Does the API server's certificate name the virtual IP" is a line of many scripts: `openssl x509 -in CRT -noout -checkip VIP || ...`. One guesses
# that the exit code is the answer, as it is with `-checkend` beside it. It is not: 3.0 prints "does NOT match certificate" and ends with
# 0. In 3.5.7 and 3.6.5 it ends with 1 (Debian 13 and unstable, tried by hand on 2026-11-30), so a script that was tried there is
# blind on Debian 12. `openssl verify -verify_ip` has the right exit code in 3.0, too.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download -qq openssl=3.0.22-1~deb12u2 libssl3=3.0.22-1~deb12u2 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
export LD_LIBRARY_PATH="$folder/root/usr/lib/x86_64-linux-gnu"
openssl=$folder/root/usr/bin/openssl
"$openssl" version
"$openssl" req -x509 -newkey rsa:2048 -nodes -keyout key -out crt -days 30 -subj /CN=kubernetes \
  -addext subjectAltName=DNS:api.example.org,IP:192.0.2.10 2> /dev/null

ask() { # arguments of openssl: sets code and said
  code=0
  said=$("$openssl" "$@" 2>&1) || code=$?
  echo "openssl $*: exit code $code, \"$(grep -m 1 -iE 'match|expire|error [0-9]+|OK' <<< "$said")\""
}
ask x509 -in crt -noout -checkip 192.0.2.10
[[ $code = 0 && $said = *"does match"* ]]
ask x509 -in crt -noout -checkip 192.0.2.11
[[ $code = 0 && $said = *"does NOT match"* ]]
ask x509 -in crt -noout -checkhost kubernetes.default
[[ $code = 0 && $said = *"does NOT match"* ]]
ask x509 -in crt -noout -checkend 99999999
[[ $code = 1 ]]
ask verify -CAfile crt -verify_ip 192.0.2.10 crt
[[ $code = 0 ]]
ask verify -CAfile crt -verify_ip 192.0.2.11 crt
[[ $code != 0 && $said = *"IP address mismatch"* ]]
