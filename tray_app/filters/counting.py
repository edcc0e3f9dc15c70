"""One usage for one answer, however many turns it took and wherever it was cut."""

from collections.abc import Callable

from tray_app.core.model import (
    TOKEN_BYTES,
    Event,
    Finished,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
    utf8_bytes,
)

from .ending import Ending


class Counting:
    """A filter that holds back what the turns of an answer used, and tells the sum at its end.

    The upstream tells the usage of a turn at the turn's end. A turn that was cut has none, so what
    passed since the last one is guessed from its size.

    Args:
        weigh: Gives the size of the prompt in bytes; asked for a guess alone.
        ending: Says at the end whether the last turn was cut.
        max_tokens: What a guess may not make the sum exceed.
    """

    def __init__(
        self,
        emit: Callable[[Event], None],
        weigh: Callable[[], int],
        ending: Ending,
        *,
        max_tokens: int | None = None,
    ) -> None:
        self._emit = emit
        self._weigh = weigh
        self._ending = ending
        self._max_tokens = max_tokens
        self._turns: list[Usage] = []
        self._bytes = 0
        self._reasoning_bytes = 0
        self._is_cut = False

    def __call__(self, event: Event) -> None:
        if type(event) is TextDelta:
            self._bytes += utf8_bytes(event.text)
        elif type(event) is ReasoningDelta:
            size = utf8_bytes(event.text)
            self._bytes += size
            self._reasoning_bytes += size
        elif type(event) is ToolCallDelta:
            self._bytes += utf8_bytes(event.name) + utf8_bytes(event.arguments)
        elif type(event) is Usage:
            self._turns.append(event)
            self._bytes = self._reasoning_bytes = 0
            return
        elif type(event) is Finished:
            self._is_cut = self._ending.over and event.reason == "length"
            self._emit(self._usage())
        self._emit(event)

    def _usage(self) -> Usage:
        if self._ending.over or not self._turns:
            self._turns.append(self._guess())
        turns = self._turns
        return Usage(
            input_tokens=turns[0].input_tokens,
            output_tokens=sum(turn.output_tokens for turn in turns),
            reasoning_tokens=sum(turn.reasoning_tokens for turn in turns),
            cached_tokens=turns[0].cached_tokens,
            estimated=any(turn.estimated for turn in turns),
        )

    def _guess(self) -> Usage:
        """What the last turn may have used, with what is left for it of the limit at most."""
        output = self._bytes // TOKEN_BYTES + 1
        if self._max_tokens is not None:
            told = sum(turn.output_tokens for turn in self._turns)
            left = max(0, self._max_tokens - told)
            # What was cut was as long as it could be, half a call that nobody saw included.
            output = left if self._is_cut else min(output, left)
        return Usage(
            input_tokens=self._weigh() // TOKEN_BYTES + 1,
            output_tokens=output,
            reasoning_tokens=min(output, self._reasoning_bytes // TOKEN_BYTES),
            estimated=True,
        )
