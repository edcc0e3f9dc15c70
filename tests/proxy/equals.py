"""Equal requests on their way at the same time, and answers that come when they may."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.harness import QUICK, Reply, Running, running
from tests.proxy.baseline import house_of
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.practice.http import chunk, head
from tray_app.proxy.limits import Limits

CHATS = "/api/v2/chats/new"
COMPLETIONS = "/api/v2/chat/completions"
CHUNKED = ("Transfer-Encoding", "chunked")


class Clock:
    """Monotonic seconds that can be put ahead."""

    ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


@dataclass(frozen=True)
class Held:
    """An answer of which the first frames come at once, and the rest when it may."""

    act: acts.Events
    first: int = 0
    may: threading.Event = field(default_factory=threading.Event)

    async def play(self, scene: acts.Scene) -> None:
        wire, events = scene.wire, list(self.act.make(scene))
        if self.first:
            wire.send(head(200, [("Content-Type", "text/event-stream"), CHUNKED]))
            for data in events[: self.first]:
                wire.send(chunk(data))
            await wire.flush()
        await self._gone_or_free(scene)
        if not self.first:
            await self.act.play(scene)
            return
        for data in events[self.first :]:
            wire.send(chunk(data))
        if self.act.then == "end":
            wire.send(chunk(b""))
        else:
            await wire.flush()
            wire.cut()

    async def _gone_or_free(self, scene: acts.Scene) -> None:
        while not self.may.is_set():
            try:
                async with asyncio.timeout(0.01):
                    await scene.wire.gone()
            except TimeoutError:
                continue
            return


@dataclass(frozen=True)
class HeldBack:
    """Something else than a stream, done when it may."""

    act: acts.Act
    may: threading.Event = field(default_factory=threading.Event)

    async def play(self, scene: acts.Scene) -> None:
        await asyncio.to_thread(self.may.wait, 30)
        await self.act.play(scene)


@contextmanager
def joined(
    site: PracticeSite, *, slots: int = 2, limits: Limits | None = None, **parts: Any
) -> Iterator[Running]:
    """A proxy whose default key joins."""
    settings = QUICK.__class__(parallel_answers=slots, start_spacing_s=0.0)
    with running(site, settings=settings, limits=limits, **parts) as proxy:
        proxy.control("key", what="set", name="default", field="join", value="on")
        yield proxy


def steps(proxy: Running) -> list[str]:
    """How far everybody is who is being answered."""
    return [one.step for one in proxy.service.status.live]


def stands(proxy: Running) -> None:
    """Wait until a client that takes nothing has so much before it that nothing moves any more."""
    sizes = [0]

    def is_still() -> bool:
        waiting = house_of(proxy).server.connections
        sizes.append(sum(one.transport.get_write_buffer_size() for one in waiting if one.transport))
        return sizes[-1] > 0 and sizes[-5:] == 5 * sizes[-1:]

    until(is_still)


def asks(proxy: Running, pool: ThreadPoolExecutor, times: int, **more: Any) -> list[Future[Reply]]:
    """So many equal chats, which are on their way when this returns."""
    before = len(steps(proxy))
    asked = []
    for number in range(1, times + 1):
        asked.append(pool.submit(proxy.chat, **more))
        until(partial(_are, proxy, before + number))
    return asked


def _are(proxy: Running, many: int) -> bool:
    return len(steps(proxy)) == many


def connect(proxy: Running, *, stream: bool) -> socket.socket:
    """A client that has sent the chat that `Running.chat` sends, and reads nothing yet."""
    asked: dict[str, Any] = {
        "model": "qwen3.7-plus",
        "messages": [{"role": "user", "content": "Hello"}],
    }
    body = json.dumps(asked | {"stream": stream}, separators=(",", ":")).encode()
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
    sock.settimeout(20)
    sock.connect(("127.0.0.1", proxy.port))
    sock.sendall(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        + proxy.key.encode()
        + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )
    return sock


def answer_of(reply: Reply) -> tuple[int, Any]:
    """What two answers have in common that come of one work."""
    return reply.status, reply.frames or reply.json()
