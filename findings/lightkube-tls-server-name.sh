#!/usr/bin/env bash
# lightkube 1.0.1 does not know a kubeconfig's `tls-server-name`, and ignores it without a word.
#
# `server: https://ADDRESS:6443` with `tls-server-name: NAME` is how a kubeconfig reaches an API server through an address that its certificate
# does not have. kubectl, kubernetes, kubernetes_asyncio and kr8s do. lightkube takes the rest of the file, sends no name and checks the
# certificate for the address: "IP address mismatch", which reads like a wrong certificate. Nothing says that a key was left out.
set -euo pipefail
folder=$(mktemp -d)
cd "$folder"
apt-get download -qq kubernetes-client=1.20.5+really1.20.2-1.1+deb12u1 2> /dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
python3 -m venv venv
venv/bin/pip install -q lightkube==1.0.1 kr8s==0.20.15 kubernetes==37.0.2 kubernetes_asyncio==36.1.0 2> /dev/null
openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out crt -days 30 -subj /CN=kubernetes -addext subjectAltName=DNS:api.example.org 2> /dev/null
cat > server.py <<'PROGRAM'
import http.server, json, ssl

class Version(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        told = dict.fromkeys(("gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"), "")
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(told | {"major": "1", "minor": "36", "gitVersion": "v1.36.2"}).encode())
    def log_message(self, *_): pass

class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_): pass

server = Server(("127.0.0.1", 0), Version)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("crt", "key")
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_port, flush=True)
server.serve_forever()
PROGRAM
python3 server.py > port &
started=$!
trap 'kill "$started"; rm -rf "$folder"' EXIT
until [ -s port ]; do sleep 0.1; done
cat > config <<CONF
apiVersion: v1
kind: Config
clusters:
- name: lab
  cluster:
    server: https://127.0.0.1:$(cat port)
    certificate-authority: crt
    tls-server-name: api.example.org
contexts:
- name: lab
  context: {cluster: lab, user: admin}
current-context: lab
users:
- name: admin
  user: {token: none}
CONF
cat > ask.py <<'PROGRAM'
import asyncio, sys, warnings

warnings.simplefilter("ignore")

def kubernetes():
    from kubernetes import client, config
    config.load_kube_config()
    return client.VersionApi().get_code().git_version

def kubernetes_asyncio():
    from kubernetes_asyncio import client, config
    async def ask():
        await config.load_kube_config()
        async with client.ApiClient() as api:
            return (await client.VersionApi(api).get_code()).git_version
    return asyncio.run(ask())

def kr8s():
    import kr8s
    return kr8s.api().version()["gitVersion"]

def lightkube():
    import httpx2
    from lightkube import Client
    from lightkube.resources.core_v1 import Node
    try:
        return list(Client().list(Node))
    except httpx2.ConnectError as error:
        return str(error)

print(globals()[sys.argv[1]]())
PROGRAM
export KUBECONFIG="$folder/config"
for library in kubernetes kubernetes_asyncio kr8s lightkube; do
  said=$(venv/bin/python ask.py "$library" 2> /dev/null)
  echo "$library: $said"
  case $library in
    lightkube) [[ $said = *"IP address mismatch, certificate is not valid for '127.0.0.1'"* ]] ;;
    *) [[ $said = v1.36.2 ]] ;;
  esac
done
said=$(root/usr/bin/kubectl version --short 2>&1 | tail -n 1)
echo "kubectl 1.20.2: $said"
[[ $said = "Server Version: v1.36.2" ]]
