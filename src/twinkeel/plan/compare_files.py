"""Rendered files against those on a host: what differs, in words and as a diff without secrets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import unified_diff

from twinkeel.observe.host_state import FoundFile
from twinkeel.plan.model import FileChange
from twinkeel.render.files import RenderedFile

Mask = Callable[[str], str]

REMOVED = "no longer rendered: apply removes it"
LEFT_OVER = "it says that Twinkeel wrote it, but no apply of this cluster knows it: apply lets it lie"


def compare_files(wanted: Sequence[RenderedFile], found: Mapping[str, FoundFile | None], mask: Mask) -> Iterator[FileChange]:
    """A change for each wanted file that is missing, or differs in content, kind, mode or owner."""
    for file in wanted:
        change = _compare(file, found.get(file.path), mask)
        if change is not None:
            yield change


def no_longer_wanted(live: Sequence[str], ours: Sequence[str], wanted: Sequence[RenderedFile]) -> Iterator[FileChange]:
    """A change for each file of ours that is wanted no longer: those that apply removes first, then those that it leaves."""
    paths = {file.path for file in wanted}
    for path in live:
        if path not in paths:
            yield FileChange(path, "removed", REMOVED, "")
    for path in ours:
        if path not in paths and path not in live:
            yield FileChange(path, "left over", LEFT_OVER, "")


def _compare(file: RenderedFile, found: FoundFile | None, mask: Mask) -> FileChange | None:
    if found is None:
        return FileChange(file.path, "new", f"new, {_attributes(file)}", _diff(file.path, "", file.content, mask))
    if found.kind != "file":
        what = "a symbolic link" if found.kind == "link" else "no regular file"
        return FileChange(file.path, "content", f"is {what}: becomes a file", _diff(file.path, "", file.content, mask))
    attributes = ", ".join(_attribute_changes(file, found))
    if found.content != file.content.encode():
        before = found.content.decode(errors="replace")
        detail = "content" + (f", {attributes}" if attributes else "")
        return FileChange(file.path, "content", detail, _diff(file.path, before, file.content, mask))
    return FileChange(file.path, "attributes", attributes, "") if attributes else None


def _attribute_changes(file: RenderedFile, found: FoundFile) -> Iterator[str]:
    if found.mode != file.mode:
        yield f"mode {found.mode:04o} -> {file.mode:04o}"
    if (found.owner, found.group) != (file.owner, file.group):
        yield f"owner {found.owner}:{found.group} -> {file.owner}:{file.group}"


def _attributes(file: RenderedFile) -> str:
    return f"mode {file.mode:04o}, owner {file.owner}:{file.group}"


def _diff(path: str, before: str, after: str, mask: Mask) -> str:
    old, new = (_lines(mask(text)) for text in (before, after))
    origin = path if before else "/dev/null"
    lines = list(unified_diff(old, new, origin, path))
    if not lines:
        # Bytes that are no UTF-8, or line ends: the text looks alike and is not.
        return "(the bytes differ where the text looks alike)\n"
    return "".join(lines)


def _lines(text: str) -> list[str]:
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ No newline at end of file\n"
    return lines
