"""Frames of the site's stream, built by hand: what matters to a test is said, the rest is usual."""

import json
from typing import Any

from tray_app.core.model import Event
from tray_app.upstreams.qwen.decode import QwenDecoder


def created(response_id: str = "r1", index: str | None = "0") -> bytes:
    """A created frame, with the trailing space that the site sends."""
    told: dict[str, Any] = {"chat_id": "c1", "parent_id": "u1", "response_id": response_id}
    if index is not None:
        told["response_index"] = index
    return b"data: " + json.dumps({"response.created": told}).encode() + b" \n\n"


def delta(
    content: str | None = "", phase: str | None = "answer", status: str = "typing", **more: Any
) -> bytes:
    """A chunk; `response_id` and `usage` stand beside the choices, all else in the delta."""
    outer = {"response_id": more.pop("response_id", "r1")}
    if "usage" in more:
        outer["usage"] = more.pop("usage")
    inner = {"role": "assistant", "content": content, "status": status, **more}
    if phase is not None:
        inner["phase"] = phase
    return data({"choices": [{"delta": inner}], **outer})


def data(value: object) -> bytes:
    """Any value as a frame."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def finished(phase: str | None = "answer", **more: Any) -> bytes:
    """The frame that ends a phase."""
    return delta("", phase, "finished", **more)


def decode(*frames: bytes, decoder: QwenDecoder | None = None, closes: bool = True) -> list[Event]:
    """The events of a stream; raises what the decoder raises."""
    decoder = decoder or QwenDecoder()
    decoder.open(200, {"content-type": "text/event-stream"})
    events: list[Event] = []
    for frame in frames:
        decoder.feed(frame, events.append)
    if closes:
        decoder.close(events.append)
    return events
