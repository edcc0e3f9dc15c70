"""Clients that take nothing of what they asked for: after a while their connection is dropped.

What is written for them lies in memory, and they may never come for it. A slow client is none of
them, however slow: what counts is that anything is taken at all.
"""

import asyncio
import logging

_log = logging.getLogger(__name__)

_LOOKS = 4
"""So often it is looked within the limit whether anything was taken."""


class Stall:
    """Looks at one connection while more waits for its client than should.

    Args:
        loop: Whose connection it is.
        limit_s: The client may take nothing for so long.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, limit_s: float) -> None:
        self._loop = loop
        self._limit_s = limit_s
        self._timer: asyncio.TimerHandle | None = None
        self._left = self._waits = 0

    def begin(self, transport: asyncio.Transport) -> None:
        """Look from now on; nothing more is to be written until `end`."""
        self.end()
        self._left, self._waits = _LOOKS, transport.get_write_buffer_size()
        self._again(transport)

    def end(self) -> None:
        """Look no more: the client has taken enough, or has left."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _again(self, transport: asyncio.Transport) -> None:
        self._timer = self._loop.call_later(self._limit_s / _LOOKS, self._look, transport)

    def _look(self, transport: asyncio.Transport) -> None:
        waits = transport.get_write_buffer_size()
        self._left = _LOOKS if waits < self._waits else self._left - 1
        self._waits = waits
        if self._left:
            self._again(transport)
            return
        self._timer = None
        _log.info("connection=dropped reason=takes-nothing bytes=%d", waits)
        transport.abort()
