"""What becomes ansible-playbook: `python ansible_process.py ansible-playbook ARGUMENTS`. It imports nothing of ours.

It ends when the process that started it does: otherwise the next `twinkeel apply` would take the lock over and meet it on
the hosts. And it leaves out what a process of a minute has no use for, which is a fifth of what Ansible takes to start and end.
"""

import atexit
import ctypes
import gc
import os
import signal
import sys
from typing import NoReturn

PR_SET_PDEATHSIG = 1
"""prctl(2): the kernel sends this process a signal when the one that started it ends."""


def main() -> NoReturn:
    """Run the playbook that the arguments name; the exit code is Ansible's."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
    del sys.argv[0]
    # What is imported stays: looking for garbage in it again and again finds none.
    gc.disable()
    from ansible.cli import playbook

    gc.freeze()
    gc.enable()
    code: object = 0
    try:
        playbook.main()
    except SystemExit as ended:
        code = ended.code
    # What is to be done at the end is done; then memory goes as a whole, and not one object after the other.
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    main()
