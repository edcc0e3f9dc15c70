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
    """Asks one question at a time, and none twice; used from one loop.

    Args:
        launcher: Shows the windows; who made it tells here what comes from the question's.
    """

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._one_at_a_time = asyncio.Lock()
        self._talks: dict[str, Talk] = {}
        self._current: Talk | None = None
        self._is_closed = False

    async def ask(self, about: str, view: QuestionView) -> str:
        """The id of the answer; the safe one where the window was closed or is open already.

        Args:
            about: What it is about: the same is not asked twice at a time.
            view: The question.
        """
        async with self.talk(about) as talk:
            answer, _ = await talk.ask(view)
            return answer

    @asynccontextmanager
    async def talk(self, about: str) -> "AsyncIterator[Talk]":
        """A window for several questions about one thing; it is closed with the context."""
        talk = Talk(self._launcher)
        there = self._talks.get(about)
        if there is not None or self._is_closed:
            if there is not None:
                there.come_to_the_front()
            talk.is_over = True
            yield talk
            return
        self._talks[about] = talk
        try:
            async with self._one_at_a_time:
                self._current = talk
                try:
                    yield talk
                finally:
                    self._current = None
                    self._launcher.close(_WINDOW)
        finally:
            del self._talks[about]

    def answered(self, answer: str, typed: str) -> None:
        """Take an answer that came from the window, and what was typed beside it."""
        if self._current is not None:
            self._current.answered(answer, typed)

    def ended(self) -> None:
        """Note that the window is gone without an answer."""
        if self._current is not None:
            self._current.end()

    def withdraw(self, about: str) -> None:
        """Have a question answered by no, because it does not arise any more."""
        talk = self._talks.get(about)
        if talk is not None:
            talk.end()

    def close(self) -> None:
        """Have every question answered by no, those to come as well."""
        self._is_closed = True
        for talk in self._talks.values():
            talk.end()


class Talk:
    """One window, with one question after the other."""

    def __init__(self, launcher: Launcher) -> None:
        self.is_over = False
        """Whether the person closed the window, or nothing is asked any more."""
        self._launcher = launcher
        self._view: QuestionView | None = None
        self._answer: asyncio.Future[tuple[str, str]] | None = None

    async def ask(self, view: QuestionView) -> tuple[str, str]:
        """The id of the answer, and what was typed."""
        if self.is_over:
            return NO, ""
        self._view = view
        self._answer = asyncio.get_running_loop().create_future()
        self._launcher.open(_WINDOW, view)
        return await self._answer

    def come_to_the_front(self) -> None:
        """Show the window to who asks for it again."""
        if self._view is not None and self._answer is not None and not self._answer.done():
            self._launcher.open(_WINDOW, self._view)

    def answered(self, answer: str, typed: str) -> None:
        """Take an answer; the first one counts."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((answer, typed))

    def end(self) -> None:
        """Ask nothing any more; what is asked is answered by no."""
        self.is_over = True
        self.answered(NO, "")


def about_visitor(origin: str) -> str:
    """What the question about a web app is about."""
    return f"visitor {origin}"
