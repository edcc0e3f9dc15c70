"""Runs flows over a transport: makes the calls they yield and sends them the answers."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from msgspec.structs import replace

from tray_app.core.calls import (
    Answer,
    Call,
    Flow,
    Kept,
    Later,
    Pause,
    Renew,
    Reply,
    Step,
    Stream,
    Tokens,
    Upload,
)
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import Event
from tray_app.store.chats import Chats

from .activity import request_here
from .breaker import Attempt, Breaker
from .session import Lane, SessionOwner
from .tasks import Tasks
from .transport import Body
from .uploading import Carrier

Leaves = Callable[[Answer], Later | None]
Work = Callable[[], Awaitable[Answer]]

_log = logging.getLogger(__name__)

_NOT_ASKED = {
    Kind.UPSTREAM_UNREACHABLE,
    Kind.UPSTREAM_DISCONNECTED,
    Kind.UPSTREAM_TIMEOUT,
    Kind.RATE_LIMITED,
    Kind.QUEUE_FULL,
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

    def __init__(self, runner: "Runner", value: object, lane: Lane, attempt: Attempt) -> None:
        self.value = value
        """What it replied."""
        self._runner = runner
        self._lane = lane
        self._attempt = attempt

    def open(self, stream: Stream) -> AbstractAsyncContextManager[Body]:
        """The answer of a stream, whose head `heed` is to be told of first."""
        return self._runner.open(stream, self._lane, self._attempt)

    def heed(self, stream: Stream, body: Body) -> None:
        """Learn what the head of the answer says, and have the decoder read it."""
        self._runner.heed(stream, body, self._lane, self._attempt)

    async def events(self, after: Flow) -> tuple[Event, ...]:
        """What a stream's bytes did not bring, by the flow that looks for it."""
        events = await self._runner.reply(after, self._lane)
        if not isinstance(events, tuple):
            raise ProxyError(Kind.INTERNAL_ERROR, "What was looked for came to no events")
        return events


class Runner:
    """Drives flows; each call carries the session of the flow's lane as it is at that moment."""

    def __init__(
        self,
        transport: Carrier,
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
                value = await self._drive(flow, later, lane, attempt)
                yield Run(self, value, lane, attempt)
        finally:
            for left in reversed(later):
                self._tasks.spawn(self.tidy(left, lane), "tidy")

    async def reply(self, flow: Flow, lane: Lane | None = None) -> object:
        """What a flow replies, after which nothing more is asked."""
        async with self.running(flow, lane) as run:
            return run.value

    async def tidy(self, left: Later, lane: Lane) -> None:
        """Delete a chat, or keep it as long as its flow says, and note what came of it.

        Raises `ProxyError` where it is neither gone nor kept. A flow that keeps it without a call
        is heard even where none may be made now.
        """
        try:
            begun = _begun(left.flow)
            if isinstance(begun, Reply):
                value = begun.value
            elif self.is_quiet():
                self._chats.leave(left.chat, refused=False)
                return
            else:
                value = await self.reply(begun, lane)
        except BaseException as error:
            self._chats.leave(left.chat, refused=_is_refusal(error))
            raise
        if isinstance(value, Kept):
            self._chats.keep(left.chat, self._owner.time.now_s + value.for_s)
        else:
            self._chats.strike(left.chat)

    async def renew(self, flow: Flow, lane: Lane) -> Tokens:
        """The tokens that a renewal of the session on `lane` brings."""
        tokens = await self.reply(flow, lane)
        if not isinstance(tokens, Tokens):
            raise ProxyError(Kind.INTERNAL_ERROR, "A renewal brought no tokens")
        return tokens

    def open(
        self, stream: Stream, lane: Lane, attempt: Attempt
    ) -> AbstractAsyncContextManager[Body]:
        """See `Run.open`."""
        self.check(stream.call)
        attempt.asking()
        return self._transport.open(stream.call, lane.session)

    def heed(self, stream: Stream, body: Body, lane: Lane, attempt: Attempt) -> None:
        """See `Run.heed`."""
        _tell(stream.call, str(body.status))
        attempt.heard(body.status)
        self._heed(body, stream.call, lane)
        stream.decoder.open(body.status, body.headers)
        attempt.answered()

    async def _drive(self, flow: Flow, later: list[Later], lane: Lane, attempt: Attempt) -> object:
        token = ""
        try:
            step = next(flow)
            while True:
                match step:
                    case Later():
                        later.append(step)
                        self._note(step, lane)
                        step = next(flow)
                    case Pause():
                        _log.debug("pause=%.1fs request=%s", step.wait_s, request_here())
                        await asyncio.sleep(step.wait_s)
                        step = next(flow)
                    case Renew():
                        await self._owner.renewed(token)
                        step = next(flow)
                    case Call() | Upload():
                        token = lane.session.token if lane.session else ""
                        step = flow.send(await self._answered(step, lane, attempt))
        except StopIteration as end:
            found: Reply = end.value
            return found.value
        finally:
            flow.close()

    async def _answered(self, step: Call | Upload, lane: Lane, attempt: Attempt) -> Answer:
        """What came of a step, with how long it took."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            if isinstance(step, Upload):
                # The store is not the site: it has no session, and no challenge comes from there.
                answer = await self._transport.put(step)
            else:
                answer = await self._call(step, lane, attempt)
        except ProxyError as error:
            _tell(step, error.kind.value, began_s)
            raise
        _tell(step, str(answer.status), began_s)
        return replace(answer, took_s=loop.time() - began_s)

    async def _call(self, call: Call, lane: Lane, attempt: Attempt) -> Answer:
        self.check(call)
        attempt.asking()

        def heed(body: Body) -> None:
            attempt.heard(body.status)
            self._heed(body, call, lane)

        work = partial(self._transport.call, call, lane.session, heed)
        return await (work() if call.leaves is None else self._kept(call.leaves, work, lane))

    async def _kept(self, leaves: Leaves, work: Work, lane: Lane) -> Answer:
        """The answer to a call; where nobody waits for it any more, what it leaves is done."""
        waited: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._tasks.spawn(self._brought(leaves, work, waited, lane), "made", is_part=True)
        try:
            return await waited
        except asyncio.CancelledError:
            if not waited.cancelled() and waited.exception() is None:
                # Both came at once.
                self._tasks.spawn(self._abandon(leaves(waited.result()), lane), "tidy")
            raise

    async def _brought(
        self,
        leaves: Leaves,
        work: Work,
        waited: asyncio.Future[Answer],
        lane: Lane,
    ) -> None:
        try:
            answer = await work()
        except asyncio.CancelledError:
            waited.cancel()
            raise
        except Exception as error:  # whoever waits is told of it
            if waited.done():
                raise
            waited.set_exception(error)
        else:
            if waited.done():
                await self._abandon(leaves(answer), lane)
            else:
                waited.set_result(answer)

    async def _abandon(self, left: Later | None, lane: Lane) -> None:
        """Tidy what was made for nobody."""
        if left is not None:
            self._note(left, lane)
            await self.tidy(left, lane)

    def _note(self, left: Later, lane: Lane) -> None:
        self._chats.note(left.chat, lane.session.account if lane.session else "")

    def _heed(self, body: Body, call: Call, lane: Lane) -> None:
        """Keep what the head of an answer says of the session and of the time."""
        self._owner.absorb(body.cookies, call.place, lane)
        self._owner.time.hear(body.headers.get("date", ""))


def _tell(step: Call | Upload, came: str, began_s: float | None = None) -> None:
    """Log a call in full, without what it carries; an upload's path is a key to what it leaves.

    A stream has only begun then, and when it began is told with its request.
    """
    if not _log.isEnabledFor(logging.DEBUG):
        return
    if isinstance(step, Upload):
        what = f"PUT {step.host} bytes={len(step.body)}"
    else:
        what = f"{step.method} {step.path.partition('?')[0]} bytes={len(step.body or b'')}"
    took = f" took={asyncio.get_running_loop().time() - began_s:.3f}s" if began_s else ""
    _log.debug("call=%s came=%s%s request=%s", what, came, took, request_here())


def _begun(flow: Flow) -> Flow | Reply:
    """A flow at its first step, or the end of one that takes none."""
    try:
        step = next(flow)
    except StopIteration as end:
        found: Reply = end.value
        return found
    return _resumed(step, flow)


def _resumed(step: Step, flow: Flow) -> Flow:
    """What is left of a flow that has come to this step."""
    try:
        while True:
            step = flow.send((yield step))
    except StopIteration as end:
        found: Reply = end.value
        return found
    finally:
        flow.close()


def _is_refusal(error: BaseException) -> bool:
    """Whether it is of no use to try a deletion for ever that ended like this."""
    if isinstance(error, ProxyError):
        return error.kind not in _NOT_ASKED and error.again is None
    return not isinstance(error, asyncio.CancelledError)
