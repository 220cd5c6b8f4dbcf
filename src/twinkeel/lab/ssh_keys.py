"""SSH keys of a lab: one that opens every host, and one for each host, all known from the start."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from twinkeel.lab.model import LabHost

SSH_PORT = 22


@dataclass(frozen=True)
class SshKey:
    """A key pair in OpenSSH's own formats. `private` is a secret."""

    private: bytes
    public: str

    def __repr__(self) -> str:
        """Without the secret."""
        return f"SshKey({self.public})"


def generate(comment: str) -> SshKey:
    """A new Ed25519 pair."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return SshKey(private, f"{public} {comment}")


def known_hosts_line(host: LabHost, key: SshKey) -> str:
    """The line of known_hosts for one host, by short name, full name and address; see sshd(8)."""
    names = [host.name, host.fqdn, *(str(address) for address, _ in host.addresses)]
    if host.ssh_port != SSH_PORT:
        names = [f"[{name}]:{host.ssh_port}" for name in names]
    kind, public = key.public.split()[:2]
    return f"{','.join(names)} {kind} {public}\n"
