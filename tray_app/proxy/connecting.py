"""Connections of our calls: when a call has one, whether it was kept, and how long it may take."""

import asyncio
from contextvars import ContextVar, Token
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from tray_app.core.errors import Kind, ProxyError

from .foreign import NoConnectionError
from .resolver import Resolver

NAMES_KEPT_S = 300


class Trace:
    """How far one call has got."""

    def __init__(self, headers_s: float) -> None:
        self.reused = False
        """Its connection is one that was kept."""
        self.connected = False
        self.sent = False
        self.within: asyncio.Timeout | None = None
        """How long it still has."""
        self._headers_s = headers_s

    def got_connection(self) -> None:
        """Note that it has one: from here on the head of the answer is waited for."""
        self.connected = True
        self.extend()

    def extend(self) -> None:
        """Begin to wait anew, for as long as a head may take."""
        if self.within is not None:
            self.within.reschedule(asyncio.get_running_loop().time() + self._headers_s)


_asking: ContextVar[Trace] = ContextVar("_asking")
"""The call that is being made here."""


class deadline:  # noqa: N801
    """A context that ends in an error of this kind when it takes longer.

    A generator would be no shorter, and every call to the site passes here twice.
    """

    def __init__(self, within_s: float, kind: Kind, trace: Trace | None = None) -> None:
        self._within = asyncio.timeout(within_s)
        self._kind = kind
        self._trace = trace
        self._before: Token[Trace]

    async def __aenter__(self) -> asyncio.Timeout:
        if self._trace is not None:
            self._trace.within = self._within
            self._before = _asking.set(self._trace)
        return await self._within.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._trace is not None:
            # The task of a call must not hold what holds it.
            _asking.reset(self._before)
            self._trace.within = None
        try:
            await self._within.__aexit__(kind, error, traceback)
        except TimeoutError:
            raise self._late() from None
        if isinstance(error, TimeoutError):
            raise self._late() from None

    def _late(self) -> ProxyError:
        if self._trace is not None and not self._trace.connected:
            return NoConnectionError()
        return ProxyError(self._kind, "Qwen did not answer in time")


def new_client(**more: Any) -> aiohttp.ClientSession:
    """A client that adds nothing of its own; whoever asks with it does so within a `deadline`
    that has a `Trace`.

    Args:
        more: What its connector takes, beside looking up names as we do.
    """
    connector = _Connector(resolver=Resolver(), ttl_dns_cache=NAMES_KEPT_S, limit=0, **more)
    client = aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        trust_env=False,
    )
    # It would make every GET and DELETE again whose connection dies, a renewal among them; when
    # that is right is ours to say.
    client._retry_connection = False
    return client


class _Connector(aiohttp.TCPConnector):
    """Tells a call when it has its connection, and whether that is a new one.

    The library's own tracing would as well, with much that nobody asks: a twentieth of every call.
    """

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,
    ) -> aiohttp.connector.Connection:
        trace = _asking.get()
        trace.reused = True
        connection = await super().connect(req, traces, timeout)
        trace.got_connection()
        return connection

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,
    ) -> ResponseHandler:
        _asking.get().reused = False
        return await super()._create_connection(req, traces, timeout)
