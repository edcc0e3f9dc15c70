"""Time that passes faster for whatever a proxy waits for, while sockets stay real."""

import asyncio
import selectors
import time
from collections.abc import Callable


class Hurry:
    """Clocks and loops for `Parts`, all of them so many times as fast as the real ones."""

    def __init__(self, times: float) -> None:
        self._times = times
        self._began_s = time.time() - self.clock()

    def clock(self) -> float:
        """Monotonic seconds."""
        return time.monotonic() * self._times

    def wall_clock(self) -> float:
        """Unix seconds; right at the beginning."""
        return self._began_s + self.clock()

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """A loop that takes its seconds from `clock`."""
        return _Loop(self.clock, self._times)


class _Selector(selectors.DefaultSelector):
    """Waits for less time than it is told to."""

    def __init__(self, times: float) -> None:
        super().__init__()
        self._times = times

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout if timeout is None else timeout / self._times)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: Callable[[], float], times: float) -> None:
        self._seconds = clock
        super().__init__(_Selector(times))

    def time(self) -> float:
        return self._seconds()
