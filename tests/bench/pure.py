"""The pure path alone: decoder, filters and encoder as the relay joins them, with no socket."""

import time
from statistics import median

from tests.filters.pieces import talking
from tray_app.core.model import Event
from tray_app.core.ports import Profile
from tray_app.dialects.openai_chat import OpenAIChat
from tray_app.proxy.moment import stamp
from tray_app.upstreams.qwen.decode import QwenDecoder

from . import load
from .frames import MARK, PURE, WITH_TOOLS, Make

FEW, MANY = 1000, 16_000


def _answer(frames: list[bytes], *, offers_tools: bool) -> list[bytes]:
    """One answer, each frame in a piece of its own; returns what each piece became."""
    asked = OpenAIChat().parse(load.chat(tools=load.TOOLS if offers_tools else ()), Profile())
    encoder = asked.encoder(stamp())
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


def _us(frames: list[bytes], times: int, *, offers_tools: bool) -> float:
    start_s = time.process_time()
    for _ in range(times):
        _answer(frames, offers_tools=offers_tools)
    return (time.process_time() - start_s) * 1e6 / times / len(frames)


def costs(rounds: int) -> dict[str, tuple[float, float]]:
    """Microseconds per event of each kind of answer, with few and with many events."""
    plain = {name: _cost(make, rounds, offers_tools=False) for name, make in PURE.items()}
    return plain | {
        name: _cost(make, rounds, offers_tools=True) for name, make in WITH_TOOLS.items()
    }


def _cost(make: Make, rounds: int, *, offers_tools: bool) -> tuple[float, float]:
    few, many = make(FEW), make(MANY)
    pairs = [
        (
            _us(few, MANY // FEW, offers_tools=offers_tools),
            _us(many, 1, offers_tools=offers_tools),
        )
        for _ in range(rounds)
    ]
    return median(pair[0] for pair in pairs), median(pair[1] for pair in pairs)


def lost() -> int:
    """Events of a plain answer that did not come out."""
    answer = _answer(PURE["plain text"](FEW), offers_tools=False)
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
