"""Put one cluster into a kubeconfig that has others, and change nothing else in it."""

from collections.abc import Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.util import load_yaml_guess_indent

from twinkeel.errors import UsageError
from twinkeel.kubeconfig.document import Kubeconfig, KubeconfigError

OURS = "twinkeel"
"""The name of the extension that marks our contexts; its value holds the spec's name of the cluster."""

_SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}


def merge_kubeconfig(
    existing: str, where: str, ours: Kubeconfig, context: str, cluster: str, *, force: bool = False, has_current: bool = False
) -> str:
    """The text of `existing` with one more context, or with that context renewed. Its cluster is named alike, its user NAME-admin.

    kubeadm names everything `kubernetes` or `cluster.local`: two clusters would meet under one name, so ours get names of
    their own. The current context is set only when there is none. Renewing our own context changes only what we set: a namespace,
    a proxy or a TLS server name that the user added stay.

    Args:
        existing: a kubeconfig, or nothing. Comments, order, odd keys, relative paths and other contexts stay as they are.
        ours: where cluster and user come from.
        context: the name of the new context.
        cluster: the spec's name of the cluster, for the mark.
        force: also take names that somebody else's entries have.
        has_current: whether another file of KUBECONFIG already names a current context.

    Raises:
        KubeconfigError: `existing` is not a kubeconfig.
        UsageError: an entry of that name is not ours.
    """
    document, yaml = _read(existing, where)
    # A file of comments alone has no document that could hold them.
    comments = existing if existing.strip() and not document else ""
    if not document:
        document = CommentedMap({"apiVersion": "v1", "kind": "Config"})
    names = _names(context)
    if not force:
        _refuse_foreign(document, names, cluster, where)
    mark = {"name": OURS, "extension": {"cluster": cluster}}
    values: Mapping[str, Any] = {
        "clusters": _plain(ours.cluster),
        "users": _plain(ours.user),
        "contexts": {"cluster": context, "user": names["users"], "extensions": [mark]},
    }
    known = _entry(document, "contexts", context)
    renewed = known is not None and _is_ours(known, cluster)
    for section, key in _SECTIONS.items():
        _put(document, section, names[section], key, values[section], renewed=renewed)
    if not document.get("current-context") and not has_current:
        document["current-context"] = context
    stream = StringIO()
    yaml.dump(document, stream)
    return comments + stream.getvalue()


def has_context(text: str, context: str, where: str) -> bool:
    """Whether a kubeconfig has a context of that name. Raises KubeconfigError when it is not a kubeconfig."""
    return _entry(_read(text, where)[0], "contexts", context) is not None


def has_names_of(text: str, context: str, where: str) -> bool:
    """Whether a kubeconfig has our context, its cluster or its user by name: kubectl takes each from the first file with it."""
    document = _read(text, where)[0]
    return any(_entry(document, section, name) is not None for section, name in _names(context).items())


def current_context(text: str, where: str) -> str:
    """The current context of a kubeconfig, or nothing. Raises KubeconfigError when it is not a kubeconfig."""
    return str(_read(text, where)[0].get("current-context") or "")


def _names(context: str) -> Mapping[str, str]:
    return {"clusters": context, "users": f"{context}-admin", "contexts": context}


def _read(text: str, where: str) -> tuple[Any, YAML]:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    try:
        document = yaml.load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}:{mark.column + 1}" if mark else where
        hint = "correct it, or write a file of its own: twinkeel kubeconfig without --merge"
        raise KubeconfigError(f"the kubeconfig is not YAML: {getattr(error, 'problem', error)}", where=place, hint=hint) from error
    if document is None:
        return CommentedMap(), yaml
    # kubectl accepts a file without `kind`.
    if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
        raise KubeconfigError("the file is not a kubeconfig (kind: Config)", where=where, hint="choose another file with --output")
    for section in _SECTIONS:
        if not isinstance(document.get(section) or [], list):
            raise KubeconfigError(f"`{section}` of the kubeconfig is not a list", where=where, hint="correct it first")
    # Lists that are written deeper than their keys stay so.
    _, sequence, offset = load_yaml_guess_indent(text, yaml=YAML())
    if offset:
        yaml.indent(mapping=2, sequence=max(sequence or 0, offset + 2), offset=offset)
    return document, yaml


def _refuse_foreign(document: Any, names: Mapping[str, str], cluster: str, where: str) -> None:
    context = _entry(document, "contexts", names["contexts"])
    if context is not None and _is_ours(context, cluster):
        return
    for section, name in names.items():
        if _entry(document, section, name) is not None:
            hint = "choose another name with --context, or replace it with --force (the old file is kept as .bak)"
            raise UsageError(f"`{section}` has an entry {name!r} that twinkeel did not write for {cluster}", where=where, hint=hint)


def _is_ours(entry: Any, cluster: str) -> bool:
    value = entry.get("context")
    marks = (value.get("extensions") if isinstance(value, dict) else None) or []
    return any(
        isinstance(mark, dict) and mark.get("name") == OURS and mark.get("extension") == {"cluster": cluster} for mark in marks
    )


def _entry(document: Any, section: str, name: str) -> Any:
    entries = document.get(section) or []
    return next((entry for entry in entries if isinstance(entry, dict) and entry.get("name") == name), None)


def _put(document: Any, section: str, name: str, key: str, value: Any, *, renewed: bool) -> None:
    entry = _entry(document, section, name)
    if entry is None:
        if not document.get(section):
            document[section] = []
        document[section].append({"name": name, key: value})
    elif renewed and section != "users" and isinstance(entry.get(key), dict):
        # Our mark is there already, perhaps beside others' extensions. A user is replaced whole: old credentials must not stay.
        changed = {part: new for part, new in value.items() if part != "extensions" and _plain(entry[key].get(part)) != new}
        entry[key].update(changed)
    elif _plain(entry.get(key)) != value:
        entry[key] = value


def _plain(value: Any) -> Any:
    """A copy without another document's comments and anchors, which would be written again in the wrong place."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
