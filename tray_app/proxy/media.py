"""Brings the pictures that the site made.

An address of such a picture has a key of its own in it. Nothing of the session goes with it, and
neither a log nor an error has it. It is only asked of hosts that serve what the site makes, and so
is whatever it leads to.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import BytesIO

from aiohttp import ClientResponse, ClientSession, ClientTimeout
from yarl import URL

from tray_app import __version__
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.kinds import kind_of
from tray_app.core.site import Site, is_among

from .connecting import Trace, deadline, new_client
from .fetcher import AWAY, REDIRECTS, NotFetchedError, parsed
from .foreign import mapping
from .limits import Limits
from .transport import HttpBody, check_proxy

_log = logging.getLogger(__name__)

AT_ONCE = 4
"""So many are brought at the same time; others wait."""
TRIES = 3
_HEADERS = {
    "User-Agent": f"Portico/{__version__}",
    "Accept": "image/*",
    "Accept-Encoding": "identity",
}
_PASSING = {Kind.UPSTREAM_UNREACHABLE, Kind.UPSTREAM_DISCONNECTED}


class _NotBroughtError(Exception):
    """Why a picture did not come; for the log.

    Args:
        why: In a few words, without the address.
        passes: It may be otherwise a moment later.
    """

    def __init__(self, why: str, *, passes: bool = False) -> None:
        super().__init__(why)
        self.passes = passes


class Media:
    """Brings pictures of one site; used from one event loop.

    Args:
        site: Knows the hosts.
        limits: Those in force.
        proxy: The HTTP proxy to go through.
    """

    def __init__(self, site: Site, limits: Callable[[], Limits], proxy: str | None = None) -> None:
        self._site = site
        self._limits = limits
        self._proxy = proxy
        self._places = asyncio.Semaphore(AT_ONCE)
        self._running: set[asyncio.Timeout] = set()
        self._client: ClientSession | None = None
        self._closed = False

    async def bring(self, address: str) -> bytes:
        """The picture at an address that the site told; raises `ProxyError`."""
        check_proxy(self._proxy)
        try:
            async with self._place():
                return await self._tried(self._judged(address))
        except (ProxyError, _NotBroughtError) as error:
            fault = error
        if self._closed:
            raise ProxyError(Kind.SERVER_STOPPING)
        is_late = isinstance(fault, ProxyError) and fault.kind is Kind.UPSTREAM_TIMEOUT
        _log.info("media=failed why=%s", fault)
        raise ProxyError(
            Kind.UPSTREAM_TIMEOUT if is_late else Kind.UPSTREAM_ERROR,
            "The picture that Qwen made could not be brought",
        )

    async def close(self) -> None:
        """Close every connection, for good; who still waits for a picture gets an error."""
        self._closed = True
        for within in self._running:
            if not within.expired():
                within.reschedule(asyncio.get_running_loop().time())
        if self._client is not None:
            await self._client.close()

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        """A place among the few, within the time that there is."""
        async with deadline(self._limits().media_s, Kind.UPSTREAM_TIMEOUT) as within:
            self._running.add(within)
            try:
                async with self._places:
                    yield
            finally:
                self._running.discard(within)

    async def _tried(self, url: URL) -> bytes:
        """What is at an address, asked for again where it may come to be there."""
        for _ in range(TRIES - 1):
            try:
                return await self._followed(url)
            except (ProxyError, _NotBroughtError) as fault:
                if not _passes(fault):
                    raise
            await asyncio.sleep(self._limits().media_pause_s)
        return await self._followed(url)

    async def _followed(self, url: URL) -> bytes:
        for _ in range(REDIRECTS + 1):
            async with self._opened(url) as response:
                if response.status not in AWAY:
                    return await self._picture(response)
                url = self._judged(response.headers.get("Location", ""), url)
        raise _NotBroughtError("too many redirects")

    def _judged(self, address: str, base: URL | None = None) -> URL:
        """An address that may be asked for; relative to `base`, where there is one."""
        try:
            url = parsed(address)
            url = url if base is None else parsed(str(base.join(url)))
        except NotFetchedError:
            raise _NotBroughtError("no proper address") from None
        schemes = {"https", URL(self._site.chat_origin).scheme}
        host = url.raw_host or ""
        named = host if url.is_default_port() else f"{host}:{url.port}"
        if url.scheme not in schemes or "@" in url.raw_authority:
            raise _NotBroughtError("an address of another kind")
        if not is_among(named, self._site.media_hosts):
            raise _NotBroughtError("a host that serves nothing of the site")
        return url

    @asynccontextmanager
    async def _opened(self, url: URL) -> AsyncIterator[ClientResponse]:
        """The answer of a server, with its head read."""
        limits = self._limits()
        trace = Trace(limits.media_stall_s)
        with mapping():
            async with deadline(limits.connect_s, Kind.UPSTREAM_TIMEOUT, trace):
                response = await self._lent().get(
                    url,
                    headers=_HEADERS,
                    allow_redirects=False,
                    proxy=self._proxy,
                    timeout=ClientTimeout(total=None, connect=limits.connect_s),
                )
        try:
            yield response
        finally:
            response.close()

    def _lent(self) -> ClientSession:
        if self._closed:
            raise _NotBroughtError("stopping")
        if self._client is None:
            self._client = new_client(force_close=True)
        return self._client

    async def _picture(self, response: ClientResponse) -> bytes:
        """All of a good answer, which must be a picture by its bytes."""
        limits = self._limits()
        if response.status != 200:
            passes = response.status == 404 or response.status >= 500
            raise _NotBroughtError(f"status {response.status}", passes=passes)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _NotBroughtError("packed")
        if (response.content_length or 0) > limits.media_bytes:
            raise _NotBroughtError("too large")
        data = await _whole(HttpBody(response), limits)
        kind = kind_of(data)
        if kind is None or kind.family != "image":
            raise _NotBroughtError("no picture")
        return data


async def _whole(body: HttpBody, limits: Limits) -> bytes:
    # It grows in place: of many small pieces the memory would stay with this process.
    read = BytesIO()
    while True:
        async with deadline(limits.media_stall_s, Kind.UPSTREAM_TIMEOUT):
            piece = await body.read()
        if not piece:
            return read.getvalue()
        read.write(piece)
        if read.tell() > limits.media_bytes:
            raise _NotBroughtError("too large")


def _passes(fault: ProxyError | _NotBroughtError) -> bool:
    """Whether what is not there may be there a moment later."""
    return fault.passes if isinstance(fault, _NotBroughtError) else fault.kind in _PASSING
