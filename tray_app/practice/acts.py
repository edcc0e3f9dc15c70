"""What the practice site can be told to do instead of answering: faults as values."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from . import frames
from .http import Request, Wire, chunk, head

Then = Literal["end", "cut", "reset", "hang"]


@dataclass(frozen=True)
class Scene:
    """Where an act takes place: one request on one connection."""

    wire: Wire
    request: Request
    chat_id: str
    response_id: str


class Act(Protocol):
    """One way to answer a request."""

    async def play(self, scene: Scene) -> None:
        """Answer, or do whatever this act does instead."""


@dataclass(frozen=True)
class Events:
    """A stream of frames, faithful in its head and its end."""

    make: Callable[[Scene], Iterator[bytes]]
    pace_s: float = 0.0
    then: Then = "end"

    async def play(self, scene: Scene) -> None:
        wire = scene.wire
        wire.send(head(200, [("Content-Type", "text/event-stream"), _CHUNKED]))
        for data in self.make(scene):
            wire.send(chunk(data))
            await wire.flush()
            await asyncio.sleep(self.pace_s)
        await _end(wire, self.then)


def say(
    *deltas: str,
    thoughts: Sequence[str] = (),
    raw_thoughts: Sequence[str] = (),
    sources: Sequence[tuple[str, str]] = (),
    usage: bool = True,
    finished: bool = True,
    pace_s: float = 0.0,
    then: Then = "end",
) -> Events:
    """An answer of these deltas, after thoughts and a search where there are any."""

    def make(scene: Scene) -> Iterator[bytes]:
        answer = frames.Answer(scene.response_id, usage=usage)
        yield frames.created(scene.chat_id, scene.response_id)
        yield from map(answer.raw_thought, raw_thoughts)
        if raw_thoughts:
            yield answer.finished("think")
        yield from map(answer.thought, thoughts)
        if thoughts:
            yield answer.finished("thinking_summary")
        if sources:
            yield from answer.search("practice", sources)
        yield from map(answer.text, deltas)
        if finished:
            yield answer.text("")
            yield answer.text("")
            yield answer.finished()

    return Events(make, pace_s, then)


@dataclass(frozen=True)
class Raw:
    """These bytes as the body, whatever they are.

    `head` replaces the whole head, byte for byte, and the body then follows without any framing;
    with `pieces` the bytes arrive in TCP segments of that size.
    """

    data: bytes
    head: bytes | None = None
    content_type: str = "text/event-stream"
    pieces: int | None = None
    pace_s: float = 0.0
    then: Then = "end"

    async def play(self, scene: Scene) -> None:
        wire, framed = scene.wire, self.head is None
        wire.send(self.head or head(200, [("Content-Type", self.content_type), _CHUNKED]))
        size = self.pieces or len(self.data) or 1
        for at in range(0, len(self.data), size):
            piece = self.data[at : at + size]
            wire.send(chunk(piece) if framed else piece)
            await wire.flush()
            await asyncio.sleep(self.pace_s)
        if not framed and self.then == "end":
            wire.cut()
            return
        await _end(wire, self.then)


@dataclass(frozen=True)
class Whole:
    """A whole answer with its length."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    async def play(self, scene: Scene) -> None:
        told = [
            ("Content-Type", self.content_type),
            ("Content-Length", str(len(self.body))),
            *self.headers,
        ]
        scene.wire.send(head(self.status, told) + self.body)


@dataclass(frozen=True)
class Silence:
    """Take the request and never answer."""

    async def play(self, scene: Scene) -> None:
        await scene.wire.gone()
        scene.wire.keeps_alive = False


@dataclass(frozen=True)
class Drop:
    """Close the connection without a byte; with a RST if `reset`."""

    reset: bool = False

    async def play(self, scene: Scene) -> None:
        if self.reset:
            scene.wire.reset()
        else:
            scene.wire.cut()


@dataclass(frozen=True)
class Slow:
    """Do something else after a while."""

    act: Act
    before_s: float

    async def play(self, scene: Scene) -> None:
        await asyncio.sleep(self.before_s)
        await self.act.play(scene)


@dataclass(frozen=True)
class Paced:
    """Ready-made frames at a pace, for measuring: nothing is computed while they are sent."""

    frames: Sequence[bytes]
    interval_s: float
    per_write: int = 1

    async def play(self, scene: Scene) -> None:
        wire, loop = scene.wire, asyncio.get_running_loop()
        wire.send(head(200, [("Content-Type", "text/event-stream"), _CHUNKED]))
        due_s = loop.time()
        for at in range(0, len(self.frames), self.per_write):
            wire.send(chunk(b"".join(self.frames[at : at + self.per_write])))
            due_s += self.interval_s
            left_s = due_s - loop.time()
            if left_s > 0:
                await asyncio.sleep(left_s)
            else:
                await wire.flush()
        await _end(wire, "end")


_CHUNKED = ("Transfer-Encoding", "chunked")


async def _end(wire: Wire, then: Then) -> None:
    if then == "end":
        wire.send(chunk(b""))
    elif then == "hang":
        await wire.gone()
        wire.keeps_alive = False
    else:
        await wire.flush()
        if then == "reset":
            wire.reset()
        else:
            wire.cut()


def value(told: object, status: int = 200, **headers: str) -> Whole:
    """A JSON answer; a name with more underscores is the same header once more."""
    pairs = tuple((re.sub("_+", "-", name), text) for name, text in headers.items())
    return Whole(json.dumps(told, ensure_ascii=False).encode(), status, headers=pairs)


def page(text: str, status: int = 200) -> Whole:
    """An HTML answer."""
    return Whole(text.encode(), status, "text/html; charset=utf-8")


def refused(code: str, details: str = "", status: int = 200, **more: object) -> Whole:
    """An error in the site's usual envelope."""
    data = {"code": code, "details": details, **more}
    return value({"success": False, "request_id": "practice", "data": data}, status)


def error_frame(code: str, details: str) -> bytes:
    """An error inside a stream."""
    return frames.frame({"error": {"code": code, "details": details}})


PUNISH = "https://chat.qwen.ai:443//api/v2/chat/completions/_____tmd_____/punish?x5secdata=abc"
CHALLENGE = value(
    {"ret": ["FAIL_SYS_USER_VALIDATE", "RGV587_ERROR::SM::busy"], "data": {"url": PUNISH}}
)
CHALLENGE_PAGE = page(
    f'<!doctypehtml><script>var aliyun_waf_aa="1";location="{PUNISH}"</script>' + " " * 16_000
)
HELD = value({"code": 0, "dt": "success", "result": {"code": 0, "sig": "from bx"}, "success": True})
EXPIRED = refused("Unauthorized", "Token has expired, please log in again.")
EMPTY = say(finished=False)
