"""The client's side of one answer: when its head goes out, what was sent, how it ends.

An exchange also keeps the time: the watcher looks at it once in a while, and it ends the work when
the upstream has been silent for too long.
"""

import asyncio
from collections.abc import Callable, Mapping

from aiohttp import web

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.sse import KEEP_ALIVE

from .limits import Limits
from .tasks import Fuse


class Exchange:
    """What a whole and a streamed answer have in common: the limits on their time."""

    committed = False
    """The head is out: a status can no longer be told."""

    def __init__(self, fuse: Fuse, clock: Callable[[], float]) -> None:
        self._fuse = fuse
        self._clock = clock
        self._began_s = self._heard_s = clock()
        self._silence_s: float | None = None
        self._silence_error = ProxyError(Kind.UPSTREAM_STALLED)
        self._ended = False

    def listen(self, silence_s: float, error: ProxyError) -> None:
        """From now on the upstream may be silent for so long; this is what follows otherwise."""
        self._heard_s = self._clock()
        self._silence_s = silence_s
        self._silence_error = error

    def heard(self) -> None:
        """The upstream sent something."""
        self._heard_s = self._clock()

    def unlisten(self) -> None:
        """The upstream is not being waited for."""
        self._silence_s = None

    async def look(self, now_s: float, limits: Limits) -> None:
        """Do what is due; called once a tick."""
        if self._ended:
            return
        if self._silence_s is not None and now_s - self._heard_s > self._silence_s:
            self._fuse.blow(self._silence_error)
        elif now_s - self._began_s > self._limit_s(limits):
            self._fuse.blow(
                ProxyError(
                    Kind.UPSTREAM_TIMEOUT,
                    f"The answer was not complete within {self._limit_s(limits):g} s",
                )
            )

    def _limit_s(self, limits: Limits) -> float:
        return limits.stream_s

    async def write(self, data: bytes) -> None:
        """Send a piece of the answer."""
        raise NotImplementedError

    async def finish(self, data: bytes) -> web.StreamResponse:
        """Send the last piece and the end."""
        raise NotImplementedError


class Whole(Exchange):
    """An answer that is sent at once, when it is complete."""

    def __init__(self, headers: Mapping[str, str], fuse: Fuse, clock: Callable[[], float]) -> None:
        super().__init__(fuse, clock)
        self._headers = headers

    def _limit_s(self, limits: Limits) -> float:
        return limits.whole_s

    async def write(self, data: bytes) -> None:
        """Nothing goes out before the end."""

    async def finish(self, data: bytes) -> web.StreamResponse:
        self._ended = True
        return web.Response(body=data, headers=self._headers)


class Streamed(Exchange):
    """An answer that is sent as it comes.

    Until the head is sent, a failure can still be told by a status; afterwards only by a frame. The
    head waits for the first piece of the answer, but not for long; while there is nothing to send,
    comments keep the client waiting.
    """

    def __init__(
        self,
        request: web.BaseRequest,
        headers: Mapping[str, str],
        fuse: Fuse,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(fuse, clock)
        self._request = request
        self._response = web.StreamResponse(headers=headers)
        self._sent_s = clock()
        self._writing_since_s: float | None = None
        self._committing = asyncio.Lock()

    async def write(self, data: bytes) -> None:
        if not self._response.prepared:
            await self._commit()
        self._writing_since_s = self._clock()
        await self._response.write(data)
        self._writing_since_s = None
        self._sent_s = self._clock()

    async def _commit(self) -> None:
        async with self._committing:
            if not self._response.prepared:
                self.committed = True
                await self._response.prepare(self._request)

    async def finish(self, data: bytes) -> web.StreamResponse:
        await self.write(data)
        self._ended = True
        await self._response.write_eof()
        return self._response

    async def look(self, now_s: float, limits: Limits) -> None:
        await super().look(now_s, limits)
        if self._ended:
            return
        if self._writing_since_s is not None:
            if now_s - self._writing_since_s > limits.write_stall_s:
                self._drop()
        elif not self.committed:
            if now_s - self._began_s >= limits.commit_s:
                await self.write(KEEP_ALIVE)
        elif now_s - self._sent_s >= limits.heartbeat_s:
            await self.write(KEEP_ALIVE)

    def _drop(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
