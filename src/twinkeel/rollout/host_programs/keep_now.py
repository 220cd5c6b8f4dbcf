"""Keep a generation on this host; run by Twinkeel over its own connection, before Ansible starts.

    python3 -c TEXT '{"files": [...], "units": [...], "number": 3, ...}'

The options are those of the module `generations`.
"""

import json
import subprocess
import sys

from twinkeel.rollout.host_programs.candidate_files import put, read_recorded_state
from twinkeel.rollout.host_programs.keep_generation import keep_generation


def is_active(unit: str) -> bool:
    """Whether the unit runs now."""
    return subprocess.run(["systemctl", "is-active", "--quiet", unit], check=False).returncode == 0


if __name__ == "__main__":
    keep_generation(json.loads(sys.argv[1]), is_active, read_recorded_state, put)
