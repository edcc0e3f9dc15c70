"""Writes the log beside whoever logs, so that nobody who answers a client waits for the disk.

An error or worse is on the disk, with all that was said before it, when whoever logged it goes on:
the process may end with it. Unless the disk hangs: then nobody waits for it a second time, and what
is too much to keep in memory is counted instead.
"""

import logging
import queue
import threading
from collections.abc import Sequence

_MOST = 2000
"""So many records wait for the disk."""
_FLUSH_S = 1.0
"""How long an error waits for what was said before it, and whoever brings one too many."""
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
            if written.wait(_FLUSH_S):
                return True
            # It may have been written just now, and the thread has nothing more to do.
            self._hangs = not written.is_set()
        return not self._hangs

    def close(self) -> None:
        """Write what is left and close every handler."""
        super().close()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            self._waiting.put(None)
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
        while (one := self._waiting.get()) is not None:
            if isinstance(one, threading.Event):
                one.set()
            else:
                self._write(one)
            if self._waiting.empty():
                self._hangs = False
                self._tell_lost()
        self._tell_lost()

    def _tell_lost(self) -> None:
        if self._lost:
            lost, self._lost = self._lost, 0
            self._write(_told_of(lost))

    def _write(self, record: logging.LogRecord) -> None:
        for handler in self.handlers:
            handler.handle(record)


def _told_of(lost: int) -> logging.LogRecord:
    name, level = __name__, logging.WARNING
    return logging.LogRecord(name, level, __file__, 0, "disk=slow lines_lost=%d", (lost,), None)
