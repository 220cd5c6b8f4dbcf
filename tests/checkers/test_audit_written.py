"""What the parsers of live configuration write again is accepted by the daemons' own checkers, as the golden file was."""

from pathlib import Path

import pytest
from golden_files import golden

from twinkeel.liveconfig.haproxy_file import parse_haproxy, write_haproxy
from twinkeel.liveconfig.keepalived.file import parse_keepalived, write_keepalived
from twinkeel.render import validate
from twinkeel.render.haproxy import CONFIG_PATH as HAPROXY
from twinkeel.render.keepalived import CONFIG_PATH as KEEPALIVED
from twinkeel.source import SourceFile


def written(path: str, copy: Path) -> str:
    source = SourceFile(str(copy), copy.read_text())
    return write_haproxy(parse_haproxy([source])) if path == HAPROXY else write_keepalived(parse_keepalived(source).root)


@pytest.mark.parametrize("path", [HAPROXY, KEEPALIVED])
def test_they_accept_it(path: str) -> None:
    copies = golden(path)
    assert len(copies) > 20
    said = {name: validate.validate_file(path, written(path, copy), host=name) for name, copy in copies.items()}
    assert {name: complaints for name, complaints in said.items() if complaints} == {}
