"""The value that rendering makes: files, before they are anywhere."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RenderedFile:
    """One file. `path` is absolute on a host, or relative below kubespray/. Content ends in a newline."""

    path: str
    content: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"


@dataclass(frozen=True)
class RenderedFiles:
    """Every file of the system: by load balancer's short name, and for Kubespray. Sorted by path."""

    hosts: Mapping[str, tuple[RenderedFile, ...]]
    kubespray: tuple[RenderedFile, ...]
