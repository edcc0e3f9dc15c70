"""Fetches what clients name by an address, from the public internet and from nowhere else.

There is one choke point. Every connection is made over a socket of `Door`, which makes none for an
address that it has not judged; a name is looked up once, and only what was found then is connected
to. Redirects are followed by hand, and every hop is judged like the first.

Behind an HTTP proxy it is the proxy that looks names up and connects, so there the names and
literal addresses are all that can be judged; what a name means there is the proxy's to say. The
same holds where a proxy for the whole computer gives names fake addresses: as the upstream's own
name shows, or as a person says.

Whatever goes wrong, the client is told the same: a difference would tell it what there is in the
network of the person. The reason is in the log.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Awaitable, Callable
from io import BytesIO

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.http_exceptions import HttpProcessingError
from msgspec import Struct, field
from yarl import URL

from tray_app import __version__

from .addresses import (
    is_fake,
    is_literal,
    is_neighbour,
    is_ours,
    is_public,
    is_public_name,
)
from .limits import Limits
from .resolver import Resolver

_log = logging.getLogger(__name__)

AT_ONCE = 4
"""So many are fetched at the same time; others wait."""
REDIRECTS = 3
AWAY = frozenset({301, 302, 303, 307, 308})
_SCHEMES = frozenset({"https", "http"})
_URL_CHARS = 8192
_AS_SENT = re.compile(r"[!#$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]+")
"""What may be in an address; one of these goes out as it came, since a signature may be over it."""

_ODD = re.compile(r"[\\\s\x00-\x20\x7f]")
"""What some take for a separator, some for nothing and some for itself."""
_BROKEN = (aiohttp.ClientError, HttpProcessingError, OSError)
"""Whatever a server, a name or an address can do to the library; `TimeoutError` is among them."""

MayConnect = Callable[[str, int], bool]
"""Whether an IP address may be connected to, at this port."""

Reach = Callable[[int], None]
"""Told how large it is so far, or will be; raises `ProxyError` where there is no room for that."""


class NotFetchedError(Exception):
    """Nothing was brought; why is for the log alone."""


class Fetched(Struct, frozen=True):
    """What was at an address."""

    data: bytes
    name: str
    """The last part of the address, unquoted; may be empty."""


class _Errand(Struct, frozen=True):
    """What is fetched."""

    address: str
    accept: str
    limit: int
    reach: Reach


def may_connect(host: str, _: int) -> bool:
    """Whether an address is of the public internet, and not of this computer or its neighbours."""
    return is_public(host) and not is_ours(host) and not is_neighbour(host)


class Internet(Struct, frozen=True):
    """What is out there: names, and addresses of which some are everybody's."""

    names: AbstractResolver = field(default_factory=Resolver)
    """Looks names up."""
    may_connect: MayConnect = may_connect
    """Judges addresses."""


class Fetcher:
    """Fetches over connections of its own, which carry nothing of anybody.

    Args:
        site_host: The upstream's host. Where its address is a fake one, those of other names are.
        limits: Those in force.
        proxy: The HTTP proxy to go through.
        takes_fakes: Whether a person says that names have fake addresses here, asked each time.
        internet: Where it fetches from.
    """

    def __init__(
        self,
        site_host: str,
        limits: Callable[[], Limits],
        proxy: str | None = None,
        *,
        takes_fakes: Callable[[], bool] = lambda: False,
        internet: Internet | None = None,
    ) -> None:
        internet = internet or Internet()
        self._site_host = site_host
        self._limits = limits
        self._proxy = proxy
        self._takes_fakes = takes_fakes
        self._names = internet.names
        self._may_connect = internet.may_connect
        self._places = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, address: str, accept: str, reach: Reach) -> Fetched:
        """What is at an `http` or `https` address; raises `NotFetchedError`, and what `reach` does.

        Args:
            address: As the client wrote it.
            accept: What is asked for, in the words of the header. What comes is not believed.
            reach: Has room for it.
        """
        try:
            async with self._places:
                limits = self._limits()
                errand = _Errand(address, accept, limits.file_bytes, reach)
                async with asyncio.timeout(limits.fetch_s), self._client() as client:
                    return await self._follow(client, errand)
        except (*_BROKEN, NotFetchedError) as error:
            why = _why(error)
        _log.info("fetch=failed why=%s", why)
        raise NotFetchedError(why)

    def _client(self) -> aiohttp.ClientSession:
        door = Door(self._names, self._may_connect, self._are_fakes_usual)
        if self._proxy is not None:
            # All that the connector is told of then is the proxy, which the person has chosen.
            door = Door(self._names, lambda *_: True, self._are_fakes_usual)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=door,
                socket_factory=door.socket,
                use_dns_cache=False,
                force_close=True,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": f"Portico/{__version__}", "Accept-Encoding": "identity"},
            # What is packed stays so: little must not become much.
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            trust_env=False,
        )

    async def _follow(self, client: aiohttp.ClientSession, errand: _Errand) -> Fetched:
        url = self._judged(errand.address)
        for _ in range(REDIRECTS + 1):
            async with client.get(
                url, headers={"Accept": errand.accept}, allow_redirects=False, proxy=self._proxy
            ) as response:
                if response.status not in AWAY:
                    return Fetched(await _whole(response, errand), url.name)
                url = self._next(url, response.headers.get("Location", ""))
        raise NotFetchedError("too many redirects")

    def _next(self, url: URL, location: str) -> URL:
        """Where a redirect leads, judged anew."""
        there = self._judged(str(url.join(parsed(location))))
        if url.scheme == "https" and there.scheme != "https":
            raise NotFetchedError("a redirect from https to http")
        return there

    def _judged(self, address: str) -> URL:
        """An address against which nothing speaks before its name is looked up."""
        url = parsed(address)
        host = (url.raw_host or "").lower()
        if url.scheme not in _SCHEMES or "@" in url.raw_authority or not host or not url.port:
            raise NotFetchedError("no address that is fetched")
        may = self._may_connect(host, url.port) if is_literal(host) else is_public_name(host)
        if not may:
            raise NotFetchedError(f"{host} is not public")
        if self._proxy is not None and not self._proxy.startswith("http"):
            # To go without it could show an address that the person wants hidden.
            raise NotFetchedError("the proxy does not speak HTTP")
        return url

    async def _are_fakes_usual(self) -> bool:
        """Whether names have fake addresses here, as a person or the upstream's own name tells."""
        if self._takes_fakes():
            return True
        found = await self._names.resolve(self._site_host, 443, socket.AF_UNSPEC)
        return bool(found) and all(is_fake(one["host"]) for one in found)


class _NotPublicError(OSError):
    """An address may not be connected to; the library takes it for one that cannot be."""


class Door(AbstractResolver):
    """Looks names up and makes sockets, for those addresses alone that it has judged."""

    def __init__(
        self,
        names: AbstractResolver,
        may_connect: MayConnect,
        are_fakes_usual: Callable[[], Awaitable[bool]],
    ) -> None:
        self._names = names
        self._may_connect = may_connect
        self._are_fakes_usual = are_fakes_usual
        self._known: set[tuple[str, int]] = set()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name, if every one may be connected to; raises `OSError`."""
        found = await self._names.resolve(host, port, family)
        if not all(self._may_connect(one["host"], port) for one in found):
            are_fake = all(is_fake(one["host"]) for one in found)
            if not are_fake or not await self._are_fakes_usual():
                raise _NotPublicError(f"{host} is not only public")
        self._known.update((one["host"], one["port"]) for one in found)
        return found

    def socket(self, info: aiohttp.AddrInfoType) -> socket.socket:
        """A socket for a connection to an address; raises `OSError` for one that is not judged."""
        family, kind, proto, _, (host, port, *_) = info
        if (host, port) not in self._known and not self._may_connect(str(host), int(port)):
            raise _NotPublicError(f"{host} is not public")
        return socket.socket(family, kind, proto)

    async def close(self) -> None:
        """Nothing is held."""


def parsed(address: str) -> URL:
    """An address, taken apart; raises `NotFetchedError` for one that others may read otherwise."""
    if not 0 < len(address) <= _URL_CHARS or _ODD.search(address):
        raise NotFetchedError("no proper address")
    try:
        # What is judged is read from what goes out. Some parts of it are read when they are first
        # asked for, and may turn out to be none.
        url = URL(str(URL(address, encoded=bool(_AS_SENT.fullmatch(address)))), encoded=True)
        _ = url.raw_host, url.port
    except ValueError:
        raise NotFetchedError("no proper address") from None
    return url


async def _whole(response: aiohttp.ClientResponse, errand: _Errand) -> bytes:
    """All of an answer that is good and not too large."""
    if response.status != 200:
        raise NotFetchedError(f"status {response.status}")
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise NotFetchedError("packed")
    # It grows in place: of many small pieces the memory would stay with this process.
    read = BytesIO()
    _check(response.content_length or 0, errand)
    while data := await response.content.readany():
        read.write(data)
        _check(read.tell(), errand)
    return read.getvalue()


def _check(size: int, errand: _Errand) -> None:
    if size > errand.limit:
        raise NotFetchedError("too large")
    errand.reach(size)


def _why(error: BaseException) -> str:
    """The reason without the address, which may be good for more than its holder knows."""
    cause = getattr(error, "os_error", error)
    named = isinstance(cause, _NotPublicError | NotFetchedError)
    return str(cause) if named else type(cause).__name__
