"""Calls to the upstream, made by the page of the window: the page transport.

The page's own code adds what it adds and the browser sends its cookies; of the headers only those
are ours that the page's code would set as well.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from email.utils import formatdate
from typing import Protocol

from tray_app.core.calls import Answer, Call
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Upstream
from tray_app.core.session import Session, SetCookie
from tray_app.core.site import Site

from .limits import Limits
from .moment import stamp
from .transport import Body, whole
from .window import PageAnswer, PageCall, SiteWindow

_TOLD_S = 1.0
"""How long after a page was left it may take to learn where the next one is."""


class Person(Protocol):
    """What a page transport asks of whoever hands checks to the person."""

    @property
    def is_asking(self) -> bool:
        """Whether a person is being asked: how long a head takes does not count then."""

    @property
    def is_left_alone(self) -> bool:
        """Whether the page shows a check that nobody answered in time."""

    @property
    def sees_check(self) -> bool:
        """Whether the page asks for a person now."""


class PageTransport:
    """Has the window's page make calls; the session is the page's own.

    Args:
        window: The window.
        site: Where the page is.
        upstream: Knows the headers.
        limits: Those in force.
        person: Tells how it is with the checks.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        window: SiteWindow,
        site: Site,
        upstream: Upstream,
        limits: Callable[[], Limits],
        person: Callable[[], Person],
        clock: Callable[[], float],
    ) -> None:
        self._window = window
        self._site = site
        self._upstream = upstream
        self._limits = limits
        self._person = person
        self._clock = clock

    async def call(
        self, call: Call, session: Session | None, heed: Callable[[Body], None]
    ) -> Answer:
        """The whole answer, however many pieces it came in."""
        async with self.open(call, session) as body:
            heed(body)
            return Answer(body.status, body.headers, await whole(body, self._limits()))

    @asynccontextmanager
    async def open(self, call: Call, session: Session | None) -> AsyncIterator[Body]:
        """The answer as it comes; raises `ProxyError` where the page gets none."""
        if call.place != "chat":
            raise ProxyError(Kind.INTERNAL_ERROR, "The page was to call another host than its own")
        has_head = False
        try:
            await self._window.ready()
            async with self._window.fetch(self._asked(call), self._head_s()) as answer:
                has_head = True
                if answer.status == 0:
                    raise ProxyError(
                        Kind.UPSTREAM_REDIRECT,
                        "The site answered with a redirect, which is not followed",
                    )
                yield _PageBody(answer)
        except ProxyError as error:
            if has_head or not await self._was_challenge(error):
                raise
            raise ProxyError(
                Kind.VERIFICATION_NEEDED, "Qwen's page asks for a person instead of answering"
            ) from None

    async def _was_challenge(self, error: ProxyError) -> bool:
        """Whether a call got no answer since its page asks for a person."""
        if error.kind is Kind.UPSTREAM_TIMEOUT:
            return self._person().is_left_alone
        return error.kind is Kind.UPSTREAM_DISCONNECTED and await self._comes_to_check()

    async def _comes_to_check(self) -> bool:
        """Whether the page that a call was made by gave way to one that asks for a person."""
        loop, news = asyncio.get_running_loop(), asyncio.Event()

        def told() -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(news.set)

        unfollow = self._window.follow(told)
        try:
            async with asyncio.timeout(_TOLD_S):
                while not self._person().sees_check:
                    await news.wait()
                    news.clear()
        except TimeoutError:
            return False
        finally:
            unfollow()
        return True

    def _asked(self, call: Call) -> PageCall:
        return PageCall(
            method=call.method,
            path=call.path,
            headers=self._upstream.page_headers(call, stamp(), self._window.news.script),
            body=call.body,
            bearer=self._site.pages.bearer if call.signed else "",
        )

    def _head_s(self) -> Callable[[], float | None]:
        """How long a head may still take, from the last moment at which a person was asked."""
        since_s = self._clock()

        def left_s() -> float | None:
            nonlocal since_s
            person = self._person()
            if person.is_asking:
                since_s = self._clock()
                return None
            if person.is_left_alone:
                return 0.0
            return since_s + self._limits().headers_s - self._clock()

        return left_s

    def wake(self) -> None:
        """The browser looks after its connections itself."""

    async def forget(self) -> None:
        """The page's session is the profile's, and ends with it."""

    async def close(self) -> None:
        """The window is another's to close."""


class _PageBody:
    """An answer of the page as a transport's; its cookies are the profile's."""

    cookies: tuple[SetCookie, ...] = ()

    def __init__(self, answer: PageAnswer) -> None:
        self._answer = answer
        self.status = answer.status
        self.headers = dict(answer.headers)
        self.headers.setdefault("date", formatdate(usegmt=True))

    async def read(self) -> bytes:
        return await self._answer.read()
