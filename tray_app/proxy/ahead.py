"""A chat that is made while something else of its prompt is seen to: the files it takes along."""

import asyncio
from collections.abc import AsyncIterator, Callable
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
        fails: Told at once of an error after which what goes on beside it is of no use, and which
            must not be met again: a challenge, a limit.
    """

    def __init__(
        self,
        runner: Runner,
        tasks: Tasks,
        flow: Flow,
        lane: Lane,
        fails: Callable[[ProxyError], None],
    ) -> None:
        self.lane = lane
        self._stack = AsyncExitStack()
        running = self._stack.enter_async_context(runner.running(flow, lane))
        self._task = tasks.held(running, "ahead", is_part=True)

        def over(task: "asyncio.Task[Run]") -> None:
            error = None if task.cancelled() else task.exception()
            if isinstance(error, ProxyError) and error.again in {None, "answered"}:
                fails(error.copy())

        self._task.add_done_callback(over)

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
        try:
            await asyncio.wait((self._task,))
        finally:
            await self._stack.aclose()
