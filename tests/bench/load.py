"""The client that makes the load: raw sockets, which read everything and look at it afterwards."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from .frames import MARK

_END = b"\r\n0\r\n\r\n"
_QUIET_S = 0.1
"""What a proxy may still do once its last answer has ended."""
_BEGUN_S = 60.0

TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "write",
            "parameters": {"type": "object", "properties": {"content": {"type": "string"}}},
        },
    }
]
STOPPING: dict[str, Any] = {"stop": ["no such word", "nor this one", "###"]}
COUNTING: dict[str, Any] = {"stream_options": {"include_usage": True}}
EVERYTHING: dict[str, Any] = {"tools": TOOLS, **STOPPING, **COUNTING}
"""What makes an answer take every way there is."""


@dataclass(frozen=True)
class Target:
    """Where to ask."""

    port: int
    path: str
    key: str
    tls: ssl.SSLContext | None = field(default=None, compare=False)

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


def chat(messages: int = 1, size: int = 5, **more: object) -> bytes:
    """A request of so many messages, for a stream if nothing else is said."""
    said = [
        {"role": "assistant" if n % 2 else "user", "content": f"{n} " + "word " * (size // 5)}
        for n in range(messages - 1)
    ]
    said.append({"role": "user", "content": "Go on."})
    return json.dumps({"model": "qwen3.7-plus", "stream": True, "messages": said, **more}).encode()


class Reading(asyncio.Protocol):
    """One answer while it comes."""

    def __init__(self, request: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.begun: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()
        self._request = request
        self._pieces: list[bytes] = []
        self._times_s: list[float] = []
        self._end = b""
        self._start_s = self._first_s = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._start_s = time.perf_counter()
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now_s = time.perf_counter()
        if not self._first_s and MARK in data:
            self._first_s = now_s
            self.begun.set_result(None)
        self._pieces.append(data)
        self._times_s.append(now_s)
        self._end = (self._end + data)[-len(_END) :]
        if self._end == _END and self._transport is not None:
            self._transport.close()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.begun.done():
            self.begun.set_result(None)
        if not self.over.done():
            self.over.set_result(None)

    def leave(self) -> float:
        """Hang up; returns when, on the monotonic clock."""
        assert self._transport is not None
        self._transport.close()
        return time.monotonic()

    def heard(self) -> Heard:
        """What came, once it is over."""
        return Heard(self.body().count(MARK), self._first_s - self._start_s)

    def late_s(self, interval_s: float) -> list[float]:
        """How much later each event of an answer at this pace came than the most punctual one."""
        found: list[float] = []
        for piece, time_s in zip(self._pieces, self._times_s, strict=True):
            count = piece.count(MARK)
            found += [time_s - (len(found) + n) * interval_s for n in range(count)]
        least_s = min(found, default=0.0)
        return [late_s - least_s for late_s in found]

    def body(self) -> bytes:
        """What was sent, without its chunks."""
        head, _, body = b"".join(self._pieces).partition(b"\r\n\r\n")
        return _unchunked(body) if b"chunked" in head.lower() else body


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


async def begin(target: Target, body: bytes) -> Reading:
    """One answer, which is being waited for."""
    loop, request = asyncio.get_running_loop(), target.request(body)
    _, reading = await loop.create_connection(
        lambda: Reading(request), "127.0.0.1", target.port,
        ssl=target.tls, server_hostname="localhost" if target.tls else None,
    )  # fmt: skip
    return reading


async def ask(target: Target, body: bytes, after_s: float = 0.0) -> Reading:
    """One answer, read to its end."""
    await asyncio.sleep(after_s)
    reading = await begin(target, body)
    await reading.over
    return reading


def ask_once(target: Target, body: bytes) -> bytes:
    """The streamed body of one answer."""
    return asyncio.run(ask(target, body)).body()


async def ask_many(
    target: Target, streams: int, apart_s: float = 0.0, body: bytes = b""
) -> list[Reading]:
    """Answers beside each other, begun a little apart; with the quiet that follows them."""
    body = body or chat()
    asked = [ask(target, body, number * apart_s) for number in range(streams)]
    found = await asyncio.gather(*asked)
    await asyncio.sleep(_QUIET_S)
    return found


@asynccontextmanager
async def holding(target: Target, streams: int) -> AsyncIterator[list[Reading]]:
    """Answers beside each other that have begun; the client hangs up at the end of the context."""
    body = chat()
    readings = [await begin(target, body) for _ in range(streams)]
    try:
        async with asyncio.timeout(_BEGUN_S):
            for reading in readings:
                await reading.begun
        yield readings
    finally:
        for reading in readings:
            reading.leave()
        for reading in readings:
            await reading.over
