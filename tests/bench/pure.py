"""The pure path alone: decoder, filters and encoder as the relay joins them, with no socket."""

import time
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.filters.pieces import talking
from tray_app.core.model import Event
from tray_app.core.ports import Profile
from tray_app.dialects.openai_chat import OpenAIChat
from tray_app.proxy.moment import stamp
from tray_app.upstreams.qwen.decode import QwenDecoder

from . import load
from .frames import MARK, Make, calling, code, plain, searching, summary, thinking

FEW, MANY = 1000, 16_000
_OFFERING: dict[str, Any] = {"tools": load.TOOLS}
KINDS: dict[str, tuple[Make, dict[str, Any]]] = {
    "plain text": (plain, {}),
    "visible thinking": (thinking, {}),
    "thinking summary": (summary, {}),
    "search markers": (searching, {}),
    "stop words": (plain, load.STOPPING),
    "tools offered, plain text": (plain, _OFFERING),
    "tools offered, code": (code, _OFFERING),
    "inside a tool call": (calling, _OFFERING),
    "tools, stop words and usage": (plain, load.EVERYTHING),
    "tools, stop words, usage and search markers": (searching, load.EVERYTHING),
}
"""Kinds of answers, and what the request asks for beside the prompt."""


def _answer(frames: list[bytes], body: bytes) -> list[bytes]:
    """One answer, each frame in a piece of its own; returns what each piece became."""
    asked = OpenAIChat().parse(body, Profile())
    encoder = asked.encoder(stamp(), "m")
    out: list[bytes] = []
    sent: list[bytes] = []

    def emit(event: Event) -> None:
        out.append(encoder.feed(event))

    feed = talking(asked.prompts[0], emit).feed
    decoder = QwenDecoder(prompt_bytes=1000)
    for frame in frames:
        decoder.feed(frame, feed)
        if data := b"".join(out):
            sent.append(data)
        out.clear()
    assert decoder.finished
    return [*sent, encoder.close()]


def _us(frames: list[bytes], times: int, body: bytes) -> float:
    start_s = time.process_time()
    for _ in range(times):
        _answer(frames, body)
    return (time.process_time() - start_s) * 1e6 / times / len(frames)


@dataclass(frozen=True)
class Cost:
    """Microseconds per event, with few and with many events."""

    few_us: float
    many_us: float
    growth: float
    is_filtered: bool
    """Something is looked for in every text."""


def costs(rounds: int) -> dict[str, Cost]:
    """What each kind of answer costs; medians, the growth that of each round."""
    found = {}
    for name, (make, more) in KINDS.items():
        few, many, body = make(FEW), make(MANY), load.chat(**more)
        pairs = [(_us(few, MANY // FEW, body), _us(many, 1, body)) for _ in range(rounds)]
        found[name] = Cost(
            median(pair[0] for pair in pairs),
            median(pair[1] for pair in pairs),
            median(pair[1] / pair[0] for pair in pairs),
            is_filtered=bool(more) or make is searching,
        )
    return found


def lost() -> int:
    """Events of a plain answer that did not come out."""
    answer = _answer(plain(FEW), load.chat())
    return FEW - b"".join(answer).count(MARK)


def telling_ms() -> float:
    """Milliseconds until 60 kB of tools stand in a prompt, parsing the request included."""
    parameters = {"type": "object", "properties": {"path": {"type": "string"}}}
    tools = [
        {"type": "function",
         "function": {"name": f"tool_{n}", "description": "What it does. " * 100,
                      "parameters": parameters}}
        for n in range(40)
    ]  # fmt: skip
    body = load.chat(tools=tools)
    assert len(body) > 60_000
    took = []
    for _ in range(20):
        start_s = time.process_time()
        talking(OpenAIChat().parse(body, Profile()).prompts[0], lambda _: None)
        took.append(time.process_time() - start_s)
    return median(took) * 1e3
