"""How serving in the foreground comes to its end."""

import contextlib
import signal
import socket

_ALWAYS = (signal.SIGINT, signal.SIGTERM)
_ENDING = (*_ALWAYS, signal.SIGHUP) if hasattr(signal, "SIGHUP") else _ALWAYS
"""The third comes when a terminal is closed, where there are such."""


class Over:
    """The end of serving, which a signal or another thread brings about; made by the main thread.

    A signal may reach any thread (after a halt it does), while Python sees to it in the main thread
    alone, which a lock would let sleep on. What is written for it wakes that one.
    """

    def __init__(self) -> None:
        self._is_so = False
        self._heard, self._said = socket.socketpair()
        self._said.setblocking(False)  # noqa: FBT003  its only name
        signal.set_wakeup_fd(self._said.fileno(), warn_on_full_buffer=False)
        for number in _ENDING:
            # What is to outlive its terminal is begun so that it ignores that one, as by nohup.
            if number in _ALWAYS or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, lambda *_: self.set())

    def set(self) -> None:
        """Let it be over; from any thread."""
        self._is_so = True
        with contextlib.suppress(OSError):
            self._said.send(b".")

    def is_set(self) -> bool:
        """Whether it is."""
        return self._is_so

    def wait(self) -> None:
        """Return once it is."""
        while not self._is_so:
            self._heard.recv(1)

    def close(self) -> None:
        """Be woken no more."""
        signal.set_wakeup_fd(-1)
        self._said.close()
        self._heard.close()
