"""Finding one's way in the model: which keys may stand at a path, and what the field at a path asks for."""

from collections.abc import Iterator
from functools import cache
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from twinkeel.spec.document import Key
from twinkeel.spec.model import ClusterSpec


class Step(NamedTuple):
    """One part of a path: what holds it, and its field when that is a model."""

    holder: Literal["model", "dict", "list", "nothing"]
    field: FieldInfo | None = None

    @property
    def required(self) -> bool:
        """Whether what holds it cannot be without it."""
        return self.holder == "nothing" or (self.field is not None and self.field.is_required())


def steps(path: Key) -> list[Step]:
    """What each part of a path is. A part that the model does not know is in `nothing`."""
    found: list[Step] = []
    annotation: Any = ClusterSpec
    for part in path:
        step, annotation = _step(annotation, part)
        found.append(step)
    return found


def known_keys(path: Key) -> tuple[str, ...]:
    """The keys that the model knows in the group at `path`, as they are written in the file."""
    annotation: Any = ClusterSpec
    for part in path:
        annotation = _step(annotation, part)[1]
    model = _model(annotation)
    return tuple(_fields(model)) if model is not None else ()


def bounds(field: FieldInfo) -> tuple[float | None, float | None]:
    """The least and the largest number that a field takes; None where there is no limit."""
    least: float | None = None
    most: float | None = None
    limits: tuple[Any, ...] = (*field.metadata, *_metadata(field.annotation))
    for limit in limits:
        if isinstance(limit, Ge):
            least = float(str(limit.ge))
        elif isinstance(limit, Le):
            most = float(str(limit.le))
    return least, most


def plain_kinds(annotation: object) -> set[object]:
    """The types and literal values that an annotation is made of."""
    inner = get_args(annotation)
    return {annotation} if not inner else {kind for part in inner for kind in plain_kinds(part)}


def _step(annotation: Any, part: str | int) -> tuple[Step, Any]:
    model = _model(annotation)
    if model is not None:
        field = _fields(model).get(str(part))
        return (Step("model", field), field.annotation) if field is not None else (Step("nothing"), None)
    for kind in _kinds(annotation):
        if get_origin(kind) is dict:
            return Step("dict"), get_args(kind)[1]
        if get_origin(kind) is list:
            return Step("list"), get_args(kind)[0]
    return Step("nothing"), None


@cache
def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _model(annotation: Any) -> type[BaseModel] | None:
    return next((kind for kind in _kinds(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def _kinds(annotation: Any) -> Iterator[Any]:
    """The types that a value may have, without `None` and without annotations: `Power | None` gives Power."""
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif get_origin(annotation) in (dict, list, Literal) or not get_args(annotation):
        if annotation is not NoneType:
            yield annotation
    else:
        for inner in get_args(annotation):
            yield from _kinds(inner)


def _metadata(annotation: Any) -> Iterator[Any]:
    if get_origin(annotation) is Annotated:
        for item in get_args(annotation)[1:]:
            yield from item.metadata if isinstance(item, FieldInfo) else (item,)
    elif get_origin(annotation) not in (dict, list, Literal):
        for inner in get_args(annotation):
            yield from _metadata(inner)
