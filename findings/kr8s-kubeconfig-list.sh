#!/usr/bin/env bash
# The same KUBECONFIG=a:b is another cluster for kr8s than for kubectl.
#
# kubeadm calls every cluster `kubernetes` and every user `kubernetes-admin`, so two admin.conf in one list have the same names. kubectl, and the
# Python clients kubernetes and kubernetes_asyncio, take the first file's current context and the first of each name. kr8s 0.20.15 takes the
# current context of the last file, and its own cluster and user: a script that deletes something does it elsewhere than the
# kubectl command beside it. With the second file's context, too, kubectl and those two reach the first cluster with the first token (each name
# is merged apart), and kr8s the second. lightkube 1.0.1 reads the list as one file's name.
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
apt-get download -qq kubernetes-client=1.20.5+really1.20.2-1.1+deb12u1 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install -q kr8s==0.20.15 kubernetes==37.0.2 kubernetes_asyncio==36.1.0 lightkube==1.0.1 2> /dev/null
cat > servers.py <<'PROGRAM'
import http.server, json, threading

def handler(name):
    class Version(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            token = self.headers.get("Authorization", "no token").removeprefix("Bearer ")
            told = {"major": "1", "minor": "36", "gitVersion": f"{name} with {token}", "gitCommit": "", "gitTreeState": "", "buildDate": "",
                    "goVersion": "", "compiler": "", "platform": ""}
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(told).encode())
        def log_message(self, *_): pass
    return Version

servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler(name)) for name in ("cluster-a", "cluster-b")]
for server in servers:
    threading.Thread(target=server.serve_forever).start()
print(*(server.server_port for server in servers), flush=True)
PROGRAM
python3 servers.py > ports &
started=$!
trap 'kill "$started"; rm -rf "$folder"' EXIT
until [ -s ports ]; do sleep 0.1; done
read -r port_a port_b < ports
write() { # name, port
  cat > "$1" <<CONF
apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster: {server: "http://127.0.0.1:$2"}
contexts:
- name: kubernetes-admin@$1
  context: {cluster: kubernetes, user: kubernetes-admin}
current-context: kubernetes-admin@$1
users:
- name: kubernetes-admin
  user: {token: token-$1}
CONF
}
write a "$port_a"
write b "$port_b"

cat > ask.py <<'PROGRAM'
import asyncio, sys, warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
library = sys.argv[1]
context = sys.argv[2] if len(sys.argv) > 2 else None

def kubernetes():
    from kubernetes import client, config
    config.load_kube_config(context=context)
    return client.VersionApi().get_code().git_version

def kubernetes_asyncio():
    from kubernetes_asyncio import client, config
    async def ask():
        await config.load_kube_config(context=context)
        async with client.ApiClient() as api:
            return (await client.VersionApi(api).get_code()).git_version
    return asyncio.run(ask())

def kr8s():
    import kr8s
    return kr8s.api(context=context).version()["gitVersion"]

def lightkube():
    from lightkube import KubeConfig
    from lightkube.core.exceptions import ConfigError
    try:
        return KubeConfig.from_env().get(context_name=context).cluster.server
    except ConfigError:
        return "no such file"

print(globals()[library]())
PROGRAM
export KUBECONFIG="$folder/a:$folder/b"
for context in '' kubernetes-admin@b; do
  echo "KUBECONFIG=a:b${context:+, context $context}"
  for library in kubernetes kubernetes_asyncio kr8s lightkube; do
    said=$(venv/bin/python ask.py "$library" ${context:+"$context"} 2> /dev/null)
    echo "  $library: $said"
    case $library in
      kr8s) [[ $said = "cluster-b with token-b" ]] ;;
      lightkube) [[ $said = "no such file" ]] ;;
      *) [[ $said = "cluster-a with token-a" ]] ;;
    esac
  done
  said=$(root/usr/bin/kubectl ${context:+--context "$context"} get --raw /version)
  said=$(python3 -c 'import json, sys; print(json.loads(sys.argv[1])["gitVersion"])' "$said")
  echo "  kubectl 1.20.2: $said"
  # It sends no token without TLS.
  [[ $said = "cluster-a with no token" ]]
done
