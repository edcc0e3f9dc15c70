"""Taking files to the upstream's store.

The store is another service than the site: what goes there is signed for one object, goes over a
connection of its own, and has neither the session nor a header of ours. It may only be one of the
site's own stores, whatever the site's answer said.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Protocol

from aiohttp import AddrInfoType, ClientSession, ClientTimeout, SocketFactoryType
from yarl import URL

from tray_app.core.calls import Answer, Upload
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.site import Site

from .connecting import Trace, deadline, new_client
from .foreign import mapping
from .limits import Limits
from .transport import HttpBody, Transport, check_proxy, whole

_PIECE_BYTES = 64 << 10


class Carrier(Transport, Protocol):
    """A transport that takes files to a store as well."""

    async def put(self, upload: Upload) -> Answer:
        """What the store answers; raises `ProxyError` where it gives no answer."""


class Uploader:
    """Takes files to the stores of one site.

    Args:
        site: Knows its stores.
        limits: Those in force.
        proxy: The HTTP proxy to go through.
    """

    def __init__(self, site: Site, limits: Callable[[], Limits], proxy: str | None = None) -> None:
        self._site = site
        self._limits = limits
        self._proxy = proxy

    async def put(self, upload: Upload) -> Answer:
        """What the store answers to a file; raises `ProxyError` where it may not go there.

        The file is read piece by piece, as fast as the store takes it.
        """
        origin = self._site.store_origin(upload.host)
        if origin is None:
            raise ProxyError(
                Kind.PROTOCOL_CHANGED, "Qwen wants files at a place that Portico does not know"
            )
        check_proxy(self._proxy)
        sockets: list[socket.socket] = []
        async with new_client(force_close=True, socket_factory=_keeping(sockets)) as client:
            trace = Trace(self._limits().upload_stall_s)
            is_over = False
            try:
                answer = await self._answered(client, origin, upload, trace)
                is_over = trace.sent
                return answer
            finally:
                if not is_over:
                    _cut(sockets)

    async def _answered(
        self, client: ClientSession, origin: str, upload: Upload, trace: Trace
    ) -> Answer:
        limits = self._limits()
        with mapping():
            async with deadline(limits.connect_s, Kind.UPSTREAM_TIMEOUT, trace):
                response = await client.put(
                    URL(origin + upload.path, encoded=True),
                    data=_pieces(upload.body, trace),
                    headers={**upload.headers, "content-length": str(len(upload.body))},
                    allow_redirects=False,
                    proxy=self._proxy,
                    timeout=ClientTimeout(total=None, connect=limits.connect_s),
                )
        async with response:
            body = HttpBody(response)
            return Answer(body.status, body.headers, await whole(body, limits))


def _keeping(sockets: list[socket.socket]) -> SocketFactoryType:
    """Makes sockets as always, and notes them."""

    def make(info: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, _ = info
        sockets.append(socket.socket(family, kind, protocol))
        return sockets[-1]

    return make


def _cut(sockets: list[socket.socket]) -> None:
    """End connections at once: closed in the usual way, they first send what waits to be sent.

    A store that takes nothing more would keep them for ever.
    """
    for sock in sockets:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.shutdown(socket.SHUT_RDWR)


async def _pieces(data: bytes, trace: Trace) -> AsyncIterator[memoryview]:
    """A file bit by bit; the time begins anew whenever the store has taken one."""
    view = memoryview(data)
    for at in range(0, len(data), _PIECE_BYTES):
        yield view[at : at + _PIECE_BYTES]
        # A fast store takes it all without letting anybody else come in between.
        await asyncio.sleep(0)
        # Where the answer came before the end, its time is over.
        with suppress(RuntimeError):
            trace.extend()
    trace.sent = True
