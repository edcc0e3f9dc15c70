"""A client on a raw socket, which can also leave, be slow, or say what no client should."""

import asyncio
import json
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

from tests.harness import Reply

_PIECE = 65536


@dataclass
class Line:
    """One connection to the proxy; a context that closes it."""

    port: int
    receives: int | None = None
    """So many bytes the system takes for it, if fewer than usual."""
    heard: bytearray = field(default_factory=bytearray)
    """What came and was not yet made a reply of."""

    async def __aenter__(self) -> "Line":
        sock = socket.socket()
        if self.receives is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receives)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        limit = self.receives or _PIECE
        self.reader, self.writer = await asyncio.open_connection(sock=sock, limit=limit)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()
        with suppress(OSError):
            await self.writer.wait_closed()

    def reset(self) -> None:
        """Leave with a RST."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def say(self, data: bytes) -> None:
        """Send bytes."""
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def more(self, size: int = _PIECE) -> bool:
        """Take what comes next; whether anything did."""
        try:
            data = await self.reader.read(size)
        except ConnectionError:
            data = b""
        self.heard += data
        return bool(data)

    async def until(self, mark: bytes) -> None:
        """Read until this came; raises `ConnectionError` where it never does."""
        while mark not in self.heard:
            if not await self.more():
                raise ConnectionError(f"the connection ended after {bytes(self.heard[-200:])!r}")

    async def reply(self) -> Reply:
        """The next whole answer; raises `ConnectionError` where it does not come to its end."""
        await self.until(b"\r\n\r\n")
        head, _, rest = bytes(self.heard).partition(b"\r\n\r\n")
        self.heard[:] = rest
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        if headers.get("transfer-encoding") == "chunked":
            body = await self._chunks()
        else:
            body = await self._exactly(int(headers.get("content-length", "0")))
        return Reply(int(first.split(" ")[1]), headers, body)

    async def _exactly(self, size: int) -> bytes:
        while len(self.heard) < size:
            if not await self.more():
                raise ConnectionError(f"the connection ended {size - len(self.heard)} bytes early")
        data = bytes(self.heard[:size])
        del self.heard[:size]
        return data

    async def _chunks(self) -> bytes:
        pieces: list[bytes] = []
        while True:
            await self.until(b"\r\n")
            line, _, rest = bytes(self.heard).partition(b"\r\n")
            self.heard[:] = rest
            piece = await self._exactly(int(line, 16) + 2)
            if piece == b"\r\n":
                return b"".join(pieces)
            pieces.append(piece[:-2])


def request(
    port: int,
    line: str,
    body: bytes | None = None,
    key: str | None = None,
    *headers: str,
    length: int | None = None,
) -> bytes:
    """A whole request; `length` is what is said of its body, where that is not so."""
    lines = [f"{line} HTTP/1.1", f"Host: 127.0.0.1:{port}", *headers]
    if key is not None:
        lines.append(f"Authorization: Bearer {key}")
    if body is not None:
        lines.append(f"Content-Length: {len(body) if length is None else length}")
        if not any(header.lower().startswith("content-type") for header in headers):
            lines.append("Content-Type: application/json")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + (body or b"")


def encoded(**body: object) -> bytes:
    """A body."""
    return json.dumps(body).encode()
