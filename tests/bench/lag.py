"""How long a loop is blocked, as somebody in it sees who wants a turn all the time."""

import asyncio
import json
import time

_EVERY_S = 0.001


class Lag:
    """Watches the loop that it is used in; between `begin` and `end` it costs a turn each ms."""

    def __init__(self) -> None:
        self._longest_s = 0.0
        self._watching: asyncio.Task[None] | None = None

    async def begin(self) -> float:
        """Watch from now on; returns 0."""
        self._longest_s = 0.0
        self._watching = asyncio.get_running_loop().create_task(self._watch())
        return 0.0

    async def end(self) -> float:
        """Watch no more; returns the longest time that a turn came late, in milliseconds."""
        if self._watching is not None:
            self._watching.cancel()
        return self._longest_s * 1000

    async def _watch(self) -> None:
        while True:
            before_s = time.perf_counter()
            await asyncio.sleep(_EVERY_S)
            late_s = time.perf_counter() - before_s - _EVERY_S
            self._longest_s = max(self._longest_s, late_s)


def answer_of(ms: float) -> str:
    """A line for whoever asked."""
    return json.dumps({"ms": ms})
