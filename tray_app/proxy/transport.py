"""Calls to the upstream over HTTP, made by us: the direct transport.

Ends of bodies mean nothing here: an end of input is only an end of input, and whether an answer is
complete is the decoder's to say. Redirects are never followed. Every error of the HTTP library is
mapped here and nowhere else.
"""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from email.utils import formatdate
from types import SimpleNamespace
from typing import Protocol

import aiohttp
from yarl import URL

from tray_app.core.calls import Answer, Call
from tray_app.core.cookies import read_set_cookie
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Upstream
from tray_app.core.session import Session, SetCookie
from tray_app.core.site import Site

from .limits import Limits
from .moment import Clocks, stamp
from .resolver import Resolver
from .tasks import Tasks

KEEP_ALIVE_S = 60.0
NAMES_KEPT_S = 300
_CLOSING_S = 2.0
"""How long the end of connections is waited for, all in all."""
_COOKIES = 100
_COOKIE_CHARS = 4096


class NoConnectionError(ProxyError):
    """No connection came about in time: nothing was sent."""

    def __init__(self) -> None:
        super().__init__(Kind.UPSTREAM_TIMEOUT, "No connection to Qwen came about in time")


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
        async with self._lent() as pool:
            response = await self._send(call, session, pool)
            body = _HttpBody(response)
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

    @asynccontextmanager
    async def _lent(self) -> AsyncIterator["_Pool"]:
        """The pool for one call, which stays open until the call is over."""
        if self._clocks.have_parted:
            self.wake()
        pool = self._pool
        pool.calls += 1
        try:
            yield pool
        finally:
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

    def _doubt(self, pool: "_Pool", body: "_HttpBody") -> None:
        """After a silence that nobody waits out, kept connections may lead nowhere as well."""
        limits = self._limits()
        if body.silent_s >= min(limits.idle_s, limits.first_event_s):
            self._retire(pool)

    async def _send(
        self, call: Call, session: Session | None, pool: "_Pool"
    ) -> aiohttp.ClientResponse:
        trace = SimpleNamespace(reused=False, connected=False)
        if not call.once:
            try:
                return await self._request(pool.client, call, session, trace)
            except ProxyError as error:
                if error.kind is Kind.UPSTREAM_TIMEOUT and trace.reused:
                    self._retire(pool)
                if error.kind is not Kind.UPSTREAM_DISCONNECTED or not trace.reused:
                    raise
        if self._single is None:
            self._single = _client(force_close=True)
        return await self._request(self._single, call, session, trace)

    async def _request(
        self,
        client: aiohttp.ClientSession,
        call: Call,
        session: Session | None,
        trace: SimpleNamespace,
    ) -> aiohttp.ClientResponse:
        limits = self._limits()
        if self._proxy is not None and not self._proxy.startswith("http"):
            # To go without it could show an address that the person wants hidden.
            kind = self._proxy.partition(":")[0]
            raise ProxyError(
                Kind.UPSTREAM_UNREACHABLE,
                f"The system's proxy speaks {kind}, which Portico does not: set outbound_proxy",
            )
        with _mapped():
            async with deadline(limits.connect_s, Kind.UPSTREAM_TIMEOUT, trace) as within:
                trace.deadline, trace.headers_s = within, limits.headers_s
                return await client.request(
                    call.method,
                    URL(self._site.origin(call.place) + call.path, encoded=True),
                    data=call.body,
                    headers=self._upstream.headers(self._site, call, session, stamp()),
                    allow_redirects=False,
                    proxy=self._proxy,
                    timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect_s),
                    trace_request_ctx=trace,
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
        self.client = _client(force_close=False)
        self.calls = 0


class _HttpBody:
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._heard_s = time.monotonic()
        self._response = response
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self.headers.setdefault("date", formatdate(usegmt=True))
        self.cookies = _cookies(response, self.headers["date"])

    async def read(self) -> bytes:
        with _mapped(answering=True):
            data = await self._response.content.readany()
        self._heard_s = time.monotonic()
        return data

    @property
    def silent_s(self) -> float:
        """How long nothing has come."""
        return time.monotonic() - self._heard_s


def _client(*, force_close: bool) -> aiohttp.ClientSession:
    traced = aiohttp.TraceConfig()
    traced.on_connection_reuseconn.append(_note_reuse)
    traced.on_connection_create_end.append(_note_connected)
    connector = (
        aiohttp.TCPConnector(
            resolver=Resolver(), force_close=True, ttl_dns_cache=NAMES_KEPT_S, limit=0
        )
        if force_close
        else aiohttp.TCPConnector(
            resolver=Resolver(),
            keepalive_timeout=KEEP_ALIVE_S,
            ttl_dns_cache=NAMES_KEPT_S,
            limit=0,
        )
    )
    client = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[traced],
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        trust_env=False,
    )
    # It would make every GET and DELETE again whose connection dies, a renewal among them; when
    # that is right is ours to say.
    client._retry_connection = False
    return client


async def _note_reuse(
    client: aiohttp.ClientSession, context: SimpleNamespace, params: object
) -> None:
    context.trace_request_ctx.reused = True
    await _note_connected(client, context, params)


async def _note_connected(_: aiohttp.ClientSession, context: SimpleNamespace, __: object) -> None:
    """From here on it is the head of the answer that is waited for, and that has its own limit."""
    trace = context.trace_request_ctx
    trace.connected = True
    trace.deadline.reschedule(asyncio.get_running_loop().time() + trace.headers_s)


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


@asynccontextmanager
async def deadline(
    within_s: float, kind: Kind, trace: SimpleNamespace | None = None
) -> AsyncIterator[asyncio.Timeout]:
    """A context that ends in an error of this kind when it takes longer."""
    try:
        async with asyncio.timeout(within_s) as within:
            yield within
    except TimeoutError:
        if trace is not None and not trace.connected:
            raise NoConnectionError from None
        raise ProxyError(kind, "Qwen did not answer in time") from None


class _mapped:  # noqa: N801
    """The one place where errors of the HTTP library become ours; a context."""

    def __init__(self, *, answering: bool = False) -> None:
        self._answering = answering

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if error is not None and (found := mapped(error, answering=self._answering)) is not None:
            raise found from None


def mapped(error: BaseException, *, answering: bool = False) -> ProxyError | None:
    """Our error for one of the HTTP library's; None for what is none of its.

    Args:
        error: As it was raised.
        answering: The head of the answer had come.
    """
    match error:
        case aiohttp.ClientConnectorCertificateError() | ssl.SSLCertVerificationError():
            return ProxyError(
                Kind.UPSTREAM_UNREACHABLE,
                "Qwen's certificate is not valid here, so nothing was sent "
                "(is the clock right, or something on this network in between?)",
            )
        case aiohttp.ServerTimeoutError():
            return NoConnectionError()
        case aiohttp.ClientConnectorError() | aiohttp.ClientProxyConnectionError():
            return ProxyError(
                Kind.UPSTREAM_UNREACHABLE, "Qwen cannot be reached (is this computer offline?)"
            )
        case aiohttp.ClientPayloadError():
            return ProxyError(Kind.UPSTREAM_DISCONNECTED, "The connection broke in mid-answer")
        case aiohttp.ClientConnectionError() | ConnectionError() | ssl.SSLError():
            where = "in mid-answer" if answering else "before an answer"
            return ProxyError(Kind.UPSTREAM_DISCONNECTED, f"The connection to Qwen broke {where}")
        case aiohttp.ClientError() | aiohttp.http_exceptions.HttpProcessingError():
            return ProxyError(Kind.UPSTREAM_BAD_RESPONSE, "Qwen's answer is no proper HTTP")
        case OSError() if not isinstance(error, TimeoutError):
            return ProxyError(
                Kind.UPSTREAM_UNREACHABLE, "Qwen cannot be reached (is this computer offline?)"
            )
        case _:
            return None
