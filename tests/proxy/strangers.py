"""Servers and names of strangers, for what fetches from them.

No server of a test is on the public internet. One of them stands for a public one by its address
and its port, and by nothing else: every other address is judged as in the product.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiohttp.abc import AbstractResolver, ResolveResult

from tray_app.core.errors import ProxyError
from tray_app.proxy.attachments import PICTURE, Attachment, Attachments, Wish
from tray_app.proxy.budget import Budget, Share
from tray_app.proxy.fetcher import Fetcher, Internet, may_connect
from tray_app.proxy.limits import Limits
from tray_app.proxy.resolver import Resolver

HOME = "127.0.0.1"
SITE = "chat.example"
_PIECE_BYTES = 64 << 10
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def reply(body: bytes, *headers: str, status: int = 200) -> bytes:
    """An answer whose length is told, unless a header tells something else."""
    told = () if any(one.startswith("Content-Length") for one in headers) else (
        f"Content-Length: {len(body)}",
    )  # fmt: skip
    lines = [f"HTTP/1.1 {status} Planted", *headers, *told]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def redirect(place: str, status: int = 302, *headers: str) -> bytes:
    """An answer that leads elsewhere."""
    return reply(b"", f"Location: {place}", *headers, status=status)


class Stranger:
    """A server that answers each path with what is set for it."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: dict[str, bytes | Talk] = {}
        self.heard: list[str] = []
        """The head of every request."""
        self.sent_bytes = 0
        self.connections = 0
        self.open = 0

    def url(self, path: str = "/", *, host: str = HOME, scheme: str = "http") -> str:
        """The address of a path here."""
        return f"{scheme}://{host}:{self.port}{path}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heard.append(head)
            path = re.sub(r"^https?://[^/]*", "", head.split(" ")[1])
            answer = self.answers.get(path, reply(b"", status=404))
            if isinstance(answer, bytes):
                await self.send(writer, answer)
            else:
                await answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            self.open -= 1
            writer.close()

    async def send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        """Send as much as the other side takes."""
        for at in range(0, len(data), _PIECE_BYTES):
            writer.write(data[at : at + _PIECE_BYTES])
            await writer.drain()
            self.sent_bytes += len(data[at : at + _PIECE_BYTES])


@asynccontextmanager
async def stranger(tls: ssl.SSLContext | None = None) -> AsyncIterator[Stranger]:
    """A server on a free port of this computer."""
    made = Stranger()
    server = await asyncio.start_server(made._serve, HOME, 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


class Names(AbstractResolver):
    """Names as a test has them; an answer that is a list of lists is used up one by one."""

    def __init__(self, known: Mapping[str, list[str]] | None = None) -> None:
        self.known = {name: list(found) for name, found in (known or {}).items()}
        self.next: dict[str, list[list[str]]] = {}
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        later = self.next.get(host)
        found = later.pop(0) if later else self.known.get(host)
        if found is None:
            raise OSError("no such name")
        return [
            ResolveResult(hostname=host, host=one, port=port, family=family, proto=0, flags=0)
            for one in found
        ]

    async def close(self) -> None:
        """Nothing is held."""


def fetching(
    *public: Stranger,
    names: AbstractResolver | None = None,
    limits: Limits | None = None,
    proxy: str | None = None,
    takes_fakes: bool = False,
) -> Attachments:
    """What brings attachments, guarded as in the product; `public` stand for public servers."""
    used = limits or Limits()

    def may(host: str, port: int) -> bool:
        stands = host == HOME and any(port == one.port for one in public)
        return stands or may_connect(host, port)

    internet = Internet(names or Resolver(), may)
    fetcher = Fetcher(SITE, lambda: used, proxy, takes_fakes=lambda: takes_fakes, internet=internet)
    return Attachments(fetcher, lambda: used)


def room(size: int = 256 << 20) -> Share:
    """The share of a request that is alone, among so many bytes for all of them."""
    limits = Limits(bodies_bytes=size)
    return Share(Budget(lambda: limits))


async def fault(bringing: Attachments, address: str, wish: Wish = PICTURE) -> ProxyError:
    """The error that comes instead of what is at an address."""
    try:
        found: Attachment = await bringing.bring(address, wish, room(), param="messages[0]")
    except ProxyError as error:
        return error
    raise AssertionError(f"{address} brought {len(found.data)} bytes")
