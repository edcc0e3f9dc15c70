"""Thoughts for clients that read no fields for them: in the text, or nowhere."""

from collections.abc import Callable

from msgspec.structs import replace

from tray_app.core.model import Citation, Event, Finished, ImageReady, ReasoningDelta, TextDelta

_OPEN, _CLOSE = "<think>\n", "\n</think>\n\n"


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
