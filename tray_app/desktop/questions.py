"""Questions that only a person can answer: one at a time, in a window."""

import asyncio

from .launcher import Launcher
from .views import NO
from .windows import WindowName
from .windows.messages import QuestionView

_WINDOW: WindowName = "question"


class Questions:
    """Asks one question at a time; used from one loop.

    Args:
        launcher: Shows the windows; who made it tells what comes from the question's here.
    """

    def __init__(self, launcher: Launcher) -> None:
        self._launcher = launcher
        self._one_at_a_time = asyncio.Lock()
        self._answer: asyncio.Future[tuple[str, str]] | None = None

    async def ask(self, view: QuestionView) -> tuple[str, str]:
        """The id of the answer, and what was typed; the safe one where the window was closed."""
        async with self._one_at_a_time:
            self._answer = asyncio.get_running_loop().create_future()
            self._launcher.open(_WINDOW, view)
            try:
                return await self._answer
            finally:
                self._answer = None
                self._launcher.close(_WINDOW)

    def answered(self, answer: str, typed: str = "") -> None:
        """Take an answer that came from the window."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result((answer, typed))

    def ended(self) -> None:
        """Note that the window is gone without an answer."""
        self.answered(NO)
