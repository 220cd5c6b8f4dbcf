#!/usr/bin/env bash
# prometheus_client's parser gives counters another name than the text has.
#
# `# TYPE failovers counter` and `failovers 3` is valid in the text format 0.0.4, and Prometheus stores `failovers`. The text parser of
# prometheus_client 0.26.0 reads it by OpenMetrics' rule that a counter ends with _total: the family is `failovers` and its sample
# `failovers_total`, which the page does not have. A test that looks for the name of the page finds nothing; a proxy that reads pages and
# writes them again renames series. A counter that does end with _total loses that in the family's name, and keeps it in the sample's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q prometheus-client==0.26.0 2> /dev/null
cat > "$folder/read.py" <<'PROGRAM'
from importlib.metadata import version

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

print("prometheus-client", version("prometheus-client"))
for kind, line, family, sample in (
    ("counter", "failovers 3", "failovers", "failovers_total"),
    ("counter", "failovers_total 3", "failovers", "failovers_total"),
    ("gauge", "failovers 3", "failovers", "failovers"),
):
    page = f"# HELP {line.split()[0]} Told.\n# TYPE {line.split()[0]} {kind}\n{line}\n"
    (read,) = text_string_to_metric_families(page)
    registry = CollectorRegistry()
    registry.register(type("Page", (), {"collect": lambda self, read=read: [read]})())
    written = generate_latest(registry).decode().splitlines()[-1]
    print(f"{kind} `{line}`: family {read.name}, sample {read.samples[0].name}, written again `{written}`")
    assert (read.name, read.samples[0].name) == (family, sample)
    assert written == f"{sample} 3.0"
PROGRAM
"$folder/venv/bin/python" "$folder/read.py"
