"""A kubeconfig as YAML that keeps its comments, and the one cluster in it that its current context uses."""

from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from twinkeel.errors import TwinkeelError


class KubeconfigError(TwinkeelError):
    """A kubeconfig that cannot be used; `where` says which."""


@dataclass
class Kubeconfig:
    """The whole document, and the parts of it that its current context uses. Changing `cluster` changes the document."""

    document: Any
    cluster: Any
    user: Any

    def text(self) -> str:
        """The document as YAML; comments and everything that was not changed are kept."""
        stream = StringIO()
        _yaml().dump(self.document, stream)
        return stream.getvalue()


def parse_kubeconfig(text: str, where: str) -> Kubeconfig:
    """Read a kubeconfig.

    Args:
        where: the place to name in errors.

    Raises:
        KubeconfigError: not YAML, not a kubeconfig, or it is not clear which cluster it is about.
    """
    try:
        document = _yaml().load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        raise KubeconfigError(f"the kubeconfig is not YAML: {getattr(error, 'problem', error)}", where=place) from error
    if not isinstance(document, dict) or document.get("kind") != "Config":
        raise KubeconfigError("the file is not a kubeconfig (kind: Config)", where=where)
    context = _context(document, where)
    cluster = _named(document, "clusters", "cluster", context.get("cluster"), where)
    user = _named(document, "users", "user", context.get("user"), where)
    return Kubeconfig(document, cluster, user)


def _context(document: Any, where: str) -> Any:
    current = document.get("current-context")
    if current:
        return _named(document, "contexts", "context", current, where)
    contexts = document.get("contexts") or []
    if len(contexts) != 1:
        hint = f"on that host: kubectl --kubeconfig {where.rpartition(':')[2]} config use-context NAME"
        what = f"the kubeconfig has {len(contexts)} contexts and no current-context: it is not clear which cluster is meant"
        raise KubeconfigError(what, where=where, hint=hint)
    return _named(document, "contexts", "context", contexts[0].get("name"), where)


def _named(document: Any, section: str, key: str, name: object, where: str) -> Any:
    entries = document.get(section) or []
    found = [entry for entry in entries if isinstance(entry, dict) and entry.get("name") == name]
    if len(found) != 1 or not isinstance(found[0].get(key), dict):
        what = "names it more than once" if len(found) > 1 else "has no usable entry of that name"
        raise KubeconfigError(f"the kubeconfig's current context uses the {key} {name!r}, and `{section}` {what}", where=where)
    return found[0][key]


def _yaml() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True
    # Certificates are long lines; folding them would change the file for nothing.
    yaml.width = 1 << 20
    return yaml
