"""What a page is made of: a cluster's topology, and its passwords where drift is looked for."""

from dataclasses import dataclass

from twinkeel.errors import SpecError
from twinkeel.spec.secrets import Secrets
from twinkeel.topology.model import Topology


@dataclass(frozen=True)
class Subject:
    """One cluster. `number` tells clusters of one name apart."""

    number: int
    topology: Topology
    secrets: Secrets | SpecError
