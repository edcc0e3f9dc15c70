"""The bytes of an answer, as the site streams them."""

import asyncio
import json
from typing import Any
from uuid import uuid4

from aiohttp import web

from .world import Script, World

_USAGE = {
    "input_tokens": 1049, "output_tokens": 0, "characters": 0, "total_tokens": 0,
    "input_tokens_details": {"text_tokens": 1049}, "output_tokens_details": {"text_tokens": 0},
    "prompt_tokens_details": {"cached_tokens": 0},
}  # fmt: skip
_TEXT = ("Portico", " 门廊", " stands", " —", " ünder", " 🏛️", ",", " said", " the", " site", ".")


class Frames:
    """One answer on its way; every frame is cut in two at an odd place."""

    def __init__(self, script: Script, chat: str, said: str, *, thinks: bool) -> None:
        self._script = script
        self._chat = chat
        self._said = said
        self._thinks = thinks
        self.answer = str(uuid4())

    def all(self) -> list[bytes]:
        """The whole answer, up to its finished frame."""
        begun = {"chat_id": self._chat, "parent_id": str(uuid4()), "response_id": self.answer,
                 "response_index": "0"}  # fmt: skip
        frames = [self._line({"response.created": begun}, after=" "), b": keepalive\n\n"]
        if self._thinks:
            frames += self._thoughts()
        for count, word in enumerate(self._words(), 1):
            frames.append(self._frame(word, "answer", "typing", self._usage(count)))
        frames.append(self._frame("", "answer", "typing", self._usage(self._script.words)))
        frames.append(self._frame("", "answer", "finished"))
        return frames

    def _words(self) -> list[str]:
        more = [f" {number}" for number in range(self._script.words)]
        return [*_TEXT, f" You said: {self._said[:200]}", *more]

    def _thoughts(self) -> list[bytes]:
        frames = []
        for count in (1, 2):
            titles = ["Reading the question", "Answering it"][:count]
            thoughts = ["The person greets.", "A greeting is due."][:count]
            extra = {"summary_title": {"content": titles}, "summary_thought": {"content": thoughts}}
            frames.append(self._frame("", "thinking_summary", "typing", extra=extra))
        return [*frames, self._frame("", "thinking_summary", "finished")]

    def _usage(self, count: int) -> dict[str, Any]:
        return {**_USAGE, "output_tokens": count, "total_tokens": 1049 + count}

    def _frame(self, text: str, phase: str, status: str, usage: Any = None, **more: Any) -> bytes:
        delta = {"role": "assistant", "content": text, "phase": phase, "status": status, **more}
        told: dict[str, Any] = {"choices": [{"delta": delta}], "response_id": self.answer}
        if usage:
            told |= {"usage": usage, "timestamp": 1790000001}
        return self._line(told)

    def _line(self, told: object, after: str = "") -> bytes:
        end = "\r\n\r\n" if self._script.crlf else "\n\n"
        return f"data: {json.dumps(told, ensure_ascii=False)}{after}{end}".encode()


async def stream(
    world: World, request: web.Request, frames: Frames, chat: str
) -> web.StreamResponse:
    """Send an answer; the stream stays open after it, until somebody has enough."""
    response = web.StreamResponse()
    response.headers.update(
        {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache"}
    )
    await response.prepare(request)
    world.chats[chat] = "busy"
    done = False
    try:
        for frame in frames.all():
            cut = len(frame) * 2 // 3
            await response.write(frame[:cut])
            await asyncio.sleep(world.script.pace_s)
            await response.write(frame[cut:])
        done = True
        world.chats[chat] = "idle"
        world.note("answered_whole", chat=chat)
        await asyncio.sleep(world.script.linger_s)
        await response.write_eof()
    except (ConnectionError, asyncio.CancelledError):
        world.note("reader_left", chat=chat, done=done)
        raise
    finally:
        world.chats[chat] = "idle"
    return response
