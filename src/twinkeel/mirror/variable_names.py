"""Which variables of a release hold the address and the checksum of each download."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from twinkeel.errors import ToolError

_FIRST_NAME = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*(?:[|}]|-}|if\b)")


@dataclass(frozen=True)
class VariableNames:
    """The names for one download, like kubelet_download_url and kubelet_binary_checksum; empty when there is no such variable.

    `checksum_prefix` is what stands before a checksum's digits there: newer releases say `sha256:`.
    """

    url: str
    checksum: str
    checksum_prefix: str


def read_variable_names(checkout: Path) -> Mapping[str, VariableNames]:
    """For every entry of the release's `downloads`.

    Raises:
        ToolError: the release has no such table.
    """
    for path in sorted((checkout / "roles").glob("*/defaults/**/*.y*ml")):
        text = path.read_text(encoding="utf-8")
        if not re.search(r"^downloads:", text, re.MULTILINE):
            continue
        try:
            table = YAML(typ="safe").load(text)["downloads"]
        except YAMLError as error:
            raise ToolError("the release's table of downloads cannot be read", where=str(path), hint="fetch it again") from error
        return {name: _names(entry) for name, entry in table.items()}
    raise ToolError("the release has no table of downloads", where=str(checkout / "roles"), hint="is it Kubespray?")


def _names(entry: Mapping[str, object]) -> VariableNames:
    key = "checksum" if "checksum" in entry else "sha256"
    found = (_FIRST_NAME.search(str(entry.get(name, ""))) for name in ("url", key))
    url, checksum = (match.group(1) if match else "" for match in found)
    return VariableNames(url, checksum, "sha256:" if key == "checksum" else "")
