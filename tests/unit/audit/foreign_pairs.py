"""The six pairs that documents tell of (twinkeel.bench), as the files of two hosts."""

from functools import cache
from pathlib import Path

from twinkeel.audit.given_files.pair import read_pair
from twinkeel.audit.pair import Pair
from twinkeel.bench.configurations import CONFIGURATIONS, find_configuration
from twinkeel.bench.peer_files import peer_files
from twinkeel.source import SourceFile
from twinkeel.spec.load import load
from twinkeel.topology.build import build
from twinkeel.topology.model import Topology

FOREIGN = tuple(each.id for each in CONFIGURATIONS if each.profile is None)
SPEC = """\
name: foreign
domain: lab-home.com
endpoint: {name: lb.lab-home.com, vip: 192.168.1.110/24}
load_balancers: {lb-1: 192.168.1.111, lb-2: 192.168.1.112}
control_plane: {master-1: 192.168.1.101, master-2: 192.168.1.102, master-3: 192.168.1.103}
"""


@cache
def _topology() -> Topology:
    spec = load(SourceFile("foreign.yaml", SPEC)).spec
    assert spec is not None
    return build(spec, Path())


def write_pair(name: str, folder: Path) -> None:
    """The files of a configuration, as they lie on the two hosts."""
    for balancer in _topology().load_balancers:
        for file in peer_files(find_configuration(name), _topology(), balancer):
            path = folder / balancer.machine.name / file.path.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.content)


def foreign_pair(name: str, folder: Path) -> Pair:
    """The pair as the audit reads it."""
    write_pair(name, folder)
    return read_pair([str(folder)])
