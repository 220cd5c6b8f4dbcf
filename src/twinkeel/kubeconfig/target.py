"""Which of the user's kubeconfig files a context is put into: the one that kubectl would change."""

import os
from collections.abc import Mapping
from pathlib import Path

from twinkeel.kubeconfig.document import KubeconfigError
from twinkeel.kubeconfig.merge import current_context, has_names_of


def choose_target(context: str, environment: Mapping[str, str], home: Path) -> Path:
    """The file to merge into.

    As kubectl does it: the file of KUBECONFIG that has the context, its cluster or its user; else the first one that exists; else
    the last one.
    Without KUBECONFIG: HOME/.kube/config.

    Raises:
        KubeconfigError: a file of the list is not a kubeconfig.
    """
    listed = _listed(environment)
    if not listed:
        return home / ".kube" / "config"
    existing = [path for path in listed if path.is_file()]
    for path in existing:
        if has_names_of(read_text(path), context, str(path)):
            return path
    return existing[0] if existing else listed[-1]


def has_current_context(environment: Mapping[str, str], but: Path) -> bool:
    """Whether a file of KUBECONFIG other than `but` names a current context: kubectl uses the first one that is named."""
    others = (path for path in _listed(environment) if path != but and path.is_file())
    return any(current_context(read_text(path), str(path)) for path in others)


def _listed(environment: Mapping[str, str]) -> list[Path]:
    return [Path(item).expanduser() for item in environment.get("KUBECONFIG", "").split(os.pathsep) if item]


def read_text(path: Path) -> str:
    """A kubeconfig's text; empty when there is no such file. Raises KubeconfigError when it is not text."""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise KubeconfigError("the kubeconfig is not UTF-8 text", where=str(path), hint="choose another file") from error
