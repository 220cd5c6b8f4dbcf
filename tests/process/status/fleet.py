"""Simulated clusters for status: SSH and HTTPS servers of many hosts in one process.

    unshare --net -- python fleet.py FOLDER COUNT [COMMAND...]

makes COUNT specs in FOLDER/clusters and serves them on addresses of the namespace's own loopback device; runs the command there (a
shell without one) and ends with its exit code. Each cluster N has two load balancers, 10.77.N.11 (which holds the virtual IP
10.77.N.10) and 10.77.N.12, and three API servers, 10.77.N.21 to 23.

Files below FOLDER/is break hosts while it runs: `hung/ADDRESS` takes connections and commands and answers nothing,
`gone/ADDRESS` is cut off, `down/ADDRESS` has a dead HAProxy or API server; `holder/N` says which address has the virtual IP of
cluster N. Each new connection is a line of FOLDER/connections.log.
"""

import asyncio
import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import asyncssh
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

SSH_PORT = 2222
API_PORT = 6443
NOBODY = 0.2

SPEC = """\
name: cluster-{n:02}
domain: example.com
endpoint: {{name: api-{n:02}.example.com, vip: 10.77.{n}.10/24}}
interface: lo
load_balancers: {{lb-1: 10.77.{n}.11, lb-2: 10.77.{n}.12}}
control_plane: {{cp-1: 10.77.{n}.21, cp-2: 10.77.{n}.22, cp-3: 10.77.{n}.23}}
kubernetes: {{network_plugin: calico}}
ssh: {{port: 2222, identity_file: ../id, known_hosts_file: ../known_hosts}}
"""
STAT = "pxname,svname,status,check_status,check_code\n" + "".join(f"kubernetes-api,cp-{n},UP,L7OK,200\n" for n in (1, 2, 3))


class Fleet:
    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.count = folder, count
        self.connections: list[tuple[str, str, asyncio.Transport | asyncssh.SSHServerConnection]] = []

    def make(self) -> None:
        (self.folder / "clusters").mkdir(parents=True, exist_ok=True)
        for kind in ("hung", "gone", "down", "holder"):
            (self.folder / "is" / kind).mkdir(parents=True, exist_ok=True)
        for n in range(1, self.count + 1):
            (self.folder / f"clusters/cluster-{n:02}.yaml").write_text(SPEC.format(n=n))
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        client = asyncssh.generate_private_key("ssh-ed25519")
        client.write_private_key(str(self.folder / "id"))
        (self.folder / "id").chmod(0o600)
        (self.folder / "authorized").write_bytes(client.export_public_key())
        (self.folder / "known_hosts").write_text(f"* {self.host_key.export_public_key().decode()}")
        self._certificates()

    def _certificates(self) -> None:
        now, key = datetime.now(UTC), ec.generate_private_key(ec.SECP256R1())
        names = {word: x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, word)]) for word in ("authority", "fleet")}
        places = [f"10.77.{n}.{host}" for n in range(1, self.count + 1) for host in (10, 21, 22, 23)]

        def made(of: str, *extensions: x509.ExtensionType) -> bytes:
            until, number = now + timedelta(1), x509.random_serial_number()
            builder = x509.CertificateBuilder(names["authority"], names[of], key.public_key(), number, now, until)
            for extension in extensions:
                builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

        self.ca = made("authority", x509.BasicConstraints(ca=True, path_length=None))
        leaf = made("fleet", x509.SubjectAlternativeName([x509.IPAddress(ip_address(place)) for place in places]))
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / "api.pem").write_bytes(leaf + private)

    def said(self, kind: str, name: str) -> bool:
        return (self.folder / "is" / kind / name).exists()

    def holder(self, cluster: str) -> str:
        path = self.folder / "is/holder" / cluster
        return path.read_text().strip() if path.exists() else f"10.77.{cluster}.11"

    async def patient(self, address: str) -> None:
        while self.said("hung", address):
            await asyncio.sleep(NOBODY)

    def line(self, address: str) -> str:
        cluster = address.split(".")[2]
        down = self.said("down", address)
        return json.dumps(
            {
                "addresses": [address, *([f"10.77.{cluster}.10"] if self.holder(cluster) == address else [])],
                "units": ["failed" if down else "active", "active"],
                "down": "1" if down else "0",
                "standby": None,
                "lingering": None,
                "servers": "" if down else STAT,
            }
        )

    async def shell(self, process: asyncssh.SSHServerProcess[str]) -> None:
        address = process.get_extra_info("sockname")[0]
        await self.patient(address)
        words = str(process.command)
        if "ca.crt" in words:
            process.stdout.write(self.ca.decode())
        elif words.startswith("python3"):
            period = words.rsplit(maxsplit=1)[1]
            while True:
                process.stdout.write(self.line(address) + "\n")
                if not period.replace(".", "").isdigit():
                    break
                await asyncio.sleep(float(period))
                await self.patient(address)
        process.exit(0)

    def taken(self, address: str, kind: str, connection: "asyncio.Transport | asyncssh.SSHServerConnection") -> None:
        if self.said("gone", address):
            connection.abort()
        self.connections = [each for each in self.connections if not getattr(each[2], "is_closing", lambda: False)()]
        self.connections.append((address, kind, connection))
        with (self.folder / "connections.log").open("a") as log:
            log.write(f"{kind} {address}\n")

    async def https(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("sockname")[0]
        self.taken(address, "https", writer.transport)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                holder = self.holder(address.split(".")[2]) if address.endswith(".10") else address
                await self.patient(holder)
                if self.said("gone", holder):
                    writer.transport.abort()
                status = b"500 no" if self.said("down", holder) else b"200 OK"
                writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    async def cut(self) -> None:
        """Hosts that go away lose their connections."""
        while True:
            for address, _, connection in self.connections:
                if self.said("gone", address):
                    connection.abort()
            await asyncio.sleep(NOBODY)

    async def serve(self, command: list[str]) -> int:
        fleet = self

        class Noting(asyncssh.SSHServer):
            def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
                fleet.taken(conn.get_extra_info("sockname")[0], "ssh", conn)

        await asyncssh.listen(
            "0.0.0.0",  # noqa: S104
            SSH_PORT,
            server_factory=Noting,
            server_host_keys=[self.host_key],
            authorized_client_keys=str(self.folder / "authorized"),
            process_factory=self.shell,
            backlog=1000,
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "api.pem")
        await asyncio.start_server(self.https, "0.0.0.0", API_PORT, ssl=context, backlog=1000)  # noqa: S104
        cutting = asyncio.create_task(self.cut())
        try:
            return await (await asyncio.create_subprocess_exec(*command)).wait()
        finally:
            cutting.cancel()


def main() -> None:
    folder, count, command = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:] or [os.environ.get("SHELL", "sh")]
    for argv in (["link", "set", "lo", "up"], ["route", "add", "local", "10.77.0.0/16", "dev", "lo"]):
        subprocess.run(["ip", *argv], check=True)
    # Ctrl-C at a terminal is for the command; a handler, unlike SIG_IGN, is not handed on to it.
    signal.signal(signal.SIGINT, lambda *_: None)
    fleet = Fleet(folder, count)
    fleet.make()
    # It stands for other machines: what else runs on this one must not make its answers late.
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))
    sys.exit(asyncio.run(fleet.serve(command)))


if __name__ == "__main__":
    main()
