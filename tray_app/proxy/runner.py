"""Runs flows over a transport: makes the calls they yield and sends them the answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tray_app.core.calls import Answer, Call, Flow, Later, Reply, Stream, Tokens
from tray_app.core.errors import Kind, ProxyError

from .session import SessionOwner
from .tasks import Tasks
from .transport import Body, Transport


class Runner:
    """Drives flows; each call carries the session as it is at that moment."""

    def __init__(self, transport: Transport, owner: SessionOwner, tasks: Tasks) -> None:
        self._transport = transport
        self._owner = owner
        self._tasks = tasks

    @asynccontextmanager
    async def running(self, flow: Flow) -> AsyncIterator[Stream | Reply]:
        """The end of a flow; what it left for later is begun when the context is over."""
        later: list[Flow] = []
        try:
            yield await self._drive(flow, later)
        finally:
            for left in reversed(later):
                self._tasks.spawn(self._finish(left), "tidy")

    async def reply(self, flow: Flow) -> object:
        """The value of a flow that ends in a `Reply`."""
        async with self.running(flow) as end:
            if isinstance(end, Reply):
                return end.value
        raise ProxyError(Kind.INTERNAL_ERROR, "A flow ended in a stream where none was wanted")

    async def renew(self, flow: Flow) -> Tokens:
        """The tokens that a renewal brings."""
        tokens = await self.reply(flow)
        if not isinstance(tokens, Tokens):
            raise ProxyError(Kind.INTERNAL_ERROR, "A renewal brought no tokens")
        return tokens

    @asynccontextmanager
    async def open(self, stream: Stream) -> AsyncIterator[Body]:
        """The answer of a flow's stream, with its head read by the decoder."""
        async with self._transport.open(stream.call, self._owner.session) as body:
            self._owner.absorb(body.cookies)
            stream.decoder.open(body.status, body.headers)
            yield body

    async def _drive(self, flow: Flow, later: list[Flow]) -> Stream | Reply:
        try:
            step = next(flow)
            while True:
                if isinstance(step, Later):
                    later.append(step.flow)
                    step = next(flow)
                else:
                    step = flow.send(await self._call(step))
        except StopIteration as end:
            found: Stream | Reply = end.value
            return found
        finally:
            flow.close()

    async def _call(self, call: Call) -> Answer:
        answer, cookies = await self._transport.call(call, self._owner.session)
        self._owner.absorb(cookies)
        return answer

    async def _finish(self, flow: Flow) -> None:
        await self.reply(flow)
