"""Writes the log beside whoever logs, so that nobody who answers a client waits for the disk.

An error or worse is on the disk, with all that was said before it, when whoever logged it goes on:
the process may end with it. Unless the disk hangs: then nobody waits for it a second time, and what
is too much to keep in memory is counted instead.

Records are written in batches. Each write hands the interpreter to the log's thread and back: one
write per request cost every request a tenth of its time.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Sequence

_MOST = 2000
"""So many records wait for the disk."""
_FLUSH_S = 1.0
"""How long an error waits for what was said before it, and whoever brings one too many."""
_GATHER_S = 0.02
"""So long the first record of a batch waits for more, unless somebody waits for it."""
_MANY = 500
"""So many do not wait for more."""
_Waiting = logging.LogRecord | threading.Event | None
"""A record, somebody who waits until it is their turn, or the end."""


class Beside(logging.Handler):
    """Hands records to other handlers, in a thread of its own.

    What a record says is put together in that thread, so its arguments must not change any more.

    Args:
        handlers: Those that write; they are closed with it.
    """

    def __init__(self, handlers: Sequence[logging.Handler]) -> None:
        super().__init__()
        self.handlers = handlers
        self._waiting: queue.SimpleQueue[_Waiting] = queue.SimpleQueue()
        self._hangs = False
        """Somebody waited in vain, and it has not caught up since."""
        self._lost = 0
        # What logs may be a signal's handler, or the end of an object, in the middle of urging: for
        # the lock of an event it would wait for ever, being who has it.
        self._urged: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def createLock(self) -> None:  # noqa: N802
        """Have none: whoever logs must not wait for whoever waits for the thread."""
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Take a record; returns at once unless it is an error."""
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        """The same."""
        if not self._runs() or (record.levelno >= logging.ERROR and self._flushed()):
            self._write(record)
        elif self._waiting.qsize() < _MOST or self._flushed():
            self._waiting.put(record)
            if self._waiting.qsize() > _MANY:
                self._urge()
        else:
            self._lost += 1

    def flush(self) -> None:
        """Return when all that was said is written, or after a second."""
        if self._thread is not None and self._runs():
            self._flushed()

    def _flushed(self) -> bool:
        """Whether all that was said is written; waits for that, but not for a disk that hangs."""
        if not self._hangs:
            written = threading.Event()
            self._waiting.put(written)
            self._urge()
            if written.wait(_FLUSH_S):
                return True
            # It may have been written just now, and the thread has nothing more to do.
            self._hangs = not written.is_set()
        return not self._hangs

    def _urge(self) -> None:
        """Have the thread not wait for more."""
        if self._urged.empty():
            self._urged.put(None)

    def close(self) -> None:
        """Write what is left and close every handler."""
        super().close()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            self._waiting.put(None)
            self._urge()
            thread.join(_FLUSH_S)
        for handler in self.handlers:
            handler.close()

    def _runs(self) -> bool:
        """Whether the thread is there, and whoever asks is not it; it starts with the first."""
        thread = self._thread
        if thread is not None:
            # After a fork it is gone, and at the very end of a program none can be started.
            return thread.is_alive() and thread is not threading.current_thread()
        with self._starting:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError:
                    return False
        return True

    def _run(self) -> None:
        while self._goes_on(self._waiting.get()):
            pass

    def _goes_on(self, one: _Waiting) -> bool:
        """Take this and all that came with it; returns whether there will be more."""
        if isinstance(one, logging.LogRecord):
            with contextlib.suppress(queue.Empty):
                self._urged.get(timeout=_GATHER_S)
        # Whoever urges has put down what for, so that it is among what is taken now.
        while not self._urged.empty():
            self._urged.get()
        while one is not None:
            if isinstance(one, threading.Event):
                self._written()
                one.set()
            else:
                self._hand_on(one)
            if self._waiting.empty():
                break
            one = self._waiting.get()
        if self._lost:
            lost, self._lost = self._lost, 0
            self._hand_on(_told_of(lost))
        self._written()
        if self._waiting.empty():
            self._hangs = False
        return one is not None

    def _write(self, record: logging.LogRecord) -> None:
        self._hand_on(record)
        self._written()

    def _hand_on(self, record: logging.LogRecord) -> None:
        for handler in self.handlers:
            try:
                handler.handle(record)
            except Exception:  # noqa: BLE001  whoever logs must not fail with what writes it
                handler.handleError(record)

    def _written(self) -> None:
        for handler in self.handlers:
            # One that ends in a pipe that nobody reads any more raises.
            with contextlib.suppress(OSError, ValueError):
                handler.flush()


def _told_of(lost: int) -> logging.LogRecord:
    name, level = __name__, logging.WARNING
    return logging.LogRecord(name, level, __file__, 0, "disk=slow lines_lost=%d", (lost,), None)
