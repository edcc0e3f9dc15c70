"""Signing in by the window: the person signs in at the site, and everything else happens by itself.

The page is looked at only while it is the site's own. What it keeps is taken up when it has said
the same twice, and only after the site itself took it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import urlsplit

from msgspec import Struct

from tray_app.core.ports import Upstream
from tray_app.core.session import PageSession
from tray_app.core.site import Site
from tray_app.proxy.door import DoorError
from tray_app.proxy.window import SiteWindow

LIMIT_S = 30 * 60.0
TWICE_S = 1.2
"""How far apart the same has to be seen twice: pages write their storage in several steps."""

How = Literal["signed_in", "left", "late", "other", "gone"]


class Signed(Struct, frozen=True):
    """How signing in ended."""

    how: How
    """`left`: the person closed the window; `late`: nobody signed in; `other`: somebody did, with
    another account than before, and the person did not want that; `gone`: there is no window."""
    account: str = ""
    said: str = ""
    """What the site made of it last; empty where all is well."""


class SigningIn(Struct, frozen=True):
    """What signing in works with; used from one loop.

    Args of the functions in it: `adopt` takes what the window has, confirmed or not, and may raise
    `DoorError`; `agrees` asks the person about another account, before and now; `tell_guest` tells
    that a guest is nobody, `tell_refused` that the way chosen is closed to windows of apps.
    """

    window: SiteWindow
    site: Site
    upstream: Upstream
    adopt: Callable[[bool], Awaitable[dict[str, Any]]]
    agrees: Callable[[str, str], Awaitable[bool]]
    tell_guest: Callable[[], None]
    tell_refused: Callable[[], None]
    tell: Callable[[str], None]
    limit_s: float = LIMIT_S

    async def run(self) -> Signed:
        """Show the window until somebody is signed in, the person leaves it, or it takes too long.

        The window is hidden when it is over.
        """
        try:
            async with asyncio.timeout(self.limit_s):
                return await self._watched()
        except TimeoutError:
            return Signed("late")
        finally:
            self.window.hide()

    async def _watched(self) -> Signed:
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def told() -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(news.set)

        unfollow = self.window.follow(told)
        try:
            return await self._signed(news)
        finally:
            unfollow()

    async def _signed(self, news: asyncio.Event) -> Signed:
        left_before = self.window.news.hidden_by_person
        self.window.show(self.site.pages.sign_in)
        refused, said, was_open = ("", "", False), "", False
        tell_guest, tell_refused = _once(self.tell_guest), _once(self.tell_refused)
        while True:
            news.clear()
            state = self.window.status.state
            left = self.window.news.hidden_by_person
            if left > left_before and state != "shown":
                return Signed("left", said=said)
            # Whoever closed it, and asked for it again while the site was asked, has not left.
            left_before = left
            if state == "absent" or (state == "closed" and was_open):
                return Signed("gone", said=said)
            was_open = was_open or state != "closed"
            found = await self._found()
            token = found.session.token if found.session is not None else ""
            # What was refused where the site asked for a person may be taken after that.
            tried = (token, self.window.news.url, self.window.news.check)
            if urlsplit(self.window.news.url).hostname in self.site.pages.refusing:
                tell_refused()
            if found.kind == "guest":
                tell_guest()
            elif found.kind == "signed_in" and tried != refused:
                try:
                    return await self._adopted()
                except DoorError as error:
                    refused, said = tried, str(error)
                    self.tell(said)
                continue
            await news.wait()

    async def _found(self) -> PageSession:
        """Who is signed in, where the page is the site's own and says the same twice."""
        found = self._read()
        if found.kind != "signed_in":
            return found
        await asyncio.sleep(TWICE_S)
        return found if self._read() == found else PageSession("nobody")

    def _read(self) -> PageSession:
        news = self.window.news
        if not is_at(news.url, self.site.chat_origin):
            return PageSession("nobody")
        return self.upstream.read_page(news.stored, time.time())

    async def _adopted(self) -> Signed:
        told = await self.adopt(False)  # noqa: FBT003
        if "other" in told:
            if not await self.agrees(str(told["before"]), str(told["other"])):
                return Signed("other")
            told = await self.adopt(True)  # noqa: FBT003
        return Signed("signed_in", account=str(told.get("account", "")))


def _once(tell: Callable[[], None]) -> Callable[[], None]:
    """The same, but only the first time."""
    left = [tell]

    def told() -> None:
        if left:
            left.pop()()

    return told


def is_at(url: str, origin: str) -> bool:
    """Whether an address is exactly of this origin."""
    parts, own = urlsplit(url), urlsplit(origin)
    return (parts.scheme, parts.netloc) == (own.scheme, own.netloc)
