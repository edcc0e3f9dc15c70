"""HTTP/1.1 on a pair of streams, small enough to see every byte."""

import asyncio
import json
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field

_REASONS = {200: "OK", 204: "No Content", 401: "Unauthorized", 404: "Not Found"}
_HEAD_BYTES = 64 << 10


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header, whatever its case."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies sent."""
        pairs = (pair.partition("=") for pair in (self.header("cookie") or "").split(";"))
        return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}

    def json(self) -> dict[str, object]:
        """The body as an object; empty where it is none."""
        try:
            value = json.loads(self.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}


class Reader(asyncio.StreamReader):
    """A stream of which it is known at once that its other side has left."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.left = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.left.set()


class Connected(asyncio.StreamReaderProtocol):
    """A connection of which it does not matter how the other side left."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Note that it is over: asyncio would print an error for which nobody waits."""
        super().connection_lost(None)


@dataclass(eq=False)
class Wire:
    """One connection of a client."""

    reader: Reader
    writer: asyncio.StreamWriter
    number: int
    keeps_alive: bool = field(default=True)

    async def read(self) -> Request | None:
        """The next request; None when the client is done."""
        request = await self.read_head()
        if request is None:
            return None
        return Request(request.method, request.target, request.headers, await self._body(request))

    async def read_head(self) -> Request | None:
        """The same without its body, which is still to be read."""
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        pairs = (line.partition(":") for line in lines if line)
        headers = [(name, value.strip()) for name, _, value in pairs]
        return Request(method, target, headers)

    async def _body(self, request: Request) -> bytes:
        if (request.header("transfer-encoding") or "").lower() == "chunked":
            pieces = []
            while size := int((await self.reader.readline()).split(b";")[0], 16):
                pieces.append(await self.reader.readexactly(size))
                await self.reader.readline()
            await self.reader.readline()
            return b"".join(pieces)
        return await self.reader.readexactly(int(request.header("content-length") or 0))

    def send(self, data: bytes) -> None:
        """Put bytes on the wire."""
        self.writer.write(data)

    async def flush(self) -> None:
        """Wait until the client takes more."""
        await self.writer.drain()

    async def gone(self) -> None:
        """Return when the client closes its side."""
        await self.reader.left.wait()

    def reset(self) -> None:
        """End the connection with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keeps_alive = False
        self.writer.transport.abort()

    def cut(self) -> None:
        """Close the connection without another byte."""
        self.keeps_alive = False
        self.writer.close()


def head(status: int, headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of an answer."""
    reason = _REASONS.get(status, "Status")
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunk(data: bytes) -> bytes:
    """Data in chunked framing; empty data is the end of the body."""
    return b"%x\r\n%b\r\n" % (len(data), data)
