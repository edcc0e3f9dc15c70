"""Equal requests that are on their way at the same time: one work, an answer for each.

Only for keys whose profile says so, since whoever asks the same thing twice may want two answers.
Requests are equal where the same key, with the same profile and under the same sign-in, sends the
same bytes to the same route. Nothing else of them matters: `Idempotency-Key` does not make two
requests equal, `x-stainless-retry-count` does not make them different, and each answer has an
`x-request-id` of its own. A form is never joined: its boundary is another each time.

The work belongs to nobody: it goes on as long as somebody is there for it, and ends with the last
who leaves. What it brings is kept from the beginning, so that whoever joins late gets everything,
but only so much of it; from then on nobody can join any more.
"""

import asyncio
import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web
from msgspec import Struct

from tray_app.core.deeds import Deed
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Profile

from .activity import Common
from .budget import Share
from .exchange import Exchange
from .keys import LocalKey
from .limits import Limits
from .session import Lane
from .tasks import Tasks

DIGEST = web.RequestKey("digest", bytes)
"""Of the body of a request that may be joined."""
KEPT_BYTES = 1 << 20
"""So much of an answer is kept for who takes it slowly, or comes late."""
AHEAD_BYTES = 256 << 10
"""So far is the work ahead of the fastest before it waits."""
_LARGE_BYTES = 256 << 10
"""The digest of a larger body is made beside everybody else."""


class Mark(Struct, frozen=True):
    """What two requests have in common that are equal."""

    digest: bytes
    route: str
    key: str
    secret: str
    profile: Profile
    lane: Lane

    def __repr__(self) -> str:
        return f"Mark(route={self.route!r}, key={self.key!r})"


def mark_of(digest: bytes, route: str, key: LocalKey, lane: Lane) -> Mark:
    """The mark of a request with a body of this digest, for the session on this lane."""
    return Mark(digest, route, key.name, key.secret, key.profile, lane)


async def digest_of(body: bytes) -> bytes:
    """What stands for these bytes and no others."""
    if len(body) > _LARGE_BYTES:
        return await asyncio.to_thread(_digest, body)
    return _digest(body)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


class Together(Exchange):
    """One work for several requests; for the work it is the client's side of the answer.

    Make it while the first of them is answered.

    Args:
        clock: Monotonic seconds.
        streams: The answer is sent as it comes.
    """

    def __init__(self, clock: Callable[[], float], *, streams: bool) -> None:
        super().__init__(clock)
        # Who has had nothing yet is told a status all the same: see `_ended_for`.
        self.committed = self.streams = streams
        self.common = Common()
        self._told: list[tuple[str, str]] = []
        self._pieces = bytearray()
        self._gone = 0
        """So many bytes were there before those that are kept."""
        self._places: dict[Exchange, int] = {}
        """Who is there for it, each with how many bytes it took."""
        self._end: bytes | None = None
        self._error: ProxyError | None = None
        self._some: Callable[[], bytes | None] = lambda: None
        self._moved = asyncio.Event()
        self._is_granted = False
        self._task: asyncio.Task[Any] | None = None

    @property
    def is_joinable(self) -> bool:
        """Whether one more would get all of it."""
        return not (self._is_over or self._gone or self._is_left)

    @property
    def _is_over(self) -> bool:
        return self._end is not None or self._error is not None

    @property
    def _is_left(self) -> bool:
        """Nobody is there for it any more."""
        return self._task is not None and not self._places

    def begin(self, task: "asyncio.Task[Any]") -> None:
        """This task does the work."""
        self._task = task
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[Any]") -> None:
        """However the work ended, nobody waits for more of it."""
        # It holds on to what it raised, that to all of the work, and the work to this.
        self._task = None
        self._some = lambda: None
        if not self._is_over:
            error = ProxyError(Kind.SERVER_STOPPING) if task.cancelled() else task.exception()
            if not isinstance(error, ProxyError):
                error = ProxyError(Kind.INTERNAL_ERROR, "Portico failed on this request")
            self._error = error.copy()
        self._move()

    def limit_s(self, limits: Limits) -> float:
        return limits.stream_s if self.streams and not self.is_drawn else limits.whole_s

    def draws(self) -> None:
        super().draws()
        for exchange in self._places:
            exchange.draws()

    def brings(self, some: Callable[[], bytes | None]) -> None:
        self._some = some

    def granted(self) -> None:
        self._is_granted = True
        for exchange in self._places:
            exchange.unlisten()

    def tell(self, name: str, value: str) -> None:
        self._told.append((name, value))
        for exchange in self._places:
            exchange.tell(name, value)

    async def write(self, data: bytes) -> None:
        """Keep it for everybody, and wait where even the fastest is behind."""
        if not self.streams:
            return
        self._pieces += data
        self._move()
        self._shorten()
        while self._places and self._size - max(self._places.values()) > AHEAD_BYTES:
            await self._taken(self._moved.wait())

    @property
    def _size(self) -> int:
        """Of all that came so far."""
        return self._gone + len(self._pieces)

    def _shorten(self) -> None:
        """Keep no more than may be kept: who would need more has taken it too slowly."""
        if len(self._pieces) <= KEPT_BYTES:
            return
        fastest = max(self._places.values(), default=self._size)
        for exchange, taken in tuple(self._places.items()):
            if fastest - taken > KEPT_BYTES:
                del self._places[exchange]
                exchange.drop()
        taken = min(self._places.values(), default=self._size)
        del self._pieces[: taken - self._gone]
        self._gone = taken

    async def finish(self, data: bytes) -> web.StreamResponse:
        self._ended = True
        self._end = data
        self._move()
        return web.Response()

    async def fail(self, error: ProxyError, data: bytes) -> web.StreamResponse:
        self._error = error.copy()
        return await self.finish(data)

    async def bring(self, exchange: Exchange, deed: Deed, patience_s: float) -> web.StreamResponse:
        """All that comes of the work, to one who is there for it; raises `ProxyError`.

        Args:
            exchange: The client's side. It has its own time, and the others have theirs; when it is
                over, what there is of the answer is brought.
            deed: What is noted of this client's request.
            patience_s: So long the client waits for the work's turn.
        """
        self.common.follow()
        for name, value in self._told:
            exchange.tell(name, value)
        self._places[exchange] = 0
        if self.is_drawn:
            exchange.draws()
        # Nobody has less time because somebody else asked before.
        self._began_s = self._clock()
        if not self._is_granted:
            late = f"No turn came within the {patience_s:g} s that this request may wait"
            exchange.listen(patience_s, Kind.TOO_SLOW, late)
        some: bytes | None = None
        try:
            async with exchange.fuse:
                await self._pass_on(exchange)
        except ProxyError as error:
            # Of a stream something may not be taken yet. Another end may have come just now.
            if self.streams:
                raise
            if self._end is None:
                some = self._some()
                if some is None:
                    raise
                deed.fail(error)
        finally:
            self._places.pop(exchange, None)
            self._move()
            if not self._places and not self._is_over and self._task is not None:
                self._task.cancel()
        if some is not None:
            return await exchange.cut_short(some)
        return await self._ended_for(exchange)

    async def _pass_on(self, exchange: Exchange) -> None:
        """Everything but the end."""
        while True:
            if data := self._next(exchange):
                await exchange.write(data)
                self._took(exchange, len(data))
            elif self._is_over:
                return
            else:
                await self._moved.wait()

    def _next(self, exchange: Exchange) -> bytes:
        """What this one has not taken yet of what is there."""
        if exchange not in self._places:
            raise ConnectionResetError("An answer was taken too slowly")
        return bytes(self._pieces[self._places[exchange] - self._gone :])

    def _took(self, exchange: Exchange, size: int) -> None:
        if exchange in self._places:
            self._places[exchange] += size
            self._move()

    async def _ended_for(self, exchange: Exchange) -> web.StreamResponse:
        """The end, as it can still be told."""
        error = self._error
        if error is not None and not (exchange.committed and self._end is not None):
            raise error.copy()
        return await exchange.finish(self._end or b"")

    def _move(self) -> None:
        """Wake whoever waits for something to happen here."""
        self._moved.set()
        self._moved = asyncio.Event()


class Joining:
    """Works that can be joined; used in the proxy's loop."""

    def __init__(self) -> None:
        self._works: dict[Mark, Together] = {}
        self._tasks = Tasks()

    def under_way(self, mark: Mark) -> Together | None:
        """A work for requests of this mark that brings one more everything."""
        found = self._works.get(mark)
        return found if found is not None and found.is_joinable else None

    def begin(
        self, mark: Mark, together: Together, work: Coroutine[Any, Any, None], share: Share
    ) -> None:
        """Have it done; at its end its share is given back."""
        self._works[mark] = together
        task = self._tasks.held(work, "joined")

        def over(_: object) -> None:
            share.give_back()
            if self._works.get(mark) is together:
                del self._works[mark]

        task.add_done_callback(over)
        together.begin(task)
