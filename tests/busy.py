"""How long a proxy's threads are at work, told by each thread's own processor time.

A machine that is busy with something else makes that hardly longer, so that a promise of tenths of
a second can be asserted as it is.
"""

import asyncio
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any


@contextmanager
def longest_hold() -> Iterator[Callable[[], float]]:
    """How long this thread lets no other run, at most, in a context that makes it slow.

    It lets others run wherever one of its functions begins or ends: what lies between two such
    moments is a stretch for which the interpreter may be held.
    """
    clock = time.thread_time
    longest_s, last_s = 0.0, clock()

    def look(_frame: FrameType, _event: str, _what: object) -> None:
        nonlocal longest_s, last_s
        now_s = clock()
        if now_s - last_s > longest_s:
            longest_s = now_s - last_s
        last_s = now_s

    sys.setprofile(look)
    try:
        yield lambda: longest_s
    finally:
        sys.setprofile(None)


class Busy:
    """Makes loops for `Parts`, and knows what they and the threads beside them did.

    Args:
        beside: Called in every thread beside a loop before it begins with its work.
        closely: Whether it is seen how long such threads let no other run; slow.
    """

    def __init__(
        self, beside: Callable[[], object] = lambda: None, *, closely: bool = False
    ) -> None:
        self._on_beside = beside
        self._closely = closely
        self._noticed = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        with self._noticed:
            self.spent_s = 0.0
            """By all threads together, but for what goes on at this moment."""
            self.longest_round_s = 0.0
            """How long a loop did not look for anything new."""
            self.longest_hold_s = 0.0
            """How long a thread beside it let no other run."""

    @property
    def longest_wait_s(self) -> float:
        """How long whatever comes to the loop waits, at most, until the loop looks at it."""
        return self.longest_round_s + self.longest_hold_s

    def new_loop(self) -> asyncio.AbstractEventLoop:
        """A loop that is counted."""
        loop = asyncio.SelectorEventLoop(_Selector(self._add_round))
        loop.set_default_executor(_Pool(self._beside))
        return loop

    def _add_round(self, took_s: float) -> None:
        with self._noticed:
            self.spent_s += took_s
            self.longest_round_s = max(self.longest_round_s, took_s)

    def _beside(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Any:
        self._on_beside()
        held_s: Callable[[], float] = float
        began_s = time.thread_time()
        try:
            if not self._closely:
                return work(*given, **named)
            with longest_hold() as held_s:
                return work(*given, **named)
        finally:
            with self._noticed:
                self.spent_s += time.thread_time() - began_s
                self.longest_hold_s = max(self.longest_hold_s, held_s())


PEAK = Path("/proc/self/clear_refs")
"""Where Linux is told to begin anew with the most that a process had."""


class _Pool(ThreadPoolExecutor):
    """Has something of its own around all of its work."""

    def __init__(self, around: Callable[..., Any]) -> None:
        super().__init__()
        self._around = around

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(self._around, fn, *args, **kwargs)


class _Selector(selectors.DefaultSelector):
    """Tells how long it was each time until somebody came back to it."""

    def __init__(self, add_round: Callable[[float], None]) -> None:
        super().__init__()
        self._add_round = add_round
        self._left_s = time.thread_time()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self._add_round(time.thread_time() - self._left_s)
        found = super().select(timeout)
        self._left_s = time.thread_time()
        return found


@contextmanager
def most_grown() -> Iterator[Callable[[], int]]:
    """By how many bytes the memory of this process grows in a context at most, on Linux."""
    PEAK.write_text("5")
    before = _told("VmRSS")
    yield lambda: _told("VmHWM") - before


def _told(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(f"{name}:"))
