"""How this process treats the memory that it no longer needs."""

import gc
import sys
from asyncio import sslproto

LARGE_BYTES = 1 << 20
TLS_BYTES = 32 << 10
"""Twice what a record of TLS can carry."""
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""The C library's numbers for them; see its manual page, mallopt(3)."""


def settle() -> None:
    """Set what was made for good apart, so that collections pass it by; of an earlier run as well.

    Without the thaw what an earlier run left would never be collected. It takes as long as the
    whole process has things, so it is the program's to do and not each proxy's.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def stay_small() -> bool:
    """Have freed memory go back to the system; called before there are threads.

    Linux's C library begins to keep large blocks once it has seen a few: after some requests with
    pictures the process would stay several times as large as all bodies may be together. And it
    has a heap for every thread, each of which keeps what its busiest moment took; one is enough for
    threads that take turns anyway. Elsewhere there is nothing to set.
    """
    if sys.platform != "linux":
        return False
    import ctypes

    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        # Another C library, which does no such thing.
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES) and mallopt(_M_ARENA_MAX, 1))


def read_by_records() -> None:
    """Have each connection over TLS that is made from now on read into so little at once.

    The library has them hold 256 KiB for it as long as they are open, and takes as much again for
    each read, of which an event fills one.
    """
    sslproto.SSLProtocol.max_size = TLS_BYTES
