"""What was asked and answered, kept only while a person wants to see it: in memory, for an hour.

It is off until somebody switches it on, ends by itself, and everything is forgotten at its end. No
byte of it reaches a disk or a log; who shows it takes the secrets out.
"""

import threading
from collections import deque
from collections.abc import Callable, Iterator

from msgspec import Struct

from tray_app.core.model import (
    FilePart,
    Message,
    Prompt,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    utf8_bytes,
)

KEPT_S = 3600.0
MOST = 50
MOST_BYTES = 20 << 20
LONGEST = 100_000
"""So many characters of a question or an answer are kept: its beginning."""
_MORE = "…"


class Body(Struct):
    """One question with its answer."""

    number: int
    """That of the request."""
    at_s: float
    """Unix seconds at which it came."""
    key: str
    asked: str
    pieces: list[str] = []
    """Of the answer."""
    room: int = LONGEST
    """So many more characters of the answer are kept."""

    @property
    def answered(self) -> str:
        """The answer, as far as it is there."""
        return "".join(self.pieces)

    @property
    def size(self) -> int:
        """In bytes."""
        return utf8_bytes(self.asked) + utf8_bytes(self.answered)

    def add(self, text: str) -> None:
        """Take more of the answer, as far as there is room for it."""
        if self.room > 0:
            self.pieces.append(text if len(text) <= self.room else text[: self.room] + _MORE)
            self.room -= len(text)


class Bodies:
    """Keeps them while it is on; noted in one loop, and read from any thread.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._end_s: float | None = None
        self._bodies: deque[Body] = deque(maxlen=MOST)

    def begin(self) -> None:
        """Keep what comes from now on, for an hour."""
        self._end_s = self._clock() + KEPT_S

    def end(self) -> None:
        """Forget everything, and keep nothing any more."""
        with self._lock:
            self._end_s = None
            self._bodies.clear()

    def left_s(self) -> int | None:
        """How long it still goes on; None while it is off."""
        end_s = self._end_s
        if end_s is None:
            return None
        left_s = end_s - self._clock()
        if left_s <= 0:
            self.end()
            return None
        return max(1, int(left_s))

    def all(self) -> list[Body]:
        """What is kept, the newest first."""
        if self.left_s() is None:
            return []
        with self._lock:
            return list(self._bodies)

    def keep(self, number: int, at_s: float, key: str, prompts: tuple[Prompt, ...]) -> Body | None:
        """Keep a question, whose answer is added as it comes; None while it is off."""
        if self.left_s() is None:
            return None
        asked = _cut("\n\n".join(piece for prompt in prompts for piece in _told(prompt)))
        body = Body(number, at_s, key, asked)
        with self._lock:
            self._bodies.appendleft(body)
            while sum(one.size for one in self._bodies) > MOST_BYTES:
                self._bodies.pop()
        return body


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[:LONGEST] + _MORE


def _told(prompt: Prompt) -> Iterator[str]:
    """A prompt as people read it."""
    yield f"model: {prompt.model}"
    if prompt.tools:
        yield f"tools: {', '.join(tool.name for tool in prompt.tools)}"
    for message in prompt.messages:
        yield f"{message.role}:\n" + "\n".join(_pieces(message))


def _pieces(message: Message) -> Iterator[str]:
    for part in message.parts:
        match part:
            case TextPart(text) | ReasoningPart(text):
                yield text[:LONGEST]
            case ToolCallPart():
                yield f"[call {part.name}] {part.arguments[:LONGEST]}"
            case FilePart():
                yield f"[{part.wish}]"
            case _:
                yield f"[result of {part.call_id}] {part.text[:LONGEST]}"
