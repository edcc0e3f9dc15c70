"""A chat that is made while something else of its prompt is seen to: the files it takes along."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from tray_app.core.calls import Flow
from tray_app.core.errors import ProxyError

from .runner import Run, Runner
from .session import Lane
from .tasks import Tasks


class Ahead:
    """A flow that is driven beside whoever begins it; `close` it where it may not have been used.

    Args:
        runner: Drives it.
        tasks: Hold what drives it.
        flow: Makes the chat.
        lane: Whose session makes it.
    """

    def __init__(self, runner: Runner, tasks: Tasks, flow: Flow, lane: Lane) -> None:
        self.lane = lane
        self._stack = AsyncExitStack()
        running = self._stack.enter_async_context(runner.running(flow, lane))
        self._task = tasks.held(running, "ahead", is_part=True)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Run]:
        """The flow at its end, once; raises `ProxyError` where it failed."""
        async with self._stack:
            try:
                run = await self._task
            except ProxyError as error:
                # The task holds on to its error, which would hold on to whoever waits here.
                raise error.copy() from None
            yield run

    async def close(self) -> None:
        """End it, and have what it left tidied."""
        self._task.cancel()
        await asyncio.wait((self._task,))
        await self._stack.aclose()
