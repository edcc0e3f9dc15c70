"""Work beside requests: every task has a name, is held, and is waited for at the end."""

import asyncio
import logging
from collections.abc import Coroutine
from contextvars import Context, copy_context
from typing import Any
from weakref import ReferenceType, ref

from tray_app.core.errors import ProxyError

_log = logging.getLogger(__name__)


class Tasks:
    """The tasks of one running proxy."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, object], name: str, *, is_part: bool = False) -> None:
        """Start work that nobody waits for; what goes wrong in it is logged.

        Args:
            work: What to do.
            name: What the log calls it.
            is_part: It belongs to the request in which it is started, and is noted there.
        """
        _ = self.held(work, name, is_part=is_part)

    def held(
        self, work: Coroutine[Any, Any, object], name: str, *, is_part: bool = False
    ) -> "asyncio.Task[Any]":
        """The same as a task, for who ends it."""
        context = copy_context() if is_part else Context()
        task = asyncio.get_running_loop().create_task(work, name=name, context=context)
        self._running.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, ProxyError):
            _log.info("task=%s failed kind=%s", task.get_name(), error.kind.value)
        elif error is not None:
            _log.error("task=%s failed", task.get_name(), exc_info=error)

    async def finish(self, within_s: float) -> None:
        """Wait for everything that still runs, then end the rest."""
        if self._running:
            await asyncio.wait(self._running, timeout=within_s)
        left = set(self._running)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=1.0)


TaskRef = ReferenceType[asyncio.Task[Any]]
"""Whoever a task works for must not hold on to it: with what ended it, it holds on to all of its
work, and where they hold each other that stays until rubbish is collected, minutes later."""


def this_task() -> TaskRef | None:
    """The task that this is done by; None where no loop runs."""
    try:
        task = asyncio.current_task()
    except RuntimeError:
        return None
    if task is None:
        return None
    found = ref(task)
    # Where it was asked for once, a reference has it for good; else not once the task is gone.
    hash(found)
    return found


class Fuse:
    """Lets somebody else end a piece of work with an error; used as an async context.

    A cancellation from elsewhere, such as the client's leaving, stays one.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        self._cancelling = 0
        self._error: ProxyError | None = None

    def blow(self, error: ProxyError) -> None:
        """End the work with this error; the first error counts."""
        if self._error is None and self._task is not None:
            self._error = error
            self._task.cancel()

    async def __aenter__(self) -> "Fuse":
        self._task = task = asyncio.current_task()
        self._cancelling = task.cancelling() if task else 0
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        task, self._task = self._task, None
        error, self._error = self._error, None
        if error is None or task is None:
            return
        left = task.uncancel()
        if kind is asyncio.CancelledError and left <= self._cancelling:
            try:
                raise error from None
            finally:
                # They and this frame would hold each other, and all of the work.
                del error, task
