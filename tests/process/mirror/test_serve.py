"""A mirror served over HTTP: what curl, apt, containerd and skopeo ask for."""

import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from twinkeel.mirror.manifest import Manifest

from .conftest import IMAGES, Running

TWINKEEL = [sys.executable, "-m", "twinkeel.cli.main", "kubespray", "mirror"]
FILE = "/files/dl.k8s.io/kubelet"


def test_a_file_whole_in_parts_and_its_size_alone(running: Running, mirror: tuple[Path, Manifest]) -> None:
    data = (mirror[0] / FILE[1:]).read_bytes()
    assert httpx2.get(running.files + FILE).content == data
    part = httpx2.get(running.files + FILE, headers={"Range": "bytes=1000-1999"})
    assert (part.status_code, part.content) == (206, data[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(data)}"
    rest = httpx2.get(running.files + FILE, headers={"Range": f"bytes={len(data) - 10}-"})
    assert rest.content == data[-10:]
    beyond = httpx2.get(running.files + FILE, headers={"Range": f"bytes={len(data)}-"})
    assert beyond.status_code == 416
    head = httpx2.head(running.files + FILE)
    assert (head.headers["Content-Length"], head.content) == (str(len(data)), b"")


def test_a_connection_serves_one_file_after_the_other(running: Running) -> None:
    with httpx2.Client() as client:
        assert {client.get(running.files + FILE).status_code for _ in range(5)} == {200}
        assert client.get(f"{running.files}/nothing").status_code == 404
        assert client.get(running.files + FILE).status_code == 200


@pytest.mark.parametrize("path", ["/files/none", "/manifest.json", "/files/../manifest.json", "/..%2f..%2fetc/passwd", "/.lock"])
def test_what_is_not_of_the_mirror_is_not_given_and_told(running: Running, path: str) -> None:
    with socket.create_connection(tuple(running.files.removeprefix("http://").split(":")), timeout=30) as raw:
        raw.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 404")
    assert len(running.missed) == 1


def test_the_list_of_files_is_at_the_root(running: Running) -> None:
    assert FILE in httpx2.get(f"{running.files}/").text.split()


def test_the_registry_gives_manifests_by_tag_and_digest_and_their_blobs(running: Running, mirror: tuple[Path, Manifest]) -> None:
    base = f"http://{running.registry}/v2"
    assert httpx2.get(f"{base}/").status_code == 200
    assert httpx2.get(f"{base}/_catalog").json() == {"repositories": ["calico/node", "pause"]}
    assert httpx2.get(f"{base}/calico/node/tags/list").json() == {"name": "calico/node", "tags": ["v3.31"]}
    by_tag = httpx2.get(f"{base}/calico/node/manifests/v3.31")
    digest = next(entry.digest for entry in mirror[1].images if entry.name == IMAGES[1])
    assert by_tag.headers["Docker-Content-Digest"] == digest
    assert by_tag.headers["Content-Type"] == "application/vnd.oci.image.manifest.v1+json"
    assert httpx2.get(f"{base}/calico/node/manifests/{digest}").content == by_tag.content
    for part in (by_tag.json()["config"], *by_tag.json()["layers"]):
        blob = httpx2.get(f"{base}/calico/node/blobs/{part['digest']}")
        assert "sha256:" + hashlib.sha256(blob.content).hexdigest() == part["digest"]
    assert not running.missed


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/calico/node/manifests/v9", "MANIFEST_UNKNOWN"),
        ("/v2/other/manifests/v3.31", "MANIFEST_UNKNOWN"),
        ("/v2/pause/blobs/sha256:" + "0" * 64, "BLOB_UNKNOWN"),
        ("/v2/other/tags/list", "NAME_UNKNOWN"),
        ("/v2/pause/blobs/uploads/", "UNSUPPORTED"),
    ],
)
def test_what_the_registry_does_not_have_is_told_by_name(running: Running, path: str, code: str) -> None:
    answer = httpx2.get(f"http://{running.registry}{path}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, code)
    assert len(running.missed) == 1


def test_nothing_can_be_put_into_the_registry(running: Running) -> None:
    assert httpx2.post(f"http://{running.registry}/v2/pause/blobs/uploads/").status_code == 501
    assert httpx2.put(f"http://{running.registry}/v2/pause/manifests/3.10", content=b"{}").status_code == 501


@pytest.mark.skipif(not shutil.which("skopeo"), reason="skopeo is not installed")
@pytest.mark.parametrize("name", IMAGES)
def test_skopeo_copies_every_image_with_its_digest(
    running: Running, mirror: tuple[Path, Manifest], tmp_path: Path, name: str
) -> None:
    path = name.split("/", 1)[1]
    argv = [
        "skopeo",
        "--insecure-policy",
        "copy",
        "--src-tls-verify=false",
        f"docker://{running.registry}/{path}",
        f"dir:{tmp_path}/x",
    ]
    subprocess.run(argv, check=True, capture_output=True, timeout=120)
    digest = next(entry.digest for entry in mirror[1].images if entry.name == name)
    assert "sha256:" + hashlib.sha256((tmp_path / "x/manifest.json").read_bytes()).hexdigest() == digest


def free_pair() -> int:
    """A port that is free together with its next, of those that no connection gets by chance; another process looks elsewhere."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in range(min(10_000, lowest // 2) + os.getpid() % 5000 * 2, lowest - 2, 2):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)), socket.create_server(("127.0.0.1", port + 1)):
            return port
    raise AssertionError("every port is in use")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_a_signal_and_ends_well(mirror: tuple[Path, Manifest], number: signal.Signals) -> None:
    port = free_pair()
    # As a shell starts a command in the background: without SIGINT.
    argv = [*TWINKEEL, "serve", str(mirror[0]), "--port", str(port)]
    child = subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    try:
        assert child.stdout is not None
        lines = [child.stdout.readline() for _ in range(3)]
        assert [line.split()[0] for line in lines] == ["files", "packages", "images"]
        assert httpx2.get(f"http://127.0.0.1:{port}{FILE}").status_code == 200
        assert httpx2.get(f"http://127.0.0.1:{port + 1}/v2/other/manifests/1").status_code == 404
        child.send_signal(number)
        _, complaints = child.communicate(timeout=120)
        assert (child.returncode, complaints) == (0, "not here: image other:1\n")
    finally:
        child.kill()
        child.wait()


def test_a_port_that_is_taken_is_told(mirror: tuple[Path, Manifest]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("serve", str(mirror[0]), "--port", str(port))
    assert ended.returncode == 3
    assert f"where: 127.0.0.1:{port}" in ended.stderr


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TWINKEEL, *arguments], capture_output=True, text=True, timeout=300, env={**os.environ, "NO_COLOR": "1"})


def test_verify_and_variables_as_typed(mirror: tuple[Path, Manifest]) -> None:
    folder = str(mirror[0])
    good = run("verify", folder)
    assert (good.returncode, good.stdout.split(":")[0]) == (0, "all good")
    (mirror[0] / FILE[1:]).write_bytes(b"")
    bad = run("verify", folder, "--format", "json")
    assert (bad.returncode, json.loads(bad.stdout)[0]["kind"]) == (1, "changed")
    shown = run("variables", folder, "--address", "10.1.2.3", "--port", "9000")
    assert 'kube_image_repo: "10.1.2.3:9001"' in shown.stdout.splitlines()
    assert run("verify", f"{folder}/none").returncode == 2
