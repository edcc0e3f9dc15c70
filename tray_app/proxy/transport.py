"""Calls to the upstream over HTTP, made by us: the direct transport.

Ends of bodies mean nothing here: an end of input is only an end of input, and whether an answer is
complete is the decoder's to say. Redirects are never followed. Every error of the HTTP library is
mapped here and nowhere else.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import formatdate
from typing import Protocol

import aiohttp
from yarl import URL

from tray_app.core.calls import Answer, Call
from tray_app.core.cookies import read_set_cookie
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Upstream
from tray_app.core.session import Session, SetCookie
from tray_app.core.site import Site

from .connecting import Trace, deadline, new_client
from .foreign import BegunError, mapping
from .limits import Limits
from .moment import Clocks, stamp
from .spelling import spelled
from .tasks import Tasks

_ANSWERING = mapping(answering=True)
KEEP_ALIVE_S = 60.0
_CLOSING_S = 2.0
"""How long the end of connections is waited for, all in all."""
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
"""The library's own would be told twice: `deadline` bounds a call, and `Exchange` an answer."""
_COOKIES = 100
_COOKIE_CHARS = 4096


class Body(Protocol):
    """The answer to a call that streams, while it is read."""

    status: int
    headers: dict[str, str]
    cookies: tuple[SetCookie, ...]

    async def read(self) -> bytes:
        """Whatever came next; empty at the end. Raises `ProxyError`."""


class Transport(Protocol):
    """Carries calls to the upstream."""

    async def call(
        self, call: Call, session: Session | None, heed: Callable[[Body], None]
    ) -> Answer:
        """The whole answer; `heed` is called with its head, which counts even if the rest fails."""

    def open(self, call: Call, session: Session | None) -> AbstractAsyncContextManager[Body]:
        """The answer as it comes; it is closed with the context."""

    def wake(self) -> None:
        """Take fresh connections from now on: the computer slept, or its network changed."""

    async def forget(self) -> None:
        """Close every connection, so that none is used for another session."""

    async def close(self) -> None:
        """Close every connection, for good."""


class DirectTransport:
    """One HTTP client, with the session's cookies as a header we build.

    A connection out of the pool may have died unseen. A call that got no byte of answer over such a
    one is made once more over a connection of its own; over a fresh one it is not, since the site
    may have begun to work on it.

    Args:
        site: Where calls go.
        upstream: Knows the headers.
        limits: Those in force.
        clocks: Tell when connections that are kept cannot be good any more.
        proxy: The HTTP proxy to go through.
    """

    def __init__(
        self,
        site: Site,
        upstream: Upstream,
        limits: Callable[[], Limits],
        clocks: Clocks,
        proxy: str | None = None,
    ) -> None:
        self._site = site
        self._proxy = proxy
        self._upstream = upstream
        self._limits = limits
        self._clocks = clocks
        self._pool = _Pool()
        self._retired: set[_Pool] = set()
        self._closing = Tasks()
        self._single: aiohttp.ClientSession | None = None

    async def call(
        self, call: Call, session: Session | None, heed: Callable[[Body], None]
    ) -> Answer:
        async with self.open(call, session) as body:
            heed(body)
            return Answer(body.status, body.headers, await whole(body, self._limits()))

    @asynccontextmanager
    async def open(self, call: Call, session: Session | None) -> AsyncIterator[Body]:
        pool = self._lend()
        try:
            response = await self._send(call, session, pool)
            body = HttpBody(response)
            # An answer may take minutes, and neither is used any more.
            del call, session
            try:
                yield body
            finally:
                # What is left of an answer must not be waited for, and the site should see at once
                # that nobody listens; a connection with nothing left is good for the next call.
                if response.content.at_eof():
                    response.release()
                else:
                    self._doubt(pool, body)
                    response.close()
        finally:
            await self._take_back(pool)

    def _lend(self) -> "_Pool":
        """The pool for one call, which stays open until the call is over."""
        if self._clocks.have_parted:
            self.wake()
        self._pool.calls += 1
        return self._pool

    async def _take_back(self, pool: "_Pool") -> None:
        pool.calls -= 1
        if pool in self._retired and not pool.calls:
            self._retired.discard(pool)
            await pool.client.close()

    def wake(self) -> None:
        self._clocks.note()
        self._retire(self._pool)
        if self._single is not None and isinstance(self._single.connector, aiohttp.TCPConnector):
            self._single.connector.clear_dns_cache()

    def _retire(self, pool: "_Pool") -> None:
        """Use a pool for no other call; it is closed now, or with the last call that runs."""
        if pool is not self._pool:
            return
        self._pool = _Pool()
        if pool.calls:
            self._retired.add(pool)
        else:
            self._closing.spawn(pool.client.close(), "retire")

    def _doubt(self, pool: "_Pool", body: "HttpBody") -> None:
        """After a silence that nobody waits out, kept connections may lead nowhere as well."""
        limits = self._limits()
        if body.silent_s >= min(limits.idle_s, limits.first_event_s):
            self._retire(pool)

    async def _send(
        self, call: Call, session: Session | None, pool: "_Pool"
    ) -> aiohttp.ClientResponse:
        headers_s = self._limits().headers_s
        if not call.once:
            trace = Trace(headers_s)
            try:
                return await self._request(pool.client, call, session, trace)
            except ProxyError as error:
                if error.kind is Kind.UPSTREAM_TIMEOUT and trace.reused:
                    self._retire(pool)
                is_unheard = error.kind is Kind.UPSTREAM_DISCONNECTED and trace.reused
                if not is_unheard or isinstance(error, BegunError):
                    raise
        if self._single is None:
            self._single = new_client(force_close=True)
        return await self._request(self._single, call, session, Trace(headers_s))

    async def _request(
        self,
        client: aiohttp.ClientSession,
        call: Call,
        session: Session | None,
        trace: Trace,
    ) -> aiohttp.ClientResponse:
        limits = self._limits()
        check_proxy(self._proxy)
        with mapping():
            async with deadline(limits.connect_s, Kind.UPSTREAM_TIMEOUT, trace):
                return await client.request(
                    call.method,
                    URL(self._site.origin(call.place) + call.path, encoded=True),
                    data=call.body,
                    headers=spelled(self._upstream.headers(self._site, call, session, stamp())),
                    allow_redirects=False,
                    proxy=self._proxy,
                    timeout=_NO_TIMEOUT,
                )

    async def forget(self) -> None:
        self._retire(self._pool)
        await self._close_retired()

    async def close(self) -> None:
        await self._close_retired()
        await self._pool.client.close()
        if self._single is not None:
            await self._single.close()

    async def _close_retired(self) -> None:
        while self._retired:
            await self._retired.pop().client.close()
        await self._closing.finish(_CLOSING_S)


class _Pool:
    """A client with its connections, and how many calls go over it."""

    def __init__(self) -> None:
        self.client = new_client(keepalive_timeout=KEEP_ALIVE_S)
        self.calls = 0


def check_proxy(proxy: str | None) -> None:
    """Raise `ProxyError` for a proxy that cannot be gone through."""
    if proxy is not None and not proxy.startswith("http"):
        # To go without it could show an address that the person wants hidden.
        kind = proxy.partition(":")[0]
        raise ProxyError(
            Kind.UPSTREAM_UNREACHABLE,
            f"The system's proxy speaks {kind}, which Portico does not: set outbound_proxy",
        )


class HttpBody:
    """An answer over HTTP, while it is read."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._heard_s = time.monotonic()
        self._response = response
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        if "date" not in self.headers:
            self.headers["date"] = formatdate(usegmt=True)
        self.cookies = _cookies(response, self.headers["date"])

    async def read(self) -> bytes:
        """Whatever came next; empty at the end. Raises `ProxyError`."""
        with _ANSWERING:
            data = await self._response.content.readany()
        self._heard_s = time.monotonic()
        return data

    @property
    def silent_s(self) -> float:
        """How long nothing has come."""
        return time.monotonic() - self._heard_s


def _cookies(response: aiohttp.ClientResponse, date: str) -> tuple[SetCookie, ...]:
    """The cookies an answer sets; bounded, odd ones left out."""
    lines = response.headers.getall("Set-Cookie", [])[:_COOKIES]
    host = response.url.host or ""
    read = (read_set_cookie(line, host, date) for line in lines if len(line) <= _COOKIE_CHARS)
    return tuple(cookie for cookie in read if cookie is not None)


async def whole(body: Body, limits: Limits) -> bytes:
    """All of an answer that is not too large, read in time; raises `ProxyError`."""
    pieces: list[bytes] = []
    size = 0
    async with deadline(limits.first_event_s, Kind.UPSTREAM_TIMEOUT):
        while data := await body.read():
            pieces.append(data)
            size += len(data)
            if size > limits.answer_bytes:
                raise ProxyError(Kind.UPSTREAM_BAD_RESPONSE, "Qwen's answer is too large")
    return b"".join(pieces)
