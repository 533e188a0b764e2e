"""Keeping the memory of a process that holds secrets from other processes of the same user.

Decides nothing; asks the kernel (Linux). The web process, which faces the internet, runs as the
same user as the worker, which holds the keys: without this it could read the worker's memory and
environment from ``/proc``. Root can, all the same, and a passphrase *file* is as readable to the
one as to the other, unless they run as two users.
"""

import ctypes
import sys
from typing import Final

_SET_DUMPABLE: Final = 4  # PR_SET_DUMPABLE of <linux/prctl.h>


def forbid_reading() -> None:
    """Let no other process of this user read or trace this one; it writes no core dump either."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DUMPABLE, 0, 0, 0, 0)
