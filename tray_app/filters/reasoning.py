"""Thoughts for clients that read no fields for them: in the text, or nowhere."""

from collections.abc import Callable

from tray_app.core.model import Event, Finished, ImageReady, ReasoningDelta, TextDelta

_OPEN, _CLOSE = "<think>\n", "\n</think>\n\n"


class Hiding:
    """A filter that lets no thought through."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit

    def __call__(self, event: Event) -> None:
        if type(event) is not ReasoningDelta:
            self._emit(event)


class Tagging:
    """A filter that puts thoughts into the text, between `<think>` tags."""

    def __init__(self, emit: Callable[[Event], None]) -> None:
        self._emit = emit
        self._is_open = False

    def __call__(self, event: Event) -> None:
        if type(event) is ReasoningDelta:
            self._emit(TextDelta(event.text if self._is_open else _OPEN + event.text))
            self._is_open = True
            return
        if self._is_open and isinstance(event, (TextDelta, ImageReady, Finished)):
            self._is_open = False
            self._emit(TextDelta(_CLOSE))
        self._emit(event)
