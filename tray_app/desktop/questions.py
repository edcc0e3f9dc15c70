"""Questions that only a person can answer: one at a time, in a window."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .launcher import Launcher
from .views import NO
from .windows import WindowName
from .windows.messages import QuestionView

_WINDOW: WindowName = "question"


class Questions:
    """Asks one question at a time; used from one loop.

    Args:
        launcher: Shows the windows; who made it tells here what comes from the question's.
    """

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._one_at_a_time = asyncio.Lock()
        self._talk: Talk | None = None

    async def ask(self, view: QuestionView) -> str:
        """The id of the answer; the safe one where the window was closed."""
        async with self.talk() as talk:
            answer, _ = await talk.ask(view)
            return answer

    @asynccontextmanager
    async def talk(self) -> "AsyncIterator[Talk]":
        """A window for several questions about one thing; it is closed with the context."""
        async with self._one_at_a_time:
            self._talk = Talk(self._launcher)
            try:
                yield self._talk
            finally:
                self._talk = None
                self._launcher.close(_WINDOW)

    def answered(self, answer: str, typed: str) -> None:
        """Take an answer that came from the window, and what was typed beside it."""
        if self._talk is not None:
            self._talk.answered(answer, typed)

    def ended(self) -> None:
        """Note that the window is gone without an answer."""
        if self._talk is not None:
            self._talk.is_over = True
            self._talk.answered(NO, "")


class Talk:
    """One window, with one question after the other."""

    def __init__(self, launcher: Launcher) -> None:
        self.is_over = False
        """Whether the person closed the window."""
        self._launcher = launcher
        self._answer: asyncio.Future[tuple[str, str]] | None = None

    async def ask(self, view: QuestionView) -> tuple[str, str]:
        """The id of the answer, and what was typed."""
        if self.is_over:
            return NO, ""
        self._answer = asyncio.get_running_loop().create_future()
        self._launcher.open(_WINDOW, view)
        return await self._answer

    def answered(self, answer: str, typed: str) -> None:
        """Take an answer; the first one counts."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((answer, typed))
