"""Calls to the upstream, made by the page of the window: the page transport.

The page's own code adds what it adds and the browser sends its cookies; of the headers only those
are ours that the page's code would set as well.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate

from tray_app.core.calls import Answer, Call
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Upstream
from tray_app.core.session import Session, SetCookie
from tray_app.core.site import Site

from .limits import Limits
from .moment import stamp
from .transport import Body
from .window import PageAnswer, PageCall, SiteWindow


class PageTransport:
    """Has the window's page make calls; the session is the page's own.

    Args:
        window: The window.
        site: Where the page is.
        upstream: Knows the headers.
        limits: Those in force.
        is_asking: Whether a person is being asked: how long a head takes does not count then.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        window: SiteWindow,
        site: Site,
        upstream: Upstream,
        limits: Callable[[], Limits],
        is_asking: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._window = window
        self._site = site
        self._upstream = upstream
        self._limits = limits
        self._is_asking = is_asking
        self._clock = clock

    async def call(
        self, call: Call, session: Session | None, heed: Callable[[Body], None]
    ) -> Answer:
        """The whole answer, however many pieces it came in."""
        async with self.open(call, session) as body:
            heed(body)
            pieces: list[bytes] = []
            size = 0
            while data := await body.read():
                pieces.append(data)
                size += len(data)
                if size > self._limits().answer_bytes:
                    raise ProxyError(Kind.UPSTREAM_BAD_RESPONSE, "Qwen's answer is too large")
        return Answer(body.status, body.headers, b"".join(pieces))

    @asynccontextmanager
    async def open(self, call: Call, session: Session | None) -> AsyncIterator[Body]:
        """The answer as it comes; raises `ProxyError` where the page gets none."""
        if call.place != "chat":
            raise ProxyError(Kind.INTERNAL_ERROR, "The page was to call another host than its own")
        await self._window.ready()
        async with self._window.fetch(self._asked(call), self._head_s()) as answer:
            if answer.status == 0:
                raise ProxyError(
                    Kind.UPSTREAM_REDIRECT,
                    "The site answered with a redirect, which is not followed",
                )
            yield _PageBody(answer)

    def _asked(self, call: Call) -> PageCall:
        return PageCall(
            method=call.method,
            path=call.path,
            headers=self._upstream.page_headers(call, stamp()),
            body=call.body,
            bearer=self._site.pages.bearer if call.signed else "",
        )

    def _head_s(self) -> Callable[[], float | None]:
        """How long a head may still take, from the last moment at which a person was asked."""
        since_s = self._clock()

        def left_s() -> float | None:
            nonlocal since_s
            if self._is_asking():
                since_s = self._clock()
                return None
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
