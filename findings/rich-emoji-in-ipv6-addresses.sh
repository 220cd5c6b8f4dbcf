#!/usr/bin/env bash
# Rich turns parts of IPv6 addresses into pictures, also where markup is off.
#
# Rich reads `:name:` as the name of an emoji, and has some that are hexadecimal digits: a, b, ab, abc, cd, bee, 100. So `fd00:a:b::1` loses two
# colons and a group. One guesses that `markup=False`, or `rich.markup.escape`, prints a text as it is: both leave emoji on. Only `emoji=False`
# (of the call or of the Console) or a `Text` does. Tests with 2001:db8::1 never see it. With markup on a bracket that begins with a letter
# goes altogether: `[fd00::1]:6443` is taken for a tag, `[2001:db8::1]:6443` is not.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q rich==15.0.0 2> /dev/null
cat > "$folder/print.py" <<'PROGRAM'
import io
from importlib.metadata import version

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text


def printed(what, console=None, **options):
    page = io.StringIO()
    (console or Console)(file=page, width=60, **options.pop("of_console", {})).print(what, **options)
    return page.getvalue().strip()


def cell(text):
    table = Table(box=None, show_header=False)
    table.add_row(text)
    return table


print("rich", version("rich"))
ADDRESS = "fd00:a:b::1"
ways = {
    "as it is": printed(ADDRESS),
    "markup=False": printed(ADDRESS, markup=False),
    "Console(markup=False)": printed(ADDRESS, of_console={"markup": False}),
    "escape()": printed(escape(ADDRESS)),
    "a table's cell": printed(cell(ADDRESS)),
    "emoji=False": printed(ADDRESS, emoji=False),
    "Text()": printed(Text(ADDRESS)),
}
for way, seen in ways.items():
    print(f"{way}: {seen}")
eaten = {"as it is", "markup=False", "Console(markup=False)", "escape()", "a table's cell"}
assert {way for way, seen in ways.items() if seen != ADDRESS} == eaten
for address in ("fd00:100::1", "2001:db8:ab:cd:1::2"):
    print(f"{address}, markup=False: {printed(address, markup=False)}")
    assert printed(address, markup=False) != address
for address, seen in {"https://[fd00::1]:6443": "https://:6443", "https://[2001:db8::1]:6443": "https://[2001:db8::1]:6443"}.items():
    print(f"{address}: {printed(address)}")
    assert printed(address) == seen
PROGRAM
"$folder/venv/bin/python" "$folder/print.py"
