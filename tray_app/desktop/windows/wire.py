"""A window's pipes to its parent, out of reach of whatever libraries print or read."""

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from .messages import MessageError

_LEAVE_S = 2.0
_Heard = TypeVar("_Heard")
_Told = TypeVar("_Told")


class Wire(Generic[_Heard, _Told]):
    """The pipes of a child; it is one of its kind in a process.

    Args:
        read: What a line of the parent says; raises `MessageError`.
        write: A message as a line; raises `MessageError`.
        limit_bytes: No line of the parent is longer.
    """

    def __init__(
        self,
        read: Callable[[bytes], _Heard],
        write: Callable[[_Told], bytes],
        limit_bytes: int,
    ) -> None:
        self.heard: queue.Queue[_Heard | MessageError | None] = queue.Queue()
        """What the parent says; None once it is gone."""
        self._read = read
        self._write = write
        self._limit_bytes = limit_bytes
        self._writing = threading.Lock()
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)

    def tell(self, message: _Told) -> None:
        """Say this to the parent, if it is there; waits while it does not listen."""
        data = memoryview(self._write(message))
        with self._writing, contextlib.suppress(OSError):
            while data:
                data = data[self._out.write(data) or 0 :]

    def listen(self) -> None:
        """Begin to hear the parent."""
        threading.Thread(target=self._listen, name="parent", daemon=True).start()

    def _listen(self) -> None:
        while received := self._in.readline(self._limit_bytes + 1):
            try:
                self.heard.put(self._read(received))
            except MessageError as error:
                self.heard.put(error)
                break
        self.heard.put(None)
        # A page that hangs holds up whoever waits for it; nobody may stay without a parent.
        time.sleep(_LEAVE_S)
        os._exit(0)


def leave(code: int) -> None:
    """End, even if a thread of the engine waits for a page that is gone."""
    time.sleep(_LEAVE_S)
    os._exit(code)
