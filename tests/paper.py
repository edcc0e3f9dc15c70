"""A window without a screen: signs in, loads pages and makes calls as the site's own page does.

It is a browser as far as the practice site can tell: cookies, a local storage, the pages' scripts
(written here once more), and the checks that they show. A test is the person who sits before it.
"""

import asyncio
import re
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
import msgspec

from tests.browser import CHECK_PATH, Browser
from tests.harness import Running, running
from tests.waiting import until
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import PracticeSite
from tray_app.proxy.window import News, PageAnswer, PageCall, PageCookie, WindowState, WindowStatus

_LOOK_S = 0.05
T = TypeVar("T")


class Call:
    """A call that the page makes; everything is done in the window's loop."""

    def __init__(self, asked: PageCall) -> None:
        self.asked = asked
        self.head: asyncio.Future[tuple[int, dict[str, str]]] = asyncio.Future()
        self.pieces: asyncio.Queue[bytes | ProxyError] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None

    def end(self, error: ProxyError | None = None) -> None:
        """Nothing more comes of it."""
        if self.task is not None and self.task is not asyncio.current_task():
            self.task.cancel()
        if not self.head.done():
            self.head.set_exception(error or ProxyError(Kind.UPSTREAM_DISCONNECTED))
            self.head.exception()
        self.pieces.put_nowait(error or b"")


class Answer:
    """What the proxy reads of a call, from a loop of its own."""

    def __init__(self, window: "PaperWindow", call: Call) -> None:
        self._window = window
        self._call = call
        self.status, self.headers = call.head.result()

    async def read(self) -> bytes:
        piece = await self._window.there(self._call.pieces.get())
        if isinstance(piece, ProxyError):
            raise piece.copy()
        return piece


class PaperWindow:
    """The window; its methods in the upper half are the product's, those below a test's."""

    def __init__(self, site: PracticeSite) -> None:
        self.site = site
        self.browser = Browser(site)
        self.renew_s = 25.0
        self.is_hung = False
        self.tells_late_s = 0.0
        """So long after a page was left it is told where the next one is."""
        self.opened = self.renewals = self.tasted = self.vain = self._loads = 0
        self.shown: list[str | None] = []
        """Where the window was shown, None for where it was."""
        self.made: list[PageCall] = []
        """Every call that the page was asked to make."""
        self._status = WindowStatus("closed")
        self._news = News()
        self._followers: list[Callable[[], None]] = []
        self._calls: set[Call] = set()
        self._check = ""
        self._answered = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="paper", daemon=True)
        self._thread.start()
        self._lock = asyncio.Lock()

    @property
    def status(self) -> WindowStatus:
        return self._status

    @property
    def news(self) -> News:
        return self._news

    def follow(self, told: Callable[[], None]) -> Callable[[], None]:
        self._followers.append(told)
        return lambda: self._followers.remove(told)

    async def ready(self) -> None:
        await self.there(self._ready())

    @asynccontextmanager
    async def fetch(
        self, call: PageCall, head_s: Callable[[], float | None]
    ) -> AsyncIterator[PageAnswer]:
        made = await self.there(self._begun(call))
        try:
            while not await self.there(self._has_head(made)):
                left_s = head_s()
                if left_s is not None and left_s <= 0:
                    raise ProxyError(Kind.UPSTREAM_TIMEOUT, "The page got no answer in time")
            yield Answer(self, made)
        finally:
            self._soon(self._ended(made))

    async def renew(self, is_new: Callable[[Mapping[str, str]], bool]) -> Mapping[str, str]:
        was_closed = self._status.state == "closed"
        self.renewals += 1
        await self.ready()
        self.vain -= 1  # So many come to nothing: the page finds its token good enough.
        if self.vain < 0 and not was_closed:
            self._soon(self._renewed())
        end_s = time.monotonic() + self.renew_s
        while not is_new(self._news.stored):
            if time.monotonic() > end_s:
                raise ProxyError(Kind.UPSTREAM_TIMEOUT, "Qwen's page did not renew in time")
            await asyncio.sleep(_LOOK_S)
        return self._news.stored

    async def cookies(self) -> tuple[PageCookie, ...]:
        await self.ready()
        found = tuple(
            PageCookie(name, value, "127.0.0.1", everywhere=False)
            for name, value in self.browser.jar.items()
        )
        self.tasted += 1
        return found

    def show(self, path: str | None = None) -> None:
        self.shown.append(path)
        self._soon(self._shown(path))

    def hide(self) -> None:
        self._soon(self._hidden())

    async def close(self) -> None:
        await self.there(self._closed())

    async def forget(self) -> None:
        await self.there(self._forgotten())

    # What a test is told and may do; from its own thread.

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """The outcome of something that is done in the window's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(15)

    def sign_in(self, email: str = "person@practice.example") -> None:
        """Sign in at the site's own page, as a person does."""
        self.do(self._signed_in(email))

    def sign_out_at_site(self) -> None:
        """Have the page find out that its session is over."""
        self.site.revoke()
        self.do(self._renewed())

    def become_guest(self) -> None:
        """Have the page hold a guest's token."""
        self.browser.keep(self.site._sessions.new_guest())
        self.do(self._tell())

    @property
    def asks(self) -> bool:
        """Whether it shows a check, and has loaded what belongs to it."""
        return self._status.state == "shown" and bool(self._check) and not self._loads

    def answer(self) -> None:
        """Answer the check that is shown: the click of a person."""
        until(lambda: self._check)
        self.do(self._click())

    def go(self, path: str) -> None:
        """Have the page go somewhere, which ends its calls."""
        self.do(self._load(path))

    def close_by_person(self) -> None:
        """Close the window, which hides it."""
        self.do(self._hidden(by_person=1))

    def die(self) -> None:
        """End the window's process at once."""
        self.do(self._closed())

    def lack(self, what: str = "webview2") -> None:
        """Be on a computer where there can be no window."""
        self.do(self._become("absent", what))

    def stop(self) -> None:
        """End for good."""
        self.do(self._closed())
        self.do(self._settled())
        self.do(self.browser.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    # The browser.

    async def there(self, work: Coroutine[Any, Any, T]) -> T:
        """The outcome of something done in the window's loop, awaited in another."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def _soon(self, work: Coroutine[Any, Any, object]) -> "Future[object]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _become(self, state: WindowState, missing: str = "") -> None:
        self._status = WindowStatus(state, missing)
        await self._tell()

    async def _tell(self, **news: Any) -> None:
        news.setdefault("stored", dict(self.browser.storage))
        self._news = msgspec.structs.replace(self._news, **news)
        for told in tuple(self._followers):
            told()

    async def _ready(self) -> None:
        if self._status.state == "absent":
            raise ProxyError(Kind.WINDOW_CLOSED, "There is no window here")
        if self.is_hung:
            raise ProxyError(Kind.WINDOW_STUCK, "The window does not answer")
        async with self._lock:
            if self._status.state == "closed":
                self.opened += 1
                await self._become("opening")
                await self._load("/")
                await self._become("hidden")

    async def _shown(self, path: str | None) -> None:
        await self._ready()
        if path is not None:
            await self._load(path)
        await self._become("shown")

    async def _hidden(self, by_person: int = 0) -> None:
        if self._status.state == "shown":
            self._status = WindowStatus("hidden")
        await self._tell(hidden_by_person=self._news.hidden_by_person + by_person)

    async def _closed(self) -> None:
        self._end_calls(Kind.WINDOW_CLOSED)
        self._check = ""
        self._answered.set()
        if self._status.state != "absent":
            self._status = WindowStatus("closed")
        await self._tell(url="", check=False)

    async def _settled(self) -> None:
        """End what is still going on, once it had the time to come to its end."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in (await asyncio.wait(tasks, timeout=1))[1] if tasks else ():
            task.cancel()

    async def _forgotten(self) -> None:
        await self._closed()
        self.browser.jar.clear()
        self.browser.storage.clear()
        await self._tell()

    def _end_calls(self, kind: Kind = Kind.UPSTREAM_DISCONNECTED) -> None:
        calls, self._calls = self._calls, set()
        for call in calls:
            call.end(ProxyError(kind, "The page was left"))

    async def _load(self, path: str) -> None:
        """Go to a page of the chat origin and do what its script does."""
        self._loads += 1
        try:
            await self._loaded(path)
        finally:
            self._loads -= 1

    async def _loaded(self, path: str) -> None:
        self._end_calls()
        self._check = ""
        if self.tells_late_s:
            await asyncio.sleep(self.tells_late_s)
        url = self.site.origin + path
        found = await self.browser.text("GET", url)
        wall = re.search(r'location="([^"]+)"', found)
        if wall is not None and wall[1]:
            url = wall[1]
            found = await self.browser.text("GET", url)
        if CHECK_PATH in urlsplit(url).path:
            self._check = url
            await self._tell(url=url.partition("?")[0], check=False)
            return
        script = "/qwen-chat-fe/0.3.12/js/main.js"
        await self._tell(url=url.partition("?")[0], check=False, script=script)
        check = await self.browser.run_scripts(urlsplit(url).path)
        await self._tell()
        if check:
            self._soon(self._modal(check))

    async def _renewed(self) -> None:
        await self.browser.load_beside()
        await self._tell()

    async def _signed_in(self, email: str) -> None:
        await self.browser.sign_in(email)
        await self._load("/")
        if self._status.state == "closed":
            self.opened += 1
            await self._become("hidden")

    async def _click(self) -> None:
        url, query = self._check, self._check.partition("?")[2]
        if not self._news.url or CHECK_PATH in self._news.url:
            await self.browser.text("POST", f"{self.site.origin}{CHECK_PATH}verify?{query}")
            await self._load("/")
            return
        await self.browser.text(
            "POST", f"{self.site.origin}{CHECK_PATH}verify?{query}", Referer=url
        )
        self._check = ""
        self._answered.set()
        await self._tell(check=False)

    async def _modal(self, url: str) -> None:
        """Show the check in the page, and return when it was answered."""
        if not self._check:
            self._check = url
            self._answered = asyncio.Event()
            await self._tell(check=True)
        await self._answered.wait()

    async def _begun(self, asked: PageCall) -> Call:
        await self._ready()
        self.made.append(asked)
        call = Call(asked)
        self._calls.add(call)
        call.task = asyncio.get_running_loop().create_task(self._make(call))
        return call

    async def _has_head(self, call: Call) -> bool:
        await asyncio.wait({call.head}, timeout=_LOOK_S)
        if not call.head.done():
            return False
        call.head.result()
        return True

    async def _ended(self, call: Call) -> None:
        self._calls.discard(call)
        call.end()

    async def _make(self, call: Call) -> None:
        try:
            await self._fetch(call)
        except aiohttp.ClientConnectorError:
            call.end(ProxyError(Kind.UPSTREAM_UNREACHABLE, "The page got no connection"))
        except (aiohttp.ClientError, OSError):
            call.end(ProxyError(Kind.UPSTREAM_DISCONNECTED, "The connection broke"))

    async def _fetch(self, call: Call) -> None:
        """The fetch of the page's own script, which shows the site's checks."""
        asked = call.asked
        async with self.browser.by_page(
            asked.method, asked.path, asked.headers, asked.body, asked.bearer
        ) as answer:
            check = answer.headers.get("x-practice-check")
            if check is None:
                told = {name.lower(): value for name, value in answer.headers.items()}
                call.head.set_result((0 if 300 <= answer.status < 400 else answer.status, told))
                async for data in answer.content.iter_any():
                    call.pieces.put_nowait(data)
                call.pieces.put_nowait(b"")
                return
            place = (await answer.json())["data"]["url"]
        if check == "navigation":
            self._soon(self._load(place.removeprefix(self.site.origin)))
            return
        await self._modal(place)
        await self._fetch(call)


@contextmanager
def windowed(site: PracticeSite, **parts: Any) -> Iterator[tuple[Running, PaperWindow]]:
    """A proxy whose session a window has, in which somebody signed in; the site wants its page."""
    site.page_only = True
    window = PaperWindow(site)
    window.sign_in()
    try:
        with running(site, session=None, window=window, **parts) as proxy:
            proxy.control("session", what="adopt")
            yield proxy, window
    finally:
        window.stop()
