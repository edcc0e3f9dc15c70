"""Runs flows over a transport: makes the calls they yield and sends them the answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tray_app.core.calls import Answer, Call, Flow, Later, Reply, Stream, Tokens
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.session import Session

from .session import SessionOwner
from .tasks import Tasks
from .transport import Body, Transport


class Runner:
    """Drives flows with the session of one owner."""

    def __init__(self, transport: Transport, owner: SessionOwner, tasks: Tasks) -> None:
        self._transport = transport
        self._owner = owner
        self._tasks = tasks

    @asynccontextmanager
    async def running(self, flow: Flow, session: Session | None) -> AsyncIterator[Stream | Reply]:
        """The end of a flow; what it left for later is begun when the context is over."""
        later: list[Flow] = []
        try:
            yield await self._drive(flow, session, later)
        finally:
            for left in reversed(later):
                self._tasks.spawn(self._finish(left), "tidy")

    async def reply(self, flow: Flow, session: Session | None) -> object:
        """The value of a flow that ends in a `Reply`."""
        async with self.running(flow, session) as end:
            if isinstance(end, Reply):
                return end.value
        raise ProxyError(Kind.INTERNAL_ERROR, "A flow ended in a stream where none was wanted")

    async def renew(self, flow: Flow, session: Session) -> Tokens:
        """The tokens that a renewal brings."""
        tokens = await self.reply(flow, session)
        if not isinstance(tokens, Tokens):
            raise ProxyError(Kind.INTERNAL_ERROR, "A renewal brought no tokens")
        return tokens

    @asynccontextmanager
    async def open(self, stream: Stream, session: Session) -> AsyncIterator[Body]:
        """The answer of a flow's stream, with its head read by the decoder."""
        async with self._transport.open(stream.call, session) as body:
            self._owner.absorb(body.cookies)
            stream.decoder.open(body.status, body.headers)
            yield body

    async def _drive(
        self, flow: Flow, session: Session | None, later: list[Flow]
    ) -> Stream | Reply:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Later):
                    later.append(step.flow)
                    step = next(flow)
                else:
                    step = flow.send(await self._call(step, session))
        except StopIteration as end:
            found: Stream | Reply = end.value
            return found
        finally:
            flow.close()

    async def _call(self, call: Call, session: Session | None) -> Answer:
        answer, cookies = await self._transport.call(call, session)
        self._owner.absorb(cookies)
        return answer

    async def _finish(self, flow: Flow) -> None:
        await self.reply(flow, self._owner.session)
