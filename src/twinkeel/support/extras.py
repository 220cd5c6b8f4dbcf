"""Libraries that only some commands need. pip brings each with an extra, so that everybody else's installation stays small."""

from importlib.util import find_spec

from twinkeel.errors import ToolError

EXTRAS = {
    "plotly": "report",
    "pyroute2": "lab",
    "starlette": "serve",
    "uvicorn": "serve",
    "prometheus_client": "serve",
}
"""Module -> the extra of Twinkeel's package that brings it."""


class ExtraMissingError(ToolError):
    """A command needs a library that was not installed."""


def missing_extra(module: str) -> ExtraMissingError:
    """The error for a module of EXTRAS that is not there."""
    name = EXTRAS[module]
    hint = f"in the clone that you installed from: pipx install --force '.[{name}]' (uv tool install --force, pip install)"
    return ExtraMissingError(f"this needs {module}, which is not installed", hint=hint)


def absent(module: str) -> list[str]:
    """A sentence, with what to do, for a module of EXTRAS that is not there; nothing for one that is."""
    if find_spec(module) is not None:
        return []
    error = missing_extra(module)
    return [f"{module} is not installed ({error.hint})"]


def require(module: str) -> None:
    """See that a module of EXTRAS is there.

    Raises:
        ExtraMissingError: it is not.
    """
    if find_spec(module) is None:
        raise missing_extra(module)
