"""The cluster's authority as old clusters have it."""

import asyncio
import base64
import datetime as dt
import warnings

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from twinkeel.hosts.cluster_ca import fetch_cluster_ca
from twinkeel.topology.model import Machine, Topology


def authority() -> bytes:
    """A certificate authority whose serial number is turned into 0, as kubeadm made them for years."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), serial_number=1)
    builder = builder.not_valid_before(dt.datetime(2020, 1, 1)).not_valid_after(dt.datetime(2040, 1, 1))
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    raw = certificate.public_bytes(serialization.Encoding.DER).replace(
        b"\xa0\x03\x02\x01\x02\x02\x01\x01", b"\xa0\x03\x02\x01\x02\x02\x01\x00", 1
    )
    return x509_pem(raw)


def x509_pem(raw: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(raw) + b"-----END CERTIFICATE-----\n"


class Host:
    async def read_file(self, machine: Machine, path: str) -> bytes:
        return authority()


def test_an_authority_with_serial_number_zero_is_taken_without_a_word(lab_home_topology: Topology) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = asyncio.run(fetch_cluster_ca(Host(), lab_home_topology.control_plane))  # type: ignore[arg-type]
    assert found is not None
    with pytest.warns(UserWarning, match="serial number"):
        assert x509.load_pem_x509_certificate(found.encode()).serial_number == 0
