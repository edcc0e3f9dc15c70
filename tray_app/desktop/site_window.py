"""The window that is signed in to the site, as it is used from any loop and any thread.

It lives in one loop, that of whoever calls `begin`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.window import News, PageCall, PageCookie, WindowStatus

from .child_process import command
from .site_answer import PageAnswer
from .site_child import Times
from .site_keeper import SiteKeeper, WindowPlan

_T = TypeVar("_T")


class SiteWindow:
    """The site's window; see `tray_app.proxy.window.SiteWindow` for what others may ask of it.

    To watch somebody sign in: `show` the page for it, `follow` it, and look at `news.stored` (who
    is signed in), `news.hidden_by_person` (they gave up) and `status` at each change.

    Args:
        plan: What it is for.
        words: The command that starts its child.
        times: How long what may take.
    """

    def __init__(
        self, plan: WindowPlan, words: Sequence[str] | None = None, times: Times | None = None
    ) -> None:
        words = command("site") if words is None else words
        self._keeper = SiteKeeper(plan, words, times or Times())
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def status(self) -> WindowStatus:
        """How it is with it; from any thread."""
        return self._keeper.status

    @property
    def news(self) -> News:
        """What is known of the page; from any thread."""
        return self._keeper.news

    def follow(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have `told` called, in the window's thread, after every change of `status` or `news`."""
        return self._keeper.follow(told)

    def begin(self) -> None:
        """Live in the loop that runs now; said once, before anything is asked of it."""
        self._loop = asyncio.get_running_loop()

    async def ready(self) -> None:
        """Have a page that can make calls."""
        await self._there(self._keeper.ready())

    @asynccontextmanager
    async def fetch(
        self, call: PageCall, head_s: Callable[[], float | None]
    ) -> AsyncIterator[PageAnswer]:
        """The answer to a call, once its head came.

        `verification_needed` is raised besides, where the page is, or by the call becomes, one that
        asks for a person.
        """
        answer = PageAnswer()
        try:
            await self._there(self._keeper.ask(answer, call))
            await answer.head(head_s)
            yield answer
        finally:
            self._from_anywhere(self._keeper.drop, answer)

    async def renew(self, is_new: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str]:
        """Have the page renew its session, unless what is stored is new already.

        What is stored on the page where people sign in is given at once, whatever it is.

        Args:
            is_new: Asked in the window's thread; that somebody was signed out is new as well.
        """
        return await self._there(self._keeper.renew(is_new))

    async def cookies(self) -> tuple[PageCookie, ...]:
        """The session's cookies, but for those by which the page renews it."""
        return await self._there(self._keeper.cookies())

    def show(self, path: str | None = None) -> None:
        """Show the window, at this page of the chat origin or where it is."""
        self._from_anywhere(self._keeper.show, path)

    def hide(self) -> None:
        """Hide the window; its page goes on."""
        self._from_anywhere(self._keeper.hide)

    async def close(self) -> None:
        """End the window's process; it comes back when it is needed."""
        await self._there(self._keeper.close())

    async def forget(self) -> None:
        """End the window's process and wipe its profile; raises `StoreError` if that fails."""
        await self._there(self._keeper.forget())

    async def end(self) -> None:
        """End the window's process for good."""
        await self._there(self._keeper.end())

    async def _there(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do something in the window's loop."""
        loop = self._loop
        if loop is asyncio.get_running_loop():
            return await work
        if loop is None or loop.is_closed():
            work.close()
            raise ProxyError(Kind.WINDOW_CLOSED, "There is no window now")
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, loop))

    def _from_anywhere(self, deed: Callable[..., object], *about: object) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(deed, *about)
