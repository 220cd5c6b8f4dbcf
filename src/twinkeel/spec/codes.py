"""The codes of findings that are about the text or about one value; `twinkeel.spec.rules` has those about several keys.

Those about rendered files are `RENDERED_CODES`.
"""

from dataclasses import dataclass

from twinkeel.vip.daemons import VRRP_DAEMON


@dataclass(frozen=True)
class Code:
    """A code, what it asks for, and why. All are errors."""

    code: str
    title: str
    why: str


CODES = (
    Code("S001", "the file is YAML", "Nothing can be read from text that is not."),
    Code("S002", "lines are indented with spaces", "YAML has no tabs there."),
    Code("S003", "a key is given once", "YAML readers silently take the last one."),
    Code(
        "S004",
        "the file stands for a bounded number of values",
        "Aliases can make billions of values from one kilobyte. No line is longer than 65,536 characters.",
    ),
    Code("S005", "the file holds `key: value` lines", "Anything else is not a spec."),
    Code("S006", "the file is UTF-8", "Other encodings read differently on other machines."),
    Code("S007", "values have no tags, and keys are words", "Tags mean nothing here; templates belong in quotes."),
    Code("S008", "numbers are decimal", "`012` is 10 or 12, and `1:30` is 90 or text, as the program likes."),
    Code("S009", "true and false are written so", "`yes` and `on` are true to some programs and text to others."),
    Code("S010", "every key is known", "A key with a slip in it would silently keep its default."),
    Code("S011", "nothing is missing", "These keys have no default that could be right."),
    Code("S012", "a value is of its key's kind", "Text where a number is meant, or no value at all."),
    Code("S013", "a value is one of the choices", "The reference lists them."),
    Code(
        "S014",
        "addresses and networks are well formed",
        "An address has a prefix length or not, a network has no bits after its prefix.",
    ),
    Code("S015", "names are lower-case DNS names", "Certificates, Kubernetes and /etc/hosts must all take them."),
    Code("S016", "a value is in its range", "The reference has each key's."),
)
"""In the order of their numbers."""

RENDERED_CODES = (
    Code("S090", "the files can be made", f"HAProxy, {VRRP_DAEMON.name} or Linux cannot do what the spec asks for together."),
    Code(
        "S091",
        "the daemons accept raw lines",
        f"HAProxy and {VRRP_DAEMON.name} validate the lines of `extra` themselves, where they are installed.",
    ),
)
"""What `twinkeel check` finds in the rendered files of a spec without errors."""
