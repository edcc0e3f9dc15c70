"""What keeps the site's window: when there is a child of it, what is known, and what it is asked.

Everything here belongs to one loop, but for what says otherwise. There is one child at most, and
none while nobody needs it. While it is hidden and nothing is asked of it, nothing happens at all.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.site import Site
from tray_app.desktop.windows.site_messages import (
    At,
    Begin,
    Check,
    FromSite,
    Hidden,
    Hide,
    Renew,
    Reveal,
    Stored,
    Usable,
)
from tray_app.proxy.tasks import Tasks
from tray_app.proxy.window import News, PageCall, PageCookie, WindowState, WindowStatus
from tray_app.store import StoreError

from . import site_profile
from .site_answer import PageAnswer
from .site_child import SiteChild, Times, asks_for_a_person, said_of

_log = logging.getLogger(__name__)


class WindowPlan(Struct, frozen=True):
    """What a window is for, and how it is to be."""

    site: Site
    profile: Path
    """The folder that has who is signed in; made, and closed to others, by the window."""
    title: Callable[[News], str]
    """What stands in the frame before the address, by where the page is or is sent."""
    idle_s: Callable[[], float]
    """How long it is kept, hidden and without calls."""


class SiteKeeper:
    """Keeps the window of one plan.

    Args:
        plan: What it is for.
        words: The command that starts its child.
        times: How long what may take.
    """

    def __init__(self, plan: WindowPlan, words: Sequence[str], times: Times) -> None:
        self._plan = plan
        self._site = plan.site
        self._words = words
        self._times = times
        self._tasks = Tasks()
        self._turn = asyncio.Lock()
        self._changed = asyncio.Event()
        self._wanted = asyncio.Event()
        self._child: SiteChild | None = None
        self._uses = 0
        self._idle: asyncio.TimerHandle | None = None
        self._is_shown = False
        self._is_ended = False
        self._missing = ""
        self._missing_until_s = 0.0
        self.status = WindowStatus("closed")
        """How it is with it; for any thread."""
        self.news = News()
        """What is known of the page; for any thread."""
        self._followers: tuple[Callable[[], None], ...] = ()
        self._following = threading.Lock()

    def follow(self, told: Callable[[], None]) -> Callable[[], None]:
        """Have this called after every change of `status` or `news`; from any thread."""

        def leave() -> None:
            with self._following:
                self._followers = tuple(one for one in self._followers if one is not told)

        with self._following:
            self._followers = (*self._followers, told)
        return leave

    async def _have(self, path: str, *, shown: bool) -> tuple[SiteChild, bool]:
        """The child that there is, or a new one once the last is gone; and whether it is new."""
        async with self._turn:
            child = self._child
            if child is not None and not child.is_over:
                return child, False
            if child is not None:
                await child.gone.wait()
            self._refuse(shown=shown)
            try:
                await asyncio.to_thread(site_profile.prepare, self._plan.profile)
            except StoreError as error:
                raise ProxyError(Kind.WINDOW_CLOSED, str(error)) from error
            title = self._title(path)
            begin = Begin(self._site, str(self._plan.profile), path, shown, title)
            child = self._child = SiteChild(begin, self._times, self._hear)
            self._is_shown = shown
            self._tasks.spawn(self._keep(child), "site-window")
            self._note()
            return child, True

    def _refuse(self, *, shown: bool) -> None:
        """Raise where no window can be, or may be any more."""
        if self._is_ended:
            raise ProxyError(Kind.WINDOW_CLOSED, "Portico is about to end")
        is_early = asyncio.get_running_loop().time() < self._missing_until_s
        if self._missing and is_early and not shown:
            raise ProxyError(Kind.WINDOW_CLOSED, said_of(self._missing))
        self._missing = ""

    async def _keep(self, child: SiteChild) -> None:
        try:
            await child.keep(self._words, self._wanted)
        finally:
            if child.fault:
                self._missing = child.fault
                now_s = asyncio.get_running_loop().time()
                self._missing_until_s = now_s + self._times.missing_s
            try:
                await asyncio.to_thread(site_profile.prepare, self._plan.profile)
            except StoreError as error:
                _log.error("site window: %s", error)
            self._child = None
            child.gone.set()
            self._note()

    def _hear(self, message: FromSite | None) -> None:
        news = self.news
        match message:
            case At(url):
                self._note(msgspec.structs.replace(news, url=url))
            case Stored(values):
                self._note(msgspec.structs.replace(news, stored=values))
            case Check(visible):
                self._note(msgspec.structs.replace(news, check=visible))
            case Usable(_, script):
                self._note(msgspec.structs.replace(news, script=script))
            case Hidden():
                self._is_shown = False
                times = news.hidden_by_person + 1
                self._note(msgspec.structs.replace(news, hidden_by_person=times))
            case _:
                self._note()

    def _note(self, news: News | None = None) -> None:
        """Take account of whatever changed, and tell those who follow."""
        child = self._child
        is_there = child is not None and not child.is_over
        news = news or self.news
        if not is_there:
            self._is_shown = False
            news = msgspec.structs.replace(news, url="", check=False)
        missing = self._missing or (child.fault if child is not None else "")
        status = WindowStatus(self._state(), "" if is_there else missing)
        self._weigh()
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if (status, news) == (self.status, self.news):
            return
        if status != self.status:
            _log.info("site window=%s", status.state)
        self.status, self.news = status, news
        for told in self._followers:
            try:
                told()
            except Exception:  # noqa: BLE001  what a follower does wrong is not the window's end
                _log.exception("follower=failed")

    def _state(self) -> WindowState:
        child = self._child
        if child is None or child.is_over:
            return "absent" if self._missing or (child is not None and child.fault) else "closed"
        if not child.is_open:
            return "opening"
        return "shown" if self._is_shown else "hidden"

    def _weigh(self) -> None:
        """See whether anybody needs the page, and for how long it is kept if nobody does."""
        child = self._child
        is_there = child is not None and not child.is_over
        is_wanted = self._uses > 0 or self._is_shown or (child is not None and child.is_busy)
        if is_wanted:
            self._wanted.set()
        else:
            self._wanted.clear()
        if self._idle is not None and (is_wanted or not is_there):
            self._idle.cancel()
            self._idle = None
        elif self._idle is None and is_there and not is_wanted:
            loop = asyncio.get_running_loop()
            self._idle = loop.call_later(self._plan.idle_s(), self._rest)

    def _rest(self) -> None:
        self._idle = None
        self._tasks.spawn(self.close(idle=True), "site-window-idle")

    @contextmanager
    def _using(self) -> Iterator[None]:
        """Need the window until the context ends."""
        self._uses += 1
        self._weigh()
        try:
            yield
        finally:
            self._uses -= 1
            self._weigh()

    async def _until(self, child: SiteChild, holds: Callable[[], bool]) -> None:
        """Wait until something is so; raises `ProxyError` once the child is over."""
        while not holds():
            child.check()
            await self._changed.wait()

    async def ready(self) -> SiteChild:
        """A child whose page can make calls; raises `ProxyError` where there is none in time."""
        with self._using():
            child, _ = await self._have(self._site.pages.home, shown=False)
            try:
                async with asyncio.timeout(self._times.load_s):
                    await self._until(child, lambda: child.is_usable or child.is_checking)
            except TimeoutError:
                why = "Qwen's page did not load in time (is this computer offline?)"
                if not self._is_shown:
                    child.give_up(why)
                raise ProxyError(Kind.WINDOW_STUCK, why) from None
            if child.is_checking:
                raise asks_for_a_person()
            return child

    async def ask(self, answer: PageAnswer, call: PageCall) -> None:
        """Have the page make a call; raises `ProxyError`."""
        child = await self.ready()
        # It may have ended in the same moment in which its page became ready.
        child.check()
        child.ask(answer, call)
        self._weigh()

    def drop(self, answer: PageAnswer) -> None:
        """End a call whose answer nobody reads any more, unless it has ended."""
        if self._child is not None:
            self._child.drop(answer)
        self._weigh()

    async def renew(self, is_new: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str]:
        """What is stored once the page renewed its session; raises `ProxyError`."""
        with self._using():
            try:
                async with asyncio.timeout(self._times.renew_s):
                    await self._renewed(lambda: self._is_at_sign_in() or is_new(self.news.stored))
            except TimeoutError:
                raise ProxyError(
                    Kind.UPSTREAM_TIMEOUT, "Qwen's page did not renew the session in time"
                ) from None
            return self.news.stored

    async def _renewed(self, is_done: Callable[[], bool]) -> None:
        was_there = self._child is not None and self._child.is_usable
        if self._is_at_sign_in() and not self._is_shown and self._child is not None:
            # Some sites leave people there who have signed in, and send only others back.
            self._child.visit(self._site.pages.home)
            self._note(msgspec.structs.replace(self.news, url=""))
            was_there = False
        if self._is_person_signing_in():
            raise ProxyError(
                Kind.UPSTREAM_TIMEOUT, "Somebody is just signing in in Portico's window"
            )
        child = await self.ready()
        if not was_there:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._times.settle_s):
                    await self._until(child, is_done)
        if not is_done():
            child.say(Renew())
            await self._until(child, is_done)

    def _is_person_signing_in(self) -> bool:
        """Whether a person is on the way through sign-in pages, which must not be loaded anew."""
        url = urlsplit(self.news.url)
        is_elsewhere = f"{url.scheme}://{url.netloc}" != self._site.chat_origin
        below = f"{self._site.pages.sign_in}/"
        return (
            self._is_shown and bool(self.news.url) and (is_elsewhere or url.path.startswith(below))
        )

    def _is_at_sign_in(self) -> bool:
        url = urlsplit(self.news.url)
        is_home = f"{url.scheme}://{url.netloc}" == self._site.chat_origin
        return is_home and url.path == self._site.pages.sign_in

    async def cookies(self) -> tuple[PageCookie, ...]:
        """The session's cookies, but for those by which the page renews it; raises `ProxyError`."""
        with self._using():
            child, _ = await self._have(self._site.pages.home, shown=False)
            try:
                async with asyncio.timeout(self._times.start_s):
                    await self._until(child, lambda: child.is_open)
                async with asyncio.timeout(self._times.jar_s):
                    jar = await child.jar()
            except TimeoutError:
                raise ProxyError(
                    Kind.WINDOW_STUCK, "Portico's window did not tell its cookies in time"
                ) from None
        pages = self._site.pages
        return tuple(
            PageCookie(one.name, one.value, one.domain, one.everywhere)
            for one in jar
            if one.domain in pages.cookie_domains and one.name not in pages.kept_back
        )

    async def show_at(self, path: str | None) -> None:
        """Show the window, at this page of the chat origin or where it is; raises `ProxyError`."""
        with self._using():
            child, is_new = await self._have(path or self._site.pages.home, shown=True)
            if not is_new:
                self.show(path)
            await self._until(child, lambda: child.is_open)

    def show(self, path: str | None) -> None:
        """Show the window soon, at this page of the chat origin or where it is."""
        child = self._child
        if child is None or child.is_over:
            self._tasks.spawn(self.show_at(path), "show-site-window")
            return
        if path is not None:
            child.visit(path)
        child.say(Reveal(self._title(path)))
        self._is_shown = True
        self._note()

    def hide(self) -> None:
        """Hide the window; its page goes on."""
        if self._child is not None and not self._child.is_over:
            self._child.say(Hide())
        self._is_shown = False
        self._note()

    def _title(self, path: str | None) -> str:
        url = self.news.url if path is None else self._site.chat_origin + path
        return self._plan.title(msgspec.structs.replace(self.news, url=url))

    async def close(self, *, idle: bool = False) -> None:
        """End the child, and wait until it is gone; if it is idle, or in any case."""
        async with self._turn:
            if not (idle and self._wanted.is_set()):
                await self._see_off()

    async def _see_off(self) -> None:
        child = self._child
        if child is not None:
            child.leave()
            await child.gone.wait()

    async def end(self) -> None:
        """End the child for good."""
        self._is_ended = True
        await self.close()

    async def forget(self) -> None:
        """End the child and wipe its profile; raises `StoreError`."""
        async with self._turn:
            await self._see_off()
            self._note(msgspec.structs.replace(self.news, stored={}))
            await asyncio.to_thread(site_profile.wipe, self._plan.profile)
