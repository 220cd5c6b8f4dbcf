"""The suite's own modules are beside its tests; the six foreign pairs are the audit's."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "audit"))
