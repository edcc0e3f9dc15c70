"""Thoughts in the text and beside it, as the model writes them and as a client reads them."""

from collections.abc import Callable
from typing import Literal

from msgspec.structs import replace

from tray_app.core.model import Citation, Event, Finished, ImageReady, ReasoningDelta, TextDelta

_OPEN, _CLOSE = "<think>\n", "\n</think>\n\n"
_OPENS, _CLOSES = "<think>", "</think>"
_SPACE = 80
"""No thoughts begin behind more white space."""


class Untagging:
    """A filter that takes the thoughts out of a text that begins with some in `<think>` tags.

    A model that is not to think does so nevertheless where it sees its own thoughts among earlier
    messages; and calls and JSON that it only considers would be taken for its answer. An end tag
    alone at the beginning goes as well: what it ends was told as thoughts already.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._place: Literal["before", "thoughts", "behind", "text"] = "before"
        self._held = ""

    def __call__(self, event: Event) -> None:
        if type(event) is TextDelta and self._place != "text":
            self._take(self._held + event.text)
        elif type(event) is Finished:
            self._flush()
            self._place = "before"
            self._emit(event)
        else:
            self._emit(event)

    def _take(self, text: str) -> None:
        self._held = ""
        if self._place == "before":
            text = self._begin(text)
        if self._place == "thoughts":
            text = self._think(text)
        if self._place == "behind" and (text := text.lstrip()):
            self._place = "text"
        if self._place == "text" and text:
            self._emit(TextDelta(text))

    def _begin(self, text: str) -> str:
        """Tell what the answer begins with; returns what follows that."""
        begun = text.lstrip()
        is_near = len(text) - len(begun) <= _SPACE
        for tag in (_OPENS, _CLOSES) if is_near else ():
            if begun.startswith(tag):
                self._place = "thoughts" if tag == _OPENS else "behind"
                return begun[len(tag) :]
            if tag.startswith(begun):
                self._held = text
                return ""
        self._place = "text"
        return text

    def _think(self, text: str) -> str:
        """Hand on thoughts; returns what follows them."""
        thought, end, rest = text.partition(_CLOSES)
        if end:
            self._place = "behind"
        else:
            self._held = _tail(text)
            thought = text[: len(text) - len(self._held)]
        if thought:
            self._emit(ReasoningDelta(thought))
        return rest

    def _flush(self) -> None:
        if self._held:
            kind = ReasoningDelta if self._place == "thoughts" else TextDelta
            self._emit(kind(self._held))
            self._held = ""


def _tail(text: str) -> str:
    """The end of a text that may be the beginning of the end tag."""
    sizes = range(min(len(_CLOSES) - 1, len(text)), 0, -1)
    return next((text[-size:] for size in sizes if text.endswith(_CLOSES[:size])), "")


class Hiding:
    """A filter that lets no thought through."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit

    def __call__(self, event: Event) -> None:
        if type(event) is not ReasoningDelta:
            self._emit(event)


class Tagging:
    """A filter that puts thoughts into the text, between `<think>` tags.

    Citations move on by what it added to the text before them.
    """

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._is_open = False
        self._added = 0

    def __call__(self, event: Event) -> None:
        if type(event) is ReasoningDelta:
            self._add(event.text if self._is_open else _OPEN + event.text)
            self._is_open = True
            return
        if self._is_open and isinstance(event, (TextDelta, ImageReady, Citation, Finished)):
            self._is_open = False
            self._add(_CLOSE)
        if type(event) is Citation:
            start, end = event.start + self._added, event.end + self._added
            event = replace(event, start=start, end=end)
        self._emit(event)

    def _add(self, text: str) -> None:
        self._added += len(text)
        self._emit(TextDelta(text))
