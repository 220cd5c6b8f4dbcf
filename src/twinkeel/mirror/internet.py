"""Files from the internet, or from a server that stands for a part of it. A download that broke off goes on where it stopped."""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

TIMEOUT = httpx2.Timeout(60.0, connect=10.0)

# How much of a file is here, from 0 to 1.
OnPart = Callable[[float], None]


class Internet:
    """One client for all downloads. A server that cannot be reached is not asked again.

    Args:
        replace: beginning of an address -> what is put in its place, as https://dl.k8s.io -> http://127.0.0.1:8000.
    """

    def __init__(self, replace: Mapping[str, str]) -> None:
        self.replace = replace
        self.unreachable: dict[str, str] = {}
        self.client = httpx2.Client(timeout=TIMEOUT, follow_redirects=True)

    def address(self, url: str) -> str:
        """The address that is asked: the longest beginning that is to be replaced counts."""
        for start in sorted(self.replace, key=len, reverse=True):
            if url == start or url.startswith((f"{start}/", f"{start}:")):
                return self.replace[start] + url.removeprefix(start)
        return url

    def fetch(self, url: str, part: Path, on_part: OnPart) -> str:
        """Bring the file to `part`, which may hold its beginning; why it could not be had, or nothing."""
        address = self.address(url)
        server = urlsplit(address).netloc
        if server in self.unreachable:
            return self.unreachable[server]
        try:
            self._stream(address, part, on_part)
        except httpx2.HTTPStatusError as error:
            return f"{address} answers {error.response.status_code}"
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            self.unreachable[server] = f"{server} cannot be reached ({str(error) or type(error).__name__})"
            return self.unreachable[server]
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            return f"{address}: {str(error) or type(error).__name__}"
        return ""

    def close(self) -> None:
        """End all connections."""
        self.client.close()

    def _stream(self, address: str, part: Path, on_part: OnPart) -> None:
        have = part.stat().st_size if part.exists() else 0
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with self.client.stream("GET", address, headers=headers) as answer:
            if answer.status_code == httpx2.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return  # The whole of it is here: the checksum tells.
            answer.raise_for_status()
            if answer.status_code != httpx2.codes.PARTIAL_CONTENT:
                have = 0
            size = have + int(answer.headers.get("content-length", 0))
            with part.open("ab" if have else "wb") as file:
                for chunk in answer.iter_raw():
                    file.write(chunk)
                    have += len(chunk)
                    on_part(min(have / size, 1.0) if size else 0.0)
