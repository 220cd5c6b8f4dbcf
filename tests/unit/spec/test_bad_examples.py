"""Each file of `bad` holds one mistake, and says with which code `check` refuses it."""

import re
from pathlib import Path

import pytest

from twinkeel.source import SourceFile
from twinkeel.spec.load import load

BAD = sorted(Path(__file__).with_name("bad").glob("*.yaml"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_check_refuses_it_for_the_reason_that_it_names(path: Path) -> None:
    text = path.read_text()
    expected = re.match(r"# expect: (S\d{3})\n# schema: (refuses|cannot see)\n# .+\n", text)
    assert expected, "begin with `# expect: CODE`, `# schema: refuses` or `cannot see`, and a line that says why"

    loaded = load(SourceFile(path.name, text))

    assert loaded.spec is None
    assert [item.code for item in loaded.diagnostics if item.severity == "error"] == [expected[1]]
