"""What becomes ansible-playbook: `python ansible_process.py ansible-playbook ARGUMENTS`. It imports nothing of ours.

It ends when the process that started it does: otherwise the next `twinkeel apply` would take the lock over and meet it on
the hosts. And it does not search for garbage while Ansible is imported, which is a good part of what that takes.
"""

import ctypes
import gc
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
    sys.exit(playbook.main())


if __name__ == "__main__":
    main()
