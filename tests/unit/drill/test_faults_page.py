"""docs/faults.md: every scenario of `twinkeel drill`, as the registry says."""

from pathlib import Path

import pytest

from twinkeel.app.explain_code import fault_markdown
from twinkeel.drill.faults.registry import DEFAULT, FAULTS

PAGE = Path(__file__).parents[3] / "docs/faults.md"
HEAD = f"""\
# Scenarios of `twinkeel drill`

What each one breaks, why, and what a good system does then; `twinkeel explain power-loss` prints the same. Without a name
`drill run` plays {", ".join(f"[{name}](#{name})" for name in DEFAULT)}.
A budget is the longest downtime that passes; the spec's `failover.budget` or `--budget` set others.
How downtime is measured: [drills.md](drills.md). What was measured: [benchmarks.md](benchmarks.md).

| scenario | breaks | budget |
|---|---|---|
"""


def test_the_page_is_not_stale(request: pytest.FixtureRequest) -> None:
    rows = "".join(f"| [{fault.id}](#{fault.id}) | {fault.title} | {fault.budget_ms:g} ms |\n" for fault in FAULTS)
    made = HEAD + rows + "".join(f"\n{fault_markdown(fault, level=2)}" for fault in FAULTS)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(made)
    assert PAGE.read_text() == made
