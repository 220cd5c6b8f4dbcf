"""Filling the templates that lie beside this module. A name that a template does not get is an error, never an empty text."""

from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined

from twinkeel.render.extra_lines import marked
from twinkeel.spec.fields import IPAddress
from twinkeel.support.url_host import url_host

_FOLDER = files("twinkeel.render") / "templates"


def read(name: str) -> str:
    """A template's text, as it lies in the package."""
    return (_FOLDER / name).read_text(encoding="utf-8")


def fill(name: str, **values: object) -> str:
    """A template filled with `values`. Raises jinja2.UndefinedError for a name that is missing."""
    return _ENVIRONMENT.get_template(name).render(**values)


def hexadecimal(address: IPAddress) -> str:
    """An address as one number, as nftables compares raw bytes: 10.0.0.1 -> 0x0a000001."""
    return f"0x{address.packed.hex()}"


def number(value: float) -> str:
    """A number of seconds without a needless `.0`: 1.0 -> 1, 0.1 -> 0.1."""
    return f"{value:g}"


def milliseconds(seconds: float) -> str:
    """Seconds as HAProxy writes a time: 0.5 -> 500ms."""
    return f"{round(seconds * 1000)}ms"


# Nothing that is rendered is HTML, and keep_trailing_newline lets every file end as its template does.
_ENVIRONMENT = Environment(
    loader=FunctionLoader(read),
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
_ENVIRONMENT.filters.update(bracketed=url_host, hexadecimal=hexadecimal, marked=marked, milliseconds=milliseconds, number=number)
