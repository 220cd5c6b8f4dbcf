#!/bin/sh
# Passes when anything answers over TLS here, and through the virtual IP where that is held. Any HTTP status will do.
ask() {
    curl --silent --insecure --max-time 2 --output /dev/null "https://$1:6443/" || exit 1
}
ask localhost
if ip address | grep -q '192.168.1.110'; then ask 192.168.1.110; fi
