"""Turns: what a person does in a window is done one after the other."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

TURN_S = 1.0
"""So long what was pressed waits for what was pressed before it: what takes longer, as a trial
does, keeps nobody from going on."""


class Turns:
    """The turns of one window; used from one loop."""

    def __init__(self) -> None:
        self._last: Any = None
        self._done = asyncio.Event()
        self._done.set()

    async def take(self, what: Any, deed: Callable[[], Awaitable[None]]) -> None:
        """Do something after what came before it; what is under way is not begun once more.

        Args:
            what: Two that are equal are the same deed, as when somebody clicks twice.
            deed: Does it.
        """
        before = self._done
        if what == self._last and not before.is_set():
            return
        self._last, self._done = what, asyncio.Event()
        done = self._done
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TURN_S):
                    await before.wait()
            await deed()
        finally:
            done.set()
