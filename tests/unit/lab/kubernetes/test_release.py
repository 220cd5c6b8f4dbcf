"""The official release, from a server on the loopback address that is laid out like the official one."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from twinkeel.errors import ToolError
from twinkeel.lab.kubernetes.binaries import resolve_binaries
from twinkeel.lab.kubernetes.programs import PROGRAMS, machine_architecture
from twinkeel.lab.kubernetes.release import ReleaseUnreachableError

VERSION = "1.35.4"


class Mirror:
    """A release server: path -> content. `asked` holds the path of every request; `cut` paths end too early."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[str] = []
        self.cut: set[str] = set()
        self.url = ""

    def path(self, name: str) -> str:
        return f"/v{VERSION}/bin/linux/{machine_architecture()}/{name}"

    def publish(self, algorithm: str = "sha256") -> None:
        for name in PROGRAMS:
            content = f"program {name}".encode() * 100
            self.files[self.path(name)] = content
            digest = hashlib.new(algorithm, content).hexdigest()
            self.files[self.path(f"{name}.{algorithm}")] = digest.encode()

    def times_asked(self, name: str) -> int:
        return self.asked.count(self.path(name))


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    mirror = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mirror.asked.append(self.path)
            content = mirror.files.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            body = content or b""
            self.wfile.write(body[: len(body) // 2] if self.path in mirror.cut else body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    mirror.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield mirror
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def silent(step: str, fraction: float) -> None:
    assert 0.0 <= fraction <= 1.0


def fetch(mirror: Mirror, cache: Path) -> Path:
    return resolve_binaries("release", VERSION, cache, mirror.url, silent).dir


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_every_program_arrives_whole_and_executable(mirror: Mirror, tmp_path: Path, algorithm: str) -> None:
    mirror.publish(algorithm)
    folder = fetch(mirror, tmp_path)
    assert folder == tmp_path / f"kubernetes-{VERSION}-release"
    for name in PROGRAMS:
        assert (folder / name).read_bytes() == mirror.files[mirror.path(name)]
        assert (folder / name).stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in folder.iterdir()) == sorted(PROGRAMS)


def test_what_is_cached_is_not_fetched_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish()
    fetch(mirror, tmp_path)
    mirror.asked.clear()
    fetch(mirror, tmp_path)
    resolve_binaries("auto", VERSION, tmp_path, mirror.url, silent)
    assert mirror.asked == []


def test_a_version_may_be_written_with_its_v(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish()
    assert resolve_binaries("release", f"v{VERSION}", tmp_path, mirror.url, silent).version == VERSION


@pytest.mark.parametrize("choice", ["release", "auto"])
def test_a_wrong_checksum_is_refused_and_leaves_nothing(mirror: Mirror, tmp_path: Path, choice: str) -> None:
    mirror.publish()
    mirror.files[mirror.path("kubelet")] = b"something else"
    with pytest.raises(ToolError, match="kubelet is not the program that was published") as caught:
        resolve_binaries(choice, VERSION, tmp_path, mirror.url, silent)
    assert caught.value.where == mirror.url + mirror.path("kubelet")
    assert [path for path in tmp_path.rglob("*") if path.suffix != ".lock"] == []


def test_a_checksum_that_is_none_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish()
    mirror.files[mirror.path("kube-apiserver.sha256")] = b"<html>please log in</html>"
    with pytest.raises(ReleaseUnreachableError, match="not a sha256 checksum"):
        fetch(mirror, tmp_path)
    assert mirror.times_asked("kube-apiserver") == 0


def test_a_program_without_any_checksum_is_not_fetched(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish()
    del mirror.files[mirror.path("kube-apiserver.sha256")]
    with pytest.raises(ReleaseUnreachableError, match="no checksum"):
        fetch(mirror, tmp_path)
    assert mirror.times_asked("kube-apiserver") == 0


def test_after_an_interruption_only_the_rest_is_fetched(mirror: Mirror, tmp_path: Path) -> None:
    mirror.publish()
    mirror.cut.add(mirror.path("kubelet"))
    with pytest.raises(ReleaseUnreachableError, match=f"Kubernetes {VERSION} could not be fetched"):
        fetch(mirror, tmp_path)
    assert not (tmp_path / f"kubernetes-{VERSION}-release").exists()
    mirror.cut.clear()
    fetch(mirror, tmp_path)
    assert mirror.times_asked("kube-apiserver") == 1
    assert mirror.times_asked("kubelet") == 2


def test_a_version_that_the_server_lacks_is_said(mirror: Mirror, tmp_path: Path) -> None:
    with pytest.raises(ReleaseUnreachableError, match="no checksum for this program") as caught:
        fetch(mirror, tmp_path)
    assert "version" in caught.value.hint


def test_a_server_that_is_not_there_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ReleaseUnreachableError, match="could not be fetched") as caught:
        resolve_binaries("release", VERSION, tmp_path, "http://127.0.0.1:1", silent)
    assert "--kubernetes distribution" in caught.value.hint
