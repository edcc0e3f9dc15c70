"""Notices an event loop that is blocked while answers are on their way, and says where it hangs.

A loop whose callbacks do not come back cannot be helped from the inside: nothing of it runs any
more. So a thread beside it asks it for a sign now and then, logs what every thread is doing when
none comes, and leaves the rest to whoever put the program together.
"""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from types import FrameType

_log = logging.getLogger(__name__)

LOOKS = 10
"""So many looks without a sign are the limit."""
_FRAMES = 40
"""How many frames of a thread are logged, the innermost first."""
_THREADS = 32
_LOG_S = 2.0
"""How long logging may take: a disk that hangs may be what blocks the loop."""


class Watchdog:
    """Watches the loop that it is made in; its thread sleeps for good while nothing is in flight.

    Args:
        stuck: Called in the watchdog's thread, once for each time that the loop is blocked.
        limit_s: How long the loop may be blocked.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        stuck: Callable[[], None],
        limit_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stuck = stuck
        self._limit_s = limit_s
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._noticed = threading.Condition()
        self._is_busy = False
        self._is_resting = False
        self._is_closed = False
        self._has_answered = False
        thread = threading.Thread(target=self._live, name="portico-watchdog", daemon=True)
        thread.start()

    def watch(self, *, is_busy: bool) -> None:
        """Watch from now on, or not; called in the loop, and cheap."""
        with self._noticed:
            self._is_busy = is_busy
            # Somebody who is awake finds out at the next look; waking is dear.
            if is_busy and self._is_resting:
                self._noticed.notify_all()

    def close(self) -> None:
        """Watch no more; from any thread."""
        with self._noticed:
            self._is_closed = True
            self._noticed.notify_all()

    def _live(self) -> None:
        while self._rest():
            try:
                self._attend()
            except RuntimeError:
                # The loop was closed just when it was to be asked.
                return

    def _rest(self) -> bool:
        """Sleep until something is in flight; returns False at the end."""
        with self._noticed:
            self._is_resting = True
            self._noticed.wait_for(lambda: self._is_busy or self._is_over())
            self._is_resting = False
            return not self._is_over()

    def _is_over(self) -> bool:
        return self._is_closed or self._loop.is_closed()

    def _attend(self) -> None:
        """Look at the loop for as long as something is in flight."""
        missed = 0
        self._ask()
        while self._is_busy and not self._is_over():
            was_awake = self._sleep()
            if self._has_answered:
                missed = 0
                self._ask()
            elif was_awake and not self._is_over():
                missed += 1
                if missed == LOOKS:
                    self._bark()

    def _ask(self) -> None:
        self._has_answered = False
        self._loop.call_soon_threadsafe(self._answer)

    def _answer(self) -> None:
        self._has_answered = True

    def _sleep(self) -> bool:
        """Sleep until the next look; returns whether it took no longer than it should.

        Where it did, the computer slept or the process was halted, and the loop with it.
        """
        look_s = self._limit_s / LOOKS
        began_s = self._clock()
        with self._noticed:
            self._noticed.wait_for(lambda: self._is_closed, look_s)
        return self._clock() - began_s < 2 * look_s

    def _bark(self) -> None:
        told = list(_told_threads(self._loop_thread))
        telling = threading.Thread(target=self._log, args=(told,), daemon=True)
        telling.start()
        telling.join(_LOG_S)
        self._stuck()

    def _log(self, told: list[str]) -> None:
        _log.critical("loop=blocked limit_s=%g threads=%d", self._limit_s, len(told))
        for line in told:
            _log.critical("%s", line)


def _told_threads(first: int) -> Iterator[str]:
    """What every thread is doing, a line each, the one with the identity `first` before others."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    # The documented way to see other threads, in spite of its name.
    frames = sys._current_frames()
    main = threading.main_thread().ident
    order = sorted(frames, key=lambda ident: (ident != first, ident != main))
    for ident in order[:_THREADS]:
        places = " < ".join(islice(_places(frames[ident]), _FRAMES))
        yield f"thread={names.get(ident, 'unknown')} at={places}"


def _places(frame: FrameType | None) -> Iterator[str]:
    """File, line and function of each frame, the innermost first; never values."""
    while frame is not None:
        code = frame.f_code
        file = "/".join(Path(code.co_filename).parts[-3:])
        yield f"{file}:{frame.f_lineno}:{code.co_qualname}"
        frame = frame.f_back
