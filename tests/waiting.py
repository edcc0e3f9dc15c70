"""Waiting for what comes about by itself."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

WITHIN_S = 15.0


def until(is_so: Callable[[], Any], within_s: float = WITHIN_S) -> Any:
    """Wait until something is so, and give what it is; what is not there yet is not so."""
    end_s = time.monotonic() + within_s
    while True:
        try:
            found = is_so()
        except (LookupError, OSError):
            found = None
        if found:
            return found
        assert time.monotonic() < end_s, "it did not come about"
        time.sleep(0.02)


async def comes(is_so: Callable[[], Any], within_s: float = WITHIN_S) -> None:
    """Wait until something is so that this loop brings about."""
    async with asyncio.timeout(within_s):
        while not is_so():  # noqa: ASYNC110  it may be anything
            await asyncio.sleep(0.01)
