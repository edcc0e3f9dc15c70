"""What the usual request of a client is like, so that one of that form can be sent as a test.

Sources: requests that were recorded (2026-11), else the client's code or guide. One of which
neither is known has the plain form, which every client of its kind sends at least.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

_ASKED = "This is a test of the connection. Answer with one word: ready"
_BEFORE = "I want to see whether this works."
_PART = "The folder of the project is empty."
_SYSTEM = "You are an assistant that works with tools."
_TRANSLATOR = "You are a translator. Answer with the translation."
_TRANSLATED = "Translate to German:\n\nGood morning.\n\n%%\n\nThank you."

Turn = tuple[Literal["system", "user", "assistant"], int]
"""Who speaks, and in how many parts; 0 where it is one string."""

SYSTEM: Turn = ("system", 0)
USER: Turn = ("user", 0)
ASSISTANT: Turn = ("assistant", 0)


class Shape(Struct, frozen=True):
    """The form of a client's first request."""

    turns: tuple[Turn, ...] = (USER,)
    stream: bool = True
    """Where it is not, nothing is said of it."""
    usage: bool = False
    """Whether a stream shall end with the numbers of tokens."""
    tools: bool = False
    strict: bool | None = None
    """What is said of that with each tool; None for nothing."""
    translates: bool = False
    more: Mapping[str, Any] = {}
    """Fields that it sends as they stand."""


PLAIN = Shape()
COUNTED = Shape(usage=True)
AGENT = Shape((SYSTEM, USER), usage=True, tools=True)
CHOOSING = Shape((SYSTEM, USER), usage=True, tools=True, more={"tool_choice": "auto"})


def body_of(shape: Shape, model: str) -> dict[str, Any]:
    """A small request of this form."""
    body: dict[str, Any] = {"model": model, "messages": _messages(shape), **shape.more}
    if shape.stream:
        body["stream"] = True
    if shape.usage:
        body["stream_options"] = {"include_usage": True}
    if shape.tools:
        body["tools"] = [_tool(shape, *one) for one in _TOOLS]
    return body


def _messages(shape: Shape) -> list[dict[str, Any]]:
    last = len(shape.turns) - 1
    return [
        {"role": role, "content": _content(_said(shape, role, is_last=at == last), parts)}
        for at, (role, parts) in enumerate(shape.turns)
    ]


def _said(shape: Shape, role: str, *, is_last: bool) -> str:
    if role == "system":
        return _TRANSLATOR if shape.translates else _SYSTEM
    if role == "assistant":
        return "Ok."
    if not is_last:
        return _BEFORE
    return _TRANSLATED if shape.translates else _ASKED


def _content(text: str, parts: int) -> str | list[dict[str, str]]:
    if not parts:
        return text
    return [{"type": "text", "text": one} for one in (text, *[_PART] * (parts - 1))]


_TOOLS = (
    ("read_file", "Read the text of a file of the project.", "path", "Where the file is."),
    ("attempt_completion", "Tell the result, once all is done.", "result", "What came of it."),
)


def _tool(shape: Shape, name: str, about: str, field: str, meant: str) -> dict[str, Any]:
    function: dict[str, Any] = {
        "name": name,
        "description": about,
        "parameters": {
            "type": "object",
            "properties": {field: {"type": "string", "description": meant}},
            "required": [field],
            "additionalProperties": False,
        },
    }
    if shape.strict is not None:
        function["strict"] = shape.strict
    return {"type": "function", "function": function}
