"""A real event loop that waits for nothing: where it would, its clock leaps."""

import asyncio
import selectors
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from tray_app.core.model import Variant
from tray_app.core.ports import QueueClass
from tray_app.proxy.gate import Gate
from tray_app.proxy.place import Turn, Wish
from tray_app.proxy.usual import Like

FOREVER_S = 3600.0


class Leaping(asyncio.SelectorEventLoop):
    """Its time goes on by as much as there is to wait."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        super().__init__(_Leaps(self._leap))

    def time(self) -> float:
        return self.now_s

    def _leap(self, seconds: float) -> None:
        self.now_s += seconds


class _Leaps(selectors.SelectSelector):
    def __init__(self, leap: Callable[[float], None]) -> None:
        super().__init__()
        self._leap = leap

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "nothing is left that could happen"
            self._leap(timeout)
        return ready


def leaping(main: Coroutine[Any, Any, None]) -> None:
    """Run this to its end, however long it takes on its own clock."""
    with asyncio.Runner(loop_factory=Leaping) as runner:
        runner.run(main)


def wish(
    key: str = "a",
    patience_s: float = FOREVER_S,
    queue: QueueClass = "interactive",
    *,
    streams: bool = False,
    model: str = "m",
) -> Wish:
    """Somebody who begins to wait now."""
    since_s = asyncio.get_running_loop().time()
    return Wish(key, queue, Like(model, Variant(), streams), since_s, patience_s)


@asynccontextmanager
async def in_turn(at: Gate, asked: Wish) -> AsyncIterator[Turn]:
    """Wait for a slot and hold it, with nothing to see to before."""
    async with at.line(asked) as place:
        yield await place.turn()
