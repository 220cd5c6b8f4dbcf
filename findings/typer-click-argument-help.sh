#!/usr/bin/env bash
# Typer 0.25.1 beside Click 8.5.1: `--help` no longer says a word about arguments; options keep their help. Click 8.4.2 shows both.
# Typer sets `help` on an argument before it calls Click's constructor, and since 8.5.0 that one sets the same attribute to None.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/greet.py" <<'PYTHON'
from typing import Annotated

import typer


def greet(
    name: Annotated[str, typer.Argument(help="Whom to greet.")],
    times: Annotated[int, typer.Option(help="How often.")] = 1,
) -> None:
    print(name * times)


typer.run(greet)
PYTHON
for click in 8.4.2 8.5.1; do
  python3 -m venv "$folder/$click"
  "$folder/$click/bin/pip" install -q --disable-pip-version-check typer==0.25.1 "click==$click" 2> /dev/null
  "$folder/$click/bin/python" "$folder/greet.py" --help > "$folder/$click.txt"
  echo "typer 0.25.1, click $click:"
  grep -E "NAME|name|times" "$folder/$click.txt"
done
grep -q "Whom to greet" "$folder/8.4.2.txt" || { echo "8.4.2: the argument's help is missing"; exit 1; }
grep -q "How often" "$folder/8.5.1.txt" || { echo "8.5.1: the option's help is missing"; exit 1; }
if grep -q "Whom to greet" "$folder/8.5.1.txt"; then echo "8.5.1 shows the argument's help: changed"; exit 1; fi
