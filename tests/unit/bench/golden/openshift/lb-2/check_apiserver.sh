#!/bin/sh
# ready: HAProxy of this host answers. both: that, and an API server answers /readyz through it.
curl --silent --fail --output /dev/null "http://127.0.0.1:9444/haproxy_ready" || exit 1
[ "$1" = ready ] || exec curl --silent --fail --insecure --output /dev/null "https://127.0.0.1:6443/readyz"
