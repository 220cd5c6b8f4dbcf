"""Serving a mirror: files and packages over HTTP on one port, images on the next, as a registry that can only be read.

The registry speaks the pull half of the OCI distribution specification: /v2/, manifests by tag or digest, blobs, lists of tags.
What it serves is the image layout as it lies on disk; nothing can be put into it.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import AF_INET6
from typing import Any
from urllib.parse import unquote, urlsplit

from twinkeel.errors import ToolError
from twinkeel.mirror.image_layout import ImageLayout
from twinkeel.mirror.manifest import APT, IMAGES, Manifest
from twinkeel.mirror.variables import image_path
from twinkeel.support.url_host import url_host

# Told of every request for something that is not here.
OnMissing = Callable[[str], None]

_RANGE = re.compile(r"bytes=(\d+)-(\d*)$")
_MANIFEST = re.compile(r"/v2/(?P<name>.+)/manifests/(?P<reference>[^/]+)$")
_BLOB = re.compile(r"/v2/(?P<name>.+)/blobs/(?P<digest>sha256:[0-9a-f]{64})$")
_TAGS = re.compile(r"/v2/(?P<name>.+)/tags/list$")


@dataclass(frozen=True)
class Served:
    """A mirror that is being served. `stop` ends it."""

    files: ThreadingHTTPServer
    registry: ThreadingHTTPServer

    def stop(self) -> None:
        """Take no more requests, and close both ports."""
        for server in (self.files, self.registry):
            server.shutdown()
            server.server_close()


def serve(folder: Path, manifest: Manifest, address: str, port: int, on_missing: OnMissing) -> Served:
    """Serve until `stop` is called. Returns when both ports take connections.

    Raises:
        ToolError: a port cannot be had.
    """
    files = _listen(address, port, _file_handler(folder, manifest, on_missing))
    try:
        registry = _listen(address, port + 1 if port else 0, _registry_handler(ImageLayout(folder / IMAGES), manifest, on_missing))
    except ToolError:
        files.server_close()
        raise
    for server in (files, registry):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    return Served(files, registry)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that goes away is no news."""


class _Server6(_Server):
    address_family = AF_INET6


def _listen(address: str, port: int, handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    kind = _Server6 if ":" in address else _Server
    try:
        return kind((address, port), handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ToolError(
            f"cannot listen: {reason}", where=f"{url_host(address)}:{port}", hint="another --port or --address"
        ) from error


class _Handler(BaseHTTPRequestHandler):
    """What both have in common: GET and HEAD, connections that stay open, parts of files."""

    protocol_version = "HTTP/1.1"
    server_version = "twinkeel-mirror"
    timeout = 120

    def log_message(self, *_: object) -> None:
        """Requests that succeed are not told."""

    def do_GET(self) -> None:
        with suppress(ConnectionError, TimeoutError):
            self.answer(unquote(urlsplit(self.path).path))

    def do_HEAD(self) -> None:
        self.do_GET()

    def answer(self, path: str) -> None:
        """Answer a request for a path."""
        raise NotImplementedError

    def send_bytes(
        self, data: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
    ) -> None:
        """A small answer."""
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def send_path(self, path: Path, kind: str, headers: Mapping[str, str] | None = None) -> None:
        """A file, or the part of it that is asked for."""
        with path.open("rb") as file:
            size = path.stat().st_size
            start, end = self._part(size)
            if start > end and size:
                self.send_bytes(b"", kind, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{size}"})
                return
            partial = (start, end) != (0, size - 1)
            self.send_response(HTTPStatus.PARTIAL_CONTENT if partial else HTTPStatus.OK)
            if partial:
                self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
            for name, value in {
                "Content-Type": kind,
                "Content-Length": str(end - start + 1),
                "Accept-Ranges": "bytes",
                **(headers or {}),
            }.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.flush()
                self.connection.settimeout(self.timeout)
                self.connection.sendfile(file, start, end - start + 1)

    def _part(self, size: int) -> tuple[int, int]:
        """First and last byte. A range of another shape is ignored, as the standard allows."""
        match = _RANGE.match(self.headers.get("Range", ""))
        if not match:
            return 0, size - 1
        return int(match[1]), min(int(match[2]), size - 1) if match[2] else size - 1


def _file_handler(folder: Path, manifest: Manifest, on_missing: OnMissing) -> type[BaseHTTPRequestHandler]:
    known = {f"/{entry.path}" for entry in manifest.downloads} | {f"/{APT}/Packages", f"/{APT}/Release"}

    class FileHandler(_Handler):
        def answer(self, path: str) -> None:
            # apt writes a flat repository's folder into the path: /apt/./Packages.
            path = path.replace("/./", "/")
            if path == "/":
                text = "".join(f"{name}\n" for name in sorted(known))
                self.send_bytes(text.encode(), "text/plain; charset=utf-8")
            elif path in known and (folder / path[1:]).is_file():
                self.send_path(folder / path[1:], "application/octet-stream")
            else:
                # apt asks for a signed index and translations, and does without them.
                if not path.startswith(f"/{APT}/"):
                    on_missing(path)
                self.send_bytes(b"not in this mirror\n", "text/plain", HTTPStatus.NOT_FOUND)

    return FileHandler


def _registry_handler(layout: ImageLayout, manifest: Manifest, on_missing: OnMissing) -> type[BaseHTTPRequestHandler]:
    names = {entry.name: entry.digest for entry in manifest.images}
    references = registry_names(names)
    blobs = {digest: {part for part, _ in layout.parts(digest)} | {digest} for digest in names.values() if layout.has(digest)}

    class RegistryHandler(_Handler):
        def answer(self, path: str) -> None:
            if path in ("/v2/", "/v2"):
                self._json({})
            elif path == "/v2/_catalog":
                self._json({"repositories": sorted({name for name, _ in references})})
            elif match := _MANIFEST.match(path):
                self._manifest(match["name"], match["reference"])
            elif match := _BLOB.match(path):
                self._blob(match["name"], match["digest"])
            elif match := _TAGS.match(path):
                tags = sorted(tag for name, tag in references if name == match["name"])
                self._json({"name": match["name"], "tags": tags}) if tags else self._unknown("NAME_UNKNOWN", path)
            else:
                self._unknown("UNSUPPORTED", path)

        def _manifest(self, name: str, reference: str) -> None:
            digest = reference if reference.startswith("sha256:") else references.get((name, reference), "")
            if digest not in self._parts(name) or not layout.has(digest):
                self._unknown("MANIFEST_UNKNOWN", f"image {name}:{reference}")
                return
            self.send_bytes(layout.path(digest).read_bytes(), layout.media_type(digest), headers={"Docker-Content-Digest": digest})

        def _blob(self, name: str, digest: str) -> None:
            if digest not in self._parts(name) or not layout.has(digest):
                self._unknown("BLOB_UNKNOWN", f"{name}@{digest}")
                return
            self.send_path(layout.path(digest), "application/octet-stream", {"Docker-Content-Digest": digest})

        def _parts(self, name: str) -> set[str]:
            return {part for (own, _), digest in references.items() if own == name for part in blobs.get(digest, ())}

        def _unknown(self, code: str, what: str) -> None:
            on_missing(what)
            answer = {"errors": [{"code": code, "message": "not in this mirror", "detail": what}]}
            self._json(answer, HTTPStatus.NOT_FOUND)

        def _json(self, value: Mapping[str, Any], status: HTTPStatus = HTTPStatus.OK) -> None:
            headers = {"Docker-Distribution-API-Version": "registry/2.0"}
            self.send_bytes(json.dumps(value).encode(), "application/json", status, headers)

    return RegistryHandler


def registry_names(images: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """(name, tag or digest) in the mirror's registry -> the manifest's digest, from image name -> digest."""
    found: dict[tuple[str, str], str] = {}
    for name, digest in images.items():
        path, at, wanted = image_path(name).partition("@")
        if at:
            found[(path, wanted)] = digest
        else:
            repo, _, tag = path.rpartition(":")
            found[(repo, tag)] = digest
    return found
