"""An answer ends before the first text that its client does not want to read.

The match that ends first counts, as a server sees it that makes an answer piece by piece; of two
that end together the longer one. All texts are searched at once, by an automaton whose states are
their beginnings (Aho and Corasick, 1975): the work grows with the answer and with nothing else.
"""

import re
from collections import deque
from collections.abc import Callable, Sequence

from tray_app.core.model import (
    Event,
    Finished,
    ImageReady,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
)

from .ending import Ending

_BREAKS = (ToolCallDelta, ImageReady, Finished)
"""No text reaches across these, so none that stands before them can become a match."""


class Stop:
    """A filter that ends an answer before the first of `stops`; thoughts are not searched.

    What may become one of them is held back: the longest end of the text that begins one.

    Args:
        stops: At least one, and none empty.
        ending: Told when the answer ends here.
    """

    def __init__(self, emit: Callable[[Event], None], stops: Sequence[str], ending: Ending) -> None:
        self._emit = emit
        self._ending = ending
        self._states = _States(stops)
        self._first = re.compile("|".join(dict.fromkeys(map(_beginning, stops)))).search
        self._state = 0
        self._over = False
        self._called = False

    def __call__(self, event: Event) -> None:
        if self._over:
            if type(event) is Usage:
                self._emit(event)
        elif type(event) is TextDelta:
            if self._state or self._first(event.text):
                self._text(event.text)
            else:
                self._emit(event)
        elif type(event) is ReasoningDelta:
            self._emit(event)
        else:
            self._rare(event)

    def _rare(self, event: Event) -> None:
        if isinstance(event, _BREAKS):
            self._say("", self._states.depth[self._state])
            self._state = 0
        if type(event) is ToolCallDelta:
            self._called = True
        self._emit(event)

    def _text(self, text: str) -> None:
        states, state, at = self._states, self._state, 0
        held = states.depth[state]
        while at < len(text):
            if not state:
                found = self._first(text, at)
                if found is None:
                    break
                at = found.start()
            state = states.after(state, text[at])
            at += 1
            if states.match[state]:
                self._say(text, held + at - states.match[state])
                self._end()
                return
        self._say(text, held + len(text) - states.depth[state])
        self._state = state

    def _say(self, text: str, count: int) -> None:
        """Hand on this many characters of what was held and `text`."""
        if count:
            held = self._states.depth[self._state]
            stop = self._states.stop[self._state]
            if count <= held:
                self._emit(TextDelta(stop[:count]))
            else:
                self._emit(TextDelta(stop[:held] + text[: count - held]))

    def _end(self) -> None:
        self._over = self._ending.over = True
        self._emit(Finished("tool_calls" if self._called else "stop"))


def _beginning(stop: str) -> str:
    """A pattern of where it may begin in a text: two characters of it, or the first at the end."""
    first, second = re.escape(stop[0]), re.escape(stop[1:2])
    return rf"{first}(?:{second}|\Z)" if second else first


class _States:
    """What may have been read of the texts to find: state 0 is nothing, any other a beginning."""

    def __init__(self, stops: Sequence[str]) -> None:
        self.stop = [""]
        """A text that begins with what was read."""
        self.depth = [0]
        """How many characters of it were read."""
        self.match = [0]
        """The length of the longest text that ends here; 0 for none."""
        self._next: list[dict[str, int]] = [{}]
        self._shorter = [0]
        """The state of the longest beginning that what was read ends with."""
        for stop in stops:
            self._add(stop)
        self._link()

    def after(self, state: int, char: str) -> int:
        """The state that a character leads to."""
        following = self._next
        while char not in following[state]:
            if not state:
                return 0
            state = self._shorter[state]
        return following[state][char]

    def _add(self, stop: str) -> None:
        state = 0
        for depth, char in enumerate(stop, 1):
            if char not in self._next[state]:
                self._next[state][char] = len(self.stop)
                self.stop.append(stop)
                self.depth.append(depth)
                self.match.append(0)
                self._next.append({})
                self._shorter.append(0)
            state = self._next[state][char]
        self.match[state] = len(stop)

    def _link(self) -> None:
        """Find what is left of each state where it leads no further, shortest first."""
        waiting = deque(self._next[0].values())
        while waiting:
            state = waiting.popleft()
            for char, longer in self._next[state].items():
                shorter = self._shorter[longer] = self.after(self._shorter[state], char)
                self.match[longer] = self.match[longer] or self.match[shorter]
                waiting.append(longer)
