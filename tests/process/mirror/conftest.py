"""A server on the loopback address that stands for the internet, and a small mirror whose registry stands for others'."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from twinkeel.mirror.assemble import Root, assemble
from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.manifest import FileEntry, ImageEntry, Manifest, save
from twinkeel.mirror.serve import Served, serve

IMAGES = ("registry.k8s.io/pause:3.10", "quay.io/calico/node:v3.31")


class Web:
    """Path -> content. `asked` holds path and range of every request; a path in `cut` breaks off after half of it, once."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.asked: list[tuple[str, str]] = []
        self.cut: set[str] = set()
        self.url = ""


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            made.asked.append((self.path, wanted))
            data = made.files.get(self.path)
            if data is None:
                self.send_error(404)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            if self.path in made.cut:
                made.cut.remove(self.path)
                data = data[: len(data) // 2]
            self.wfile.write(data[start:])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def mirror(tmp_path: Path) -> tuple[Path, Manifest]:
    """One file of a megabyte and two images."""
    folder = tmp_path / "small"
    path = folder / "files/dl.k8s.io/kubelet"
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(range(256)) * 4096)
    layout = ImageLayout(folder / "images")
    layout.prepare()
    entries = []
    for name in IMAGES:
        program = tmp_path / "program"
        program.write_text(name * 1000)
        entries.append(ImageEntry(name, assemble(layout, Root({"bin/program": program}), ["/bin/program"], "amd64"), "debian"))
    layout.set_names({entry.name: entry.digest for entry in entries})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    file = FileEntry("kubelet", "files/dl.k8s.io/kubelet", "https://dl.k8s.io/kubelet", 1 << 20, digest, "x", "a", "b", "")
    manifest = Manifest("v2.31.0", "v1.35.4", "amd64", {}, (file,), tuple(entries))
    save(folder, manifest)
    return folder, manifest


class Running:
    """A mirror that is served: addresses of both ports, and what was asked for and is not there."""

    def __init__(self, served: Served, missed: list[str]) -> None:
        self.files = f"http://127.0.0.1:{served.files.server_address[1]}"
        self.registry = f"127.0.0.1:{served.registry.server_address[1]}"
        self.missed = missed


@pytest.fixture
def running(mirror: tuple[Path, Manifest]) -> Iterator[Running]:
    missed: list[str] = []
    served = serve(*mirror, "127.0.0.1", 0, missed.append)
    yield Running(served, missed)
    served.stop()
