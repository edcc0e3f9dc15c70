"""How this process treats the memory that it no longer needs."""

import gc
import sys

LARGE_BYTES = 1 << 20
_M_MMAP_THRESHOLD = -3
"""The C library's number for it; see its manual page, mallopt(3)."""


def settle() -> None:
    """Set what was made for good apart, so that collections pass it by; of an earlier run as well.

    Without the thaw what an earlier run left would never be collected. It takes as long as the
    whole process has things, so it is the program's to do and not each proxy's.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def return_large_blocks() -> bool:
    """Have the memory of large blocks go back to the system when they are freed.

    Linux's C library begins to keep them once it has seen a few: after some requests with pictures
    the process would stay several times as large as all bodies may be together. Elsewhere there is
    nothing to set.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        # Another C library, which does no such thing.
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES))
