"""Ports for servers that must know theirs before they listen."""

import errno
import itertools
import os
import random
import socket

_FIRST, _PORTS = 10_000, 22_000
"""Below those that systems give away by themselves, to servers as to clients."""
_WORKERS = 8
_SHARE = _PORTS // _WORKERS
_numbers = itertools.count(random.SystemRandom().randrange(_SHARE))


def free_port() -> int:
    """A port that is free on both loopbacks, and that nobody else takes a moment later.

    Each worker has its own, and gives one after the other: what the system gives to whoever asks
    for any port may have been given to another process before a server here gets to it.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = _FIRST + worker % _WORKERS * _SHARE
    while True:
        port = first + next(_numbers) % _SHARE
        if _is_free(socket.AF_INET, "127.0.0.1", port) and (
            not socket.has_ipv6 or _is_free(socket.AF_INET6, "::1", port)
        ):
            return port


def _is_free(family: socket.AddressFamily, host: str, port: int) -> bool:
    with socket.socket(family) as probe:
        try:
            probe.bind((host, port))
        except OSError as error:
            # A machine may know IPv6 and have no such address.
            return error.errno == errno.EADDRNOTAVAIL
    return True
