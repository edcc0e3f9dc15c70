"""The client that makes the load: raw sockets, which read everything and look at it afterwards."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass

from .frames import MARK

_END = b"\r\n0\r\n\r\n"
_QUIET_S = 0.1
"""What a proxy may still do once its last answer has ended."""


@dataclass(frozen=True)
class Target:
    """Where to ask."""

    port: int
    path: str
    key: str

    def request(self, body: bytes) -> bytes:
        """A whole request."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + body


@dataclass(frozen=True)
class Heard:
    """One answer."""

    events: int
    first_s: float
    """From the connection's being there to the first event."""


TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "write",
            "parameters": {"type": "object", "properties": {"content": {"type": "string"}}},
        },
    }
]


def chat(messages: int = 1, size: int = 5, tools: Sequence[object] = ()) -> bytes:
    """A request of so many messages."""
    said = [
        {"role": "assistant" if n % 2 else "user", "content": f"{n} " + "word " * (size // 5)}
        for n in range(messages - 1)
    ]
    said.append({"role": "user", "content": "Go on."})
    asked = {"model": "qwen3.7-plus", "stream": True, "messages": said}
    return json.dumps(asked | ({"tools": tools} if tools else {})).encode()


class _Reading(asyncio.Protocol):
    def __init__(self, request: bytes) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._request = request
        self._pieces: list[bytes] = []
        self._end = b""
        self._start_s = self._first_s = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._start_s = time.perf_counter()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        if not self._first_s and MARK in data:
            self._first_s = time.perf_counter()
        self._pieces.append(data)
        self._end = (self._end + data)[-len(_END) :]
        if self._end == _END and self._transport is not None:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.over.done():
            self.over.set_result(None)

    def heard(self) -> Heard:
        """What came, once it is over."""
        return Heard(self.body().count(MARK), self._first_s - self._start_s)

    def body(self) -> bytes:
        """What was streamed, without its chunks."""
        return _unchunked(b"".join(self._pieces).partition(b"\r\n\r\n")[2])


def _unchunked(body: bytes) -> bytes:
    pieces, at = [], 0
    while (line := body.find(b"\r\n", at)) > 0:
        try:
            size = int(body[at:line], 16)
        except ValueError:
            break
        pieces.append(body[line + 2 : line + 2 + size])
        at = line + size + 4
    return b"".join(pieces)


async def ask(target: Target, body: bytes, after_s: float = 0.0) -> _Reading:
    """One answer, read to its end."""
    await asyncio.sleep(after_s)
    loop = asyncio.get_running_loop()
    request = target.request(body)
    _, reading = await loop.create_connection(lambda: _Reading(request), "127.0.0.1", target.port)
    await reading.over
    return reading


def ask_once(target: Target, body: bytes) -> bytes:
    """The streamed body of one answer."""
    return asyncio.run(ask(target, body)).body()


async def ask_many(target: Target, streams: int, apart_s: float = 0.0) -> list[_Reading]:
    """Answers beside each other, begun a little apart; with the quiet that follows them."""
    body = chat()
    asked = [ask(target, body, number * apart_s) for number in range(streams)]
    found = await asyncio.gather(*asked)
    await asyncio.sleep(_QUIET_S)
    return found
