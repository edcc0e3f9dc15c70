"""Ready-made frames of the practice site: made once, so that sending them costs nothing."""

from collections.abc import Callable
from functools import cache

from tray_app.practice import frames

MARK = b"words of a benchmark"
"""Stands once in the text of every event, so that whoever reads an answer can count them."""
RESPONSE = "7d0c4f0e-6a3b-4d1c-9a7f-5b1e2c3d4f50"
CHAT = "2b9f6c1a-0d4e-4f6b-8c35-1e7a9d2b3c40"
_SOURCES = tuple((f"https://site{n}.example/page/{n}", f"Page {n}") for n in range(1, 11))

Make = Callable[[int], list[bytes]]


def _text(number: int) -> str:
    """Forty bytes."""
    return f"event {number:07d}: words of a benchmark. "


@cache
def plain(events: int) -> list[bytes]:
    """An answer of so many texts: the frame that begins it, the texts, the frame that ends it."""
    answer = frames.Answer(RESPONSE)
    texts = [answer.text(_text(number)) for number in range(events)]
    return [frames.created(CHAT, RESPONSE), *texts, answer.finished()]


@cache
def thinking(events: int) -> list[bytes]:
    """Visible thinking of so many deltas, and a short answer."""
    answer = frames.Answer(RESPONSE)
    thoughts = [answer.raw_thought(_text(number)) for number in range(events)]
    end = [answer.finished("think"), answer.text("Yes."), answer.finished()]
    return [frames.created(CHAT, RESPONSE), *thoughts, *end]


@cache
def summary(events: int) -> list[bytes]:
    """A thinking summary whose ten entries are sent whole again in each of so many frames."""
    answer = frames.Answer(RESPONSE)
    grown = [answer.thought(_text(number)) for number in range(10)]
    again = [grown[-1]] * (events - 10)
    end = [answer.finished("thinking_summary"), answer.text("Yes."), answer.finished()]
    return [frames.created(CHAT, RESPONSE), *grown, *again, *end]


@cache
def searching(events: int) -> list[bytes]:
    """An answer with ten sources, in which every fourth text names one of them."""
    answer = frames.Answer(RESPONSE)
    found = answer.search("practice", _SOURCES)
    texts = [
        answer.text(_text(n) + (f"[[{n % 10 + 1}]]" if n % 4 == 0 else "")) for n in range(events)
    ]
    return [frames.created(CHAT, RESPONSE), *found, *texts, answer.finished()]


@cache
def calling(events: int) -> list[bytes]:
    """A call whose one argument comes in so many texts."""
    answer = frames.Answer(RESPONSE)
    begun = answer.text('<tool_call>\n{"name": "write", "arguments": {"content": "')
    texts = [answer.text(_text(number)) for number in range(events)]
    end = [answer.text('"}}\n</tool_call>'), answer.finished()]
    return [frames.created(CHAT, RESPONSE), begun, *texts, *end]


@cache
def code(events: int) -> list[bytes]:
    """A text full of what could begin a call."""
    answer = frames.Answer(RESPONSE)
    texts = [answer.text(f"if a < {n} {{ <b>words of a benchmark</b> }}\n") for n in range(events)]
    return [frames.created(CHAT, RESPONSE), *texts, answer.finished()]
