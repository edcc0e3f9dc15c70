"""An answer ends where it has become as long as its client allows."""

from collections.abc import Callable

from tray_app.core.model import (
    TOKEN_BYTES,
    Event,
    Finished,
    ReasoningDelta,
    TextDelta,
    Usage,
    utf8_bytes,
)

from .ending import Ending


class Limit:
    """A filter that ends an answer after `max_tokens`, thoughts included, in whole characters.

    The upstream takes no limit and tells no tokens on its way, so they are guessed from bytes. An
    answer that fills its limit exactly is complete.
    """

    def __init__(self, emit: Callable[[Event], None], max_tokens: int, ending: Ending) -> None:
        self._emit = emit
        self._ending = ending
        self._left_bytes = max_tokens * TOKEN_BYTES
        self._over = False

    def __call__(self, event: Event) -> None:
        if self._over:
            if type(event) is Usage:
                self._emit(event)
        elif type(event) is TextDelta or type(event) is ReasoningDelta:
            size = utf8_bytes(event.text)
            if size <= self._left_bytes:
                self._left_bytes -= size
                self._emit(event)
            else:
                self._cut(event)
        else:
            self._emit(event)

    def _cut(self, event: TextDelta | ReasoningDelta) -> None:
        self._over = self._ending.over = True
        # A character that fits only in part is dropped by the decoding.
        text = event.text.encode()[: self._left_bytes].decode(errors="ignore")
        if text:
            self._emit(type(event)(text))
        self._emit(Finished("length"))
