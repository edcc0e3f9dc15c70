"""The proxy as its clients see it, and what is right about an answer."""

import asyncio
import random
import time
from dataclasses import dataclass, field

from tests.harness import Reply
from tray_app.core.errors import RETRY_AFTER_S, Kind
from tray_app.proxy.door import ask

from .asking import Line, encoded, request
from .faults import PLAIN, mark, words

_IDLE_S = 30.0
"""A kept connection is used again only while it is younger than this."""


class LostError(Exception):
    """A request was lost: it got no answer, or a wrong one."""


class HeldError(Exception):
    """A request was turned away because the site asks for a person on account of another."""


@dataclass
class Front:
    """The proxy from outside."""

    port: int
    key: str
    door: str
    chance: random.Random
    bugs: int = 0
    """Answers that say it is a bug."""
    resumed: int = 0
    _kept: list[tuple[float, Line]] = field(default_factory=list)

    def chat(self, name: str, number: int, *, stream: bool, model: str = PLAIN) -> bytes:
        """A request whose prompt says what it meets."""
        said = [{"role": "user", "content": f"Please. {mark(name, number)}"}]
        return self.post(encoded(model=model, stream=stream, messages=said))

    def post(self, body: bytes, path: str = "/v1/chat/completions") -> bytes:
        """A request with this body."""
        return request(self.port, f"POST {path}", body, self.key)

    async def told(self, data: bytes) -> Reply:
        """The answer to a request, on a new connection or on one that was kept.

        Raises `ConnectionError` where there is no whole one.
        """
        line = await self._line()
        keeps = False
        try:
            await line.say(data)
            reply = await line.reply()
            keeps = reply.headers.get("connection") != "close" and self.chance.random() < 0.5
        finally:
            if keeps:
                self._kept.append((time.monotonic(), line))
            else:
                await line.__aexit__()
        return reply

    async def _line(self) -> Line:
        now_s = time.monotonic()
        while self._kept and now_s - self._kept[0][0] > _IDLE_S:
            await self._kept.pop(0)[1].__aexit__()
        if self._kept and self.chance.random() < 0.5:
            return self._kept.pop()[1]
        return await Line(self.port).__aenter__()

    def code(self, reply: Reply) -> str:
        """What a reply says went wrong, empty for nothing; raises `LostError` if misshapen."""
        code = _framed(reply) if _is_stream(reply) else _whole(reply)
        self.bugs += reply.status == 500 or code == "internal_error"
        return code

    async def held(self, code: str, *, expected: bool = False) -> None:
        """End the hold that an answer tells of; raises `HeldError` where it was not to be met.

        To be asked for a person is never somebody else's doing.
        """
        if code != "cooling_down" and not (expected and code == "verification_needed"):
            return
        self.resumed += 1
        await asyncio.to_thread(ask, self.door, {"do": "resume"})
        if not expected:
            raise HeldError(code)

    async def close(self) -> None:
        """Let the kept connections go."""
        while self._kept:
            await self._kept.pop()[1].__aexit__()


def _is_stream(reply: Reply) -> bool:
    return reply.headers.get("content-type", "").startswith("text/event-stream")


def _whole(reply: Reply) -> str:
    if reply.status == 200:
        return ""
    code = reply.code
    row = Kind(code).row
    if row.status != reply.status:
        raise LostError(f"{code} with status {reply.status}")
    wait = reply.headers.get("retry-after")
    if (wait is None) != (row.retry_after_s is None) or int(wait or 1) not in RETRY_AFTER_S:
        raise LostError(f"{code} with Retry-After {wait}")
    return code


def _framed(reply: Reply) -> str:
    frames = reply.frames
    if reply.status != 200 or frames.count("[DONE]") != 1 or frames[-1] != "[DONE]":
        raise LostError(f"a stream of status {reply.status} that ends with {frames[-2:]}")
    errors = [frame["error"]["code"] for frame in frames[:-1] if "error" in frame]
    if len(errors) > 1 or (errors and "error" not in frames[-2]):
        raise LostError(f"a stream with errors at odd places: {errors}")
    ends = [
        one for frame in frames[:-1] for one in frame.get("choices", ()) if one["finish_reason"]
    ]
    if len(ends) != (not errors):
        raise LostError(f"a stream with {len(ends)} ends and the errors {errors}")
    return errors[0] if errors else ""


def check_text(reply: Reply, number: int, how_much: str) -> None:
    """Raise `LostError` where the answer's text is not what the site said."""
    said = "".join(words(number))
    if how_much == "none" or (how_much == "some" and not _is_stream(reply)):
        return
    if reply.status == 200 and not reply.text.startswith(said):
        raise LostError(f"the text is {reply.text[:200]!r}")
