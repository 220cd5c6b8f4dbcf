"""The cluster's certificate authority, read from a control-plane host."""

import asyncio
import warnings

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from twinkeel.errors import HostError
from twinkeel.hosts.executor import FileMissingError, Reader
from twinkeel.topology.model import Machine

# kubeadm's place, and Kubespray's: on a Kubespray host the first is usually a link to the second.
CA_PATHS = ("/etc/kubernetes/pki/ca.crt", "/etc/kubernetes/ssl/ca.crt")


async def fetch_cluster_ca(reader: Reader, control_plane: tuple[Machine, ...]) -> str | None:
    """The authority's certificates as PEM text, from the first host in order that has them; None when no host has any.

    Raises:
        HostError: no host has them, and not every host could be asked; or the file is not a certificate authority.
    """
    answers = await asyncio.gather(*(_read_ca(reader, machine) for machine in control_plane))
    found = [answer for answer in answers if isinstance(answer, str)]
    if found:
        return found[0]
    # Nobody may conclude "there is no cluster yet" from a host that is merely down: verification would be dropped.
    unreachable = [answer for answer in answers if isinstance(answer, HostError)]
    if unreachable:
        raise unreachable[0]
    return None


async def _read_ca(reader: Reader, machine: Machine) -> str | HostError | None:
    for path in CA_PATHS:
        try:
            return _valid_ca(await reader.read_file(machine, path), f"{machine.name}:{path}")
        except FileMissingError:
            continue
        except HostError as error:
            return error
    return None


def _valid_ca(content: bytes, where: str) -> str:
    hint = "it must hold the certificate that signs the API servers' certificates"
    try:
        with warnings.catch_warnings():
            # Older releases of kubeadm made authorities with the serial number 0; every client of such a cluster trusts them.
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            certificates = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise HostError("the cluster's CA file holds no PEM certificate", where=where, hint=hint) from error
    for certificate in certificates:
        try:
            is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            is_authority = False
        if not is_authority:
            raise HostError("the cluster's CA file holds a certificate that is no authority", where=where, hint=hint)
    return content.decode()
