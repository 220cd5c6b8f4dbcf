"""A page with plots, as one HTML file that opens without a network."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from twinkeel.report.timeline import Figure
from twinkeel.support.extras import require

_FOLDER = files("twinkeel.report") / "templates"
_ENVIRONMENT = Environment(
    loader=FunctionLoader(lambda name: (_FOLDER / name).read_text(encoding="utf-8")), undefined=StrictUndefined, autoescape=True
)


def render_page(template: str, figures: Mapping[str, Figure], **values: Any) -> str:
    """A template of this package that extends page.html.j2. A figure is drawn in the element of its name.

    Raises:
        ExtraMissingError: Plotly is not installed.
    """
    require("plotly")
    from plotly.offline import get_plotlyjs  # noqa: PLC0415 - with an extra alone

    return _ENVIRONMENT.get_template(template).render(
        **values,
        # `</` would end the script in which these stand.
        figures=Markup(json.dumps(figures).replace("</", "<\\/")),  # noqa: S704 - JSON of ours, with `</` taken apart
        plotly_js=Markup(get_plotlyjs()),  # noqa: S704 - the library's own text
    )
