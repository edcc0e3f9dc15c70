"""The client's side of one answer: when its head goes out, what was sent, how it ends.

An exchange also keeps the time: the watcher looks at it once in a while, and it ends the work when
the upstream has been silent for too long.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.sse import KEEP_ALIVE

from .limits import Limits
from .spelling import spelled
from .tasks import Fuse


class Exchange:
    """What a whole and a streamed answer have in common: the limits on their time."""

    streams = False
    """The client sees the answer come."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.fuse = Fuse()
        """Ends the work for it."""
        # What were first set later could cost each of many a table of its own.
        self.committed = False
        """The head is out: a status can no longer be told."""
        self.is_drawn = False
        self.has_told = False
        """The client has seen some of it."""
        self._clock = clock
        self._began_s = self._heard_s = clock()
        self._silence_s: float | None = None
        self._silence_kind, self._silence_words = Kind.UPSTREAM_STALLED, ""
        self._is_sending = False
        self._ended = False

    def listen(self, silence_s: float, kind: Kind, words: str) -> None:
        """From now on the upstream may be silent for so long; this error follows otherwise."""
        self._heard_s = self._clock()
        self._silence_s = silence_s
        self._silence_kind, self._silence_words = kind, words

    def draws(self) -> None:
        """The answer is a picture, which comes soon or never."""
        self.is_drawn = True

    def brings(self, some: Callable[[], bytes | None]) -> None:
        """From now on this tells what there is of the answer for who waits no longer."""

    def heard(self) -> None:
        """The upstream sent something."""
        self._heard_s = self._clock()

    def unlisten(self) -> None:
        """The upstream is not being waited for."""
        self._silence_s = None

    def granted(self) -> None:
        """Note that it has its turn."""

    async def look(self, now_s: float, limits: Limits) -> None:
        """Do what is due; called once a tick."""
        if self._ended:
            return
        if self._is_silent(now_s):
            self.fuse.blow(ProxyError(self._silence_kind, self._silence_words))
        elif now_s - self._began_s > self.limit_s(limits):
            self.fuse.blow(
                ProxyError(
                    Kind.UPSTREAM_TIMEOUT,
                    f"The answer was not complete within {self.limit_s(limits):g} s",
                )
            )

    def _is_silent(self, now_s: float) -> bool:
        """Whether the upstream has been waited for, and for too long."""
        if self._silence_s is None or self._is_sending:
            return False
        return now_s - self._heard_s > self._silence_s

    async def _taken(self, sending: Awaitable[object]) -> None:
        """Wait until a client took something.

        Meanwhile nobody listens to the upstream, which is not to blame for it.
        """
        began_s = self._clock()
        self._is_sending = True
        await sending
        self._is_sending = False
        self._heard_s += self._clock() - began_s

    def limit_s(self, limits: Limits) -> float:
        """How long the whole of it may take, from the request on."""
        return limits.stream_s

    def began_s(self) -> float:
        """When the client asked; of several the last."""
        return self._began_s

    async def write(self, data: bytes) -> None:
        """Send a piece of the answer."""
        raise NotImplementedError

    def tell(self, name: str, value: str) -> None:
        """Send one more header, where they are not yet out; of one that is there, more."""
        raise NotImplementedError

    async def finish(self, data: bytes) -> web.StreamResponse:
        """Send the last piece and the end."""
        raise NotImplementedError

    async def cut_short(self, data: bytes) -> web.StreamResponse:
        """Send the end of an answer that has fewer pictures than were wanted."""
        self.tell("x-portico-ignored", "n")
        return await self.finish(data)

    async def fail(self, error: ProxyError, data: bytes) -> web.StreamResponse:
        """Send what tells of this error, where no status can."""
        return await self.finish(data)

    def drop(self) -> None:
        """Send away a client that takes its answer too slowly."""


class _Own(Exchange):
    """The answer to one request."""

    def __init__(
        self, request: web.BaseRequest, headers: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        super().__init__(clock)
        self._request = request
        self._headers = dict(headers)

    def tell(self, name: str, value: str) -> None:
        known = self._headers.get(name)
        self._headers[name] = f"{known}, {value}" if known else value


class Whole(_Own):
    """An answer that is sent at once, when it is complete."""

    def limit_s(self, limits: Limits) -> float:
        return limits.whole_s

    async def write(self, data: bytes) -> None:
        """Nothing goes out before the end."""

    async def finish(self, data: bytes) -> web.StreamResponse:
        self._ended = True
        response = web.Response(body=data, headers=self._headers)
        # It is over when it was taken: whoever leaves before that is one who left.
        await response.prepare(self._request)
        await response.write_eof()
        # The library keeps it until the next request on this connection.
        response.body = None
        return response


class Streamed(_Own):
    """An answer that is sent as it comes.

    Until the head is sent, a failure can still be told by a status; afterwards only by a frame. The
    head waits for the first piece of the answer, but not for long; while there is nothing to send,
    comments keep the client waiting.
    """

    streams = True

    def __init__(
        self, request: web.BaseRequest, headers: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        super().__init__(request, headers, clock)
        self._response: web.StreamResponse | None = None
        """Once its head is out."""
        self._sent_s = clock()
        self._committing = asyncio.Lock()

    def limit_s(self, limits: Limits) -> float:
        return limits.whole_s if self.is_drawn else limits.stream_s

    async def write(self, data: bytes) -> None:
        response = self._response
        if response is None:
            response = await self._commit()
        await self._taken(response.write(data))
        self._sent_s = self._clock()

    async def _commit(self) -> web.StreamResponse:
        async with self._committing:
            if self._response is None:
                self.committed = True
                response = web.StreamResponse(headers=spelled(self._headers))
                if self._request.version < (1, 1):
                    # Without chunks only the end of the connection says where the answer ends.
                    response.force_close()
                await response.prepare(self._request)
                self._response = response
            return self._response

    async def finish(self, data: bytes) -> web.StreamResponse:
        await self.write(data)
        self._ended = True
        response = await self._commit()
        await response.write_eof()
        return response

    async def look(self, now_s: float, limits: Limits) -> None:
        await super().look(now_s, limits)
        if self._ended or self._is_behind:
            return
        if not self.committed:
            if now_s - self._began_s >= limits.commit_s:
                await self.write(KEEP_ALIVE)
        elif now_s - self._sent_s >= limits.heartbeat_s:
            await self.write(KEEP_ALIVE)

    @property
    def _is_behind(self) -> bool:
        """Whether the client has yet to take what was sent: whoever writes more may have to wait.

        The watcher must not, which looks after all others as well.
        """
        transport = self._request.transport
        is_full = transport is not None and transport.get_write_buffer_size() > 0
        return is_full or self._is_sending

    def drop(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()
