"""The proof that a kubeconfig works, against real HTTPS servers that ask for a client certificate."""

import asyncio
import base64
import re
from io import StringIO
from ipaddress import IPv4Interface
from typing import Any

import pytest
from ruamel.yaml import YAML

from twinkeel.errors import VerificationError
from twinkeel.kubeconfig.document import KubeconfigError
from twinkeel.kubeconfig.verify import verify_kubeconfig
from twinkeel.topology.model import Endpoint

NAME = "lb.lab-home.com"
WHERE = "master-1:/etc/kubernetes/admin.conf"
GOOD = {"/version": (200, b'{"gitVersion": "v1.35.4"}'), "/readyz": (200, b"ok")}


def kubeconfig(ca: bytes, user: dict[str, Any], **cluster: Any) -> str:
    document = {
        "kind": "Config",
        "current-context": "admin",
        "contexts": [{"name": "admin", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"certificate-authority-data": encoded(ca), "server": "https://x", **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    stream = StringIO()
    YAML().dump(document, stream)
    return stream.getvalue()


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def client(pair: Any) -> dict[str, str]:
    return {"client-certificate-data": encoded(pair.certificate), "client-key-data": encoded(pair.key)}


def verify(text: str, port: int) -> str:
    return asyncio.run(verify_kubeconfig(text, Endpoint(NAME, port, (IPv4Interface("127.0.0.1/24"),)), WHERE))


def test_a_good_kubeconfig_gives_the_apis_version(authority: Any, serve: Any) -> None:
    port = serve(authority.issue("api", ["127.0.0.1", NAME]), GOOD, authority.pem)
    assert verify(kubeconfig(authority.pem, client(authority.issue("admin"))), port) == "v1.35.4"


def test_a_token_will_do(authority: Any, serve: Any) -> None:
    port = serve(authority.issue("api", ["127.0.0.1", NAME]), GOOD)
    assert verify(kubeconfig(authority.pem, {"token": "t"}), port) == "v1.35.4"


@pytest.mark.parametrize(("names", "missing"), [([NAME], "127.0.0.1"), (["127.0.0.1"], NAME)])
def test_a_certificate_that_lacks_a_name_says_what_to_set(authority: Any, serve: Any, names: list[str], missing: str) -> None:
    port = serve(authority.issue("api", names), GOOD)
    with pytest.raises(VerificationError, match=f"does not verify for {re.escape(missing)}: ") as caught:
        verify(kubeconfig(authority.pem, client(authority.issue("admin"))), port)
    assert "supplementary_addresses_in_ssl_keys" in caught.value.hint


def test_a_certificate_with_the_name_alone_does_for_a_kubeconfig_that_names_it(authority: Any, serve: Any) -> None:
    port = serve(authority.issue("api", [NAME]), GOOD, authority.pem)
    text, endpoint = (
        kubeconfig(authority.pem, client(authority.issue("admin"))),
        Endpoint(NAME, port, (IPv4Interface("127.0.0.1/24"),)),
    )
    assert asyncio.run(verify_kubeconfig(text, endpoint, WHERE, by_name=True)) == "v1.35.4"


def test_another_clusters_authority(authority: Any, other_authority: Any, serve: Any) -> None:
    port = serve(authority.issue("api", ["127.0.0.1", NAME]), GOOD)
    with pytest.raises(VerificationError, match="does not verify for 127"):
        verify(kubeconfig(other_authority.pem, client(authority.issue("admin"))), port)


def test_another_clusters_client_certificate(authority: Any, other_authority: Any, serve: Any) -> None:
    port = serve(authority.issue("api", ["127.0.0.1", NAME]), GOOD, authority.pem)
    with pytest.raises(VerificationError, match=r"refuses the kubeconfig's user \((\w*UNKNOWN_CA|it closed the connection)\)"):
        verify(kubeconfig(authority.pem, client(other_authority.issue("admin"))), port)


def test_a_refused_user_and_an_api_that_is_not_ready(authority: Any, serve: Any) -> None:
    user = client(authority.issue("admin"))
    refusing = serve(authority.issue("api", ["127.0.0.1", NAME]), {"/version": (401, b"")})
    with pytest.raises(VerificationError, match=r"refuses the kubeconfig's user \(401\)"):
        verify(kubeconfig(authority.pem, user), refusing)
    starting = serve(authority.issue("api", ["127.0.0.1", NAME]), {**GOOD, "/readyz": (500, b"")})
    with pytest.raises(VerificationError, match="the API answers 500") as caught:
        verify(kubeconfig(authority.pem, user), starting)
    assert caught.value.where.endswith("/readyz")


def test_nobody_listens(authority: Any) -> None:
    with pytest.raises(VerificationError, match="does not answer through the virtual IP"):
        verify(kubeconfig(authority.pem, client(authority.issue("admin"))), 1)


@pytest.mark.parametrize(
    ("user", "cluster", "what"),
    [
        ({"token": "t"}, {"insecure-skip-tls-verify": True}, "switches TLS verification off"),
        ({}, {}, "neither a token nor a client certificate"),
        ({"client-certificate": "/var/lib/kubelet/pki/current.pem"}, {}, "names a file for its client-certificate"),
        ({"token": "t"}, {"certificate-authority-data": "%%%"}, "is not base64"),
        ({"token": "t"}, {"certificate-authority-data": encoded(b"no certificate")}, "cannot be used"),
        ({"client-certificate-data": encoded(b"x"), "client-key-data": encoded(b"y")}, {}, "cannot be used"),
    ],
)
def test_a_kubeconfig_that_cannot_be_verified(authority: Any, user: dict[str, str], cluster: dict[str, Any], what: str) -> None:
    with pytest.raises(KubeconfigError, match=what):
        verify(kubeconfig(authority.pem, user, **cluster), 1)


def test_every_virtual_ip_is_asked(authority: Any, serve: Any) -> None:
    port = serve(authority.issue("api", ["127.0.0.1", "127.0.0.2", NAME]), GOOD, authority.pem)
    text = kubeconfig(authority.pem, client(authority.issue("admin")))
    vips = (IPv4Interface("127.0.0.1/8"), IPv4Interface("127.0.0.2/8"))
    with pytest.raises(VerificationError, match="does not answer through the virtual IP") as caught:
        asyncio.run(verify_kubeconfig(text, Endpoint(NAME, port, vips), WHERE))
    assert caught.value.where == f"https://127.0.0.2:{port}/version"


def test_something_else_answers(authority: Any, serve: Any) -> None:
    port = serve(authority.issue("api", ["127.0.0.1", NAME]), {**GOOD, "/version": (200, b"<html>")})
    with pytest.raises(VerificationError, match="not a Kubernetes version"):
        verify(kubeconfig(authority.pem, {"token": "t"}), port)
