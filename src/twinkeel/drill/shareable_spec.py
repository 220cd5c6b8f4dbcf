"""The spec as a report may show it: without what the user wrote in another program's language, which may hold a password."""

from collections.abc import MutableMapping
from io import StringIO

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

# Raw lines of daemons, Kubespray's variables, and commands that switch machines (a BMC's password stands in them).
PRIVATE = (("haproxy", "extra"), ("keepalived", "extra"), ("kubernetes", "variables"), ("power",))
LEFT_OUT = "(not shown: may hold secrets)"


def shareable_spec(text: str) -> str:
    """The spec's text with the values of PRIVATE left out; comments inside them go with them. Empty when it is not YAML."""
    yaml = YAML()
    yaml.width = 1 << 20
    try:
        document = yaml.load(text)
    except YAMLError:
        return ""
    for *parents, last in PRIVATE:
        place = document
        for key in parents:
            place = place.get(key) if isinstance(place, MutableMapping) else None
        if isinstance(place, MutableMapping) and last in place:
            place[last] = LEFT_OUT
    written = StringIO()
    yaml.dump(document, written)
    return written.getvalue()
