"""The official Kubernetes programs, fetched by version; nothing is kept whose checksum is not the published one."""

import hashlib
import re
import shutil
from pathlib import Path

import httpx2

from twinkeel.debian.progress import Progress, within
from twinkeel.errors import ToolError
from twinkeel.lab.kubernetes.programs import PROGRAMS, machine_architecture

# https://kubernetes.io/docs/setup/release/ : every program stands at <server>/v<version>/bin/linux/<architecture>/<name>.
OFFICIAL_SERVER = "https://dl.k8s.io"
# A machine without the internet must learn so fast: `auto` then builds from the distribution's source.
TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
CHECKSUMS = (("sha256", 64), ("sha512", 128))
CHUNK = 1 << 20


class ReleaseUnreachableError(ToolError):
    """The server could not be reached, or does not have what was asked. Another source may be tried."""


def fetch_release(version: str, server: str, folder: Path, progress: Progress) -> Path:
    """Every program of one version, in `folder`; those already there with the right checksum are kept.

    Raises:
        ReleaseUnreachableError: no connection, or the server answered with an error.
        ToolError: a program does not match its checksum (the whole folder is removed), or this machine's architecture is unknown.
    """
    base = f"{server.rstrip('/')}/v{version}/bin/linux/{machine_architecture()}"
    with httpx2.Client(timeout=TIMEOUT, follow_redirects=True) as client:
        for number, name in enumerate(PROGRAMS):
            part = within(progress, number / len(PROGRAMS), (number + 1) / len(PROGRAMS))
            try:
                _fetch_program(client, f"{base}/{name}", folder / name, part)
            except httpx2.HTTPError as error:
                raise ReleaseUnreachableError(
                    f"Kubernetes {version} could not be fetched", where=f"{base}/{name}", hint=_why(error)
                ) from error
    return folder


def _why(error: httpx2.HTTPError) -> str:
    if isinstance(error, httpx2.HTTPStatusError):
        return f"the server answered {error.response.status_code}: is the version right, or TWINKEEL_KUBERNETES_MIRROR?"
    return f"{str(error) or type(error).__name__}; without the internet use --kubernetes distribution or --kubernetes DIR"


def _fetch_program(client: httpx2.Client, url: str, path: Path, progress: Progress) -> None:
    algorithm, wanted = _published_checksum(client, url)
    progress(f"fetch {path.name}", 0.0)
    if path.exists() and _checksum(path, algorithm) == wanted:
        return
    found = _download(client, url, path, algorithm, progress)
    if found != wanted:
        shutil.rmtree(path.parent)  # nothing of such a server is kept, not even what matched
        raise ToolError(
            f"{path.name} is not the program that was published: its {algorithm} is {found}",
            where=url,
            hint=f"the published {algorithm} is {wanted}; do not use this server or mirror",
        )
    path.chmod(0o755)


def _published_checksum(client: httpx2.Client, url: str) -> tuple[str, str]:
    """The algorithm and the checksum in lower-case hexadecimal digits: the first that the server has."""
    for algorithm, digits in CHECKSUMS:
        answer = client.get(f"{url}.{algorithm}")
        if answer.status_code == httpx2.codes.NOT_FOUND:
            continue
        answer.raise_for_status()
        found = re.match(rf"\s*([0-9a-fA-F]{{{digits}}})(\s|$)", answer.text)
        if not found:
            # A login page or the like: this is no release server at all.
            raise ReleaseUnreachableError(
                f"not a {algorithm} checksum", where=f"{url}.{algorithm}", hint="do not use this server or mirror"
            )
        return algorithm, found.group(1).lower()
    raise ReleaseUnreachableError("the server has no checksum for this program", where=url, hint="is the version right?")


def _download(client: httpx2.Client, url: str, path: Path, algorithm: str, progress: Progress) -> str:
    """Stream the program to `path`; returns its checksum."""
    digest = hashlib.new(algorithm)
    with client.stream("GET", url) as answer, path.open("wb") as file:
        answer.raise_for_status()
        size = int(answer.headers.get("content-length", 0))
        for chunk in answer.iter_bytes(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            if size:
                progress(f"fetch {path.name}", min(answer.num_bytes_downloaded / size, 1.0))
    return digest.hexdigest()


def _checksum(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
