"""Runs flows over a transport: makes the calls they yield and sends them the answers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from tray_app.core.calls import Answer, Call, Flow, Later, Reply, Stream, Tokens
from tray_app.core.errors import Kind, ProxyError
from tray_app.store.chats import Chats

from .breaker import Attempt, Breaker
from .session import Lane, SessionOwner
from .tasks import Tasks
from .transport import Body, Transport

_NOT_ASKED = {
    Kind.UPSTREAM_UNREACHABLE,
    Kind.UPSTREAM_DISCONNECTED,
    Kind.UPSTREAM_TIMEOUT,
    Kind.RATE_LIMITED,
    Kind.WINDOW_CLOSED,
    Kind.WINDOW_STUCK,
    Kind.VERIFICATION_NEEDED,
    Kind.COOLING_DOWN,
    Kind.BREAKER_OPEN,
}
"""What says nothing of the chat that was to be deleted."""


class Run:
    """A flow that was driven to its end.

    What follows from it goes on the lane of the same session.
    """

    def __init__(self, runner: "Runner", end: Stream | Reply, lane: Lane, attempt: Attempt) -> None:
        self.end = end
        self._runner = runner
        self._lane = lane
        self._attempt = attempt

    def open(self, stream: Stream) -> AbstractAsyncContextManager[Body]:
        """The answer of the flow's stream, with its head read by the decoder."""
        return self._runner.open(stream, self._lane, self._attempt)


class Runner:
    """Drives flows; each call carries the session of the flow's lane as it is at that moment."""

    def __init__(
        self,
        transport: Transport,
        owner: SessionOwner,
        tasks: Tasks,
        chats: Chats,
        breaker: Breaker,
    ) -> None:
        self._transport = transport
        self._owner = owner
        self._tasks = tasks
        self._chats = chats
        self.breaker = breaker
        self.check: Callable[[Call], None] = lambda _: None
        """Raises `ProxyError` where a call may not be made now."""
        self.is_quiet: Callable[[], bool] = lambda: False
        """Whether what can be done later should be."""

    @asynccontextmanager
    async def running(self, flow: Flow, lane: Lane | None = None) -> AsyncIterator[Run]:
        """A flow at its end; what it left for later is begun when the context is over."""
        later: list[Later] = []
        lane = lane or self._owner.lane
        try:
            with self.breaker.trying() as attempt:
                end = await self._drive(flow, later, lane, attempt)
                yield Run(self, end, lane, attempt)
        finally:
            for left in reversed(later):
                self._tasks.spawn(self.tidy(left, lane), "tidy")

    async def reply(self, flow: Flow, lane: Lane | None = None) -> object:
        """The value of a flow that ends in a `Reply`."""
        async with self.running(flow, lane) as run:
            if isinstance(run.end, Reply):
                return run.end.value
        raise ProxyError(Kind.INTERNAL_ERROR, "A flow ended in a stream where none was wanted")

    async def tidy(self, left: Later, lane: Lane) -> None:
        """Delete a chat, and note what came of it; raises `ProxyError` unless it is gone."""
        if self.is_quiet():
            self._chats.leave(left.chat, refused=False)
            return
        try:
            await self.reply(left.flow, lane)
        except BaseException as error:
            self._chats.leave(left.chat, refused=_is_refusal(error))
            raise
        self._chats.strike(left.chat)

    async def renew(self, flow: Flow, lane: Lane) -> Tokens:
        """The tokens that a renewal of the session on `lane` brings."""
        tokens = await self.reply(flow, lane)
        if not isinstance(tokens, Tokens):
            raise ProxyError(Kind.INTERNAL_ERROR, "A renewal brought no tokens")
        return tokens

    @asynccontextmanager
    async def open(self, stream: Stream, lane: Lane, attempt: Attempt) -> AsyncIterator[Body]:
        """See `Run.open`."""
        self.check(stream.call)
        attempt.asking()
        async with self._transport.open(stream.call, lane.session) as body:
            attempt.heard(body.status)
            self._heed(body, stream.call, lane)
            stream.decoder.open(body.status, body.headers)
            attempt.answered()
            yield body

    async def _drive(
        self, flow: Flow, later: list[Later], lane: Lane, attempt: Attempt
    ) -> Stream | Reply:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Later):
                    later.append(step)
                    self._chats.note(step.chat, lane.session.account if lane.session else "")
                    step = next(flow)
                else:
                    step = flow.send(await self._call(step, lane, attempt))
        except StopIteration as end:
            found: Stream | Reply = end.value
            return found
        finally:
            flow.close()

    async def _call(self, call: Call, lane: Lane, attempt: Attempt) -> Answer:
        self.check(call)
        attempt.asking()

        def heed(body: Body) -> None:
            attempt.heard(body.status)
            self._heed(body, call, lane)

        return await self._transport.call(call, lane.session, heed)

    def _heed(self, body: Body, call: Call, lane: Lane) -> None:
        """Keep what the head of an answer says of the session and of the time."""
        self._owner.absorb(body.cookies, call.place, lane)
        self._owner.time.hear(body.headers.get("date", ""))


def _is_refusal(error: BaseException) -> bool:
    """Whether it is of no use to try a deletion for ever that ended like this."""
    if isinstance(error, ProxyError):
        return error.kind not in _NOT_ASKED and error.again is None
    return not isinstance(error, asyncio.CancelledError)
