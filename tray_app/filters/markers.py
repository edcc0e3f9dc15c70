"""Finds the markers of sources, `[[3]]`, in text that comes in pieces; what is in code is none.

Code is what Markdown takes for it: a fence of backticks or tildes and what follows it up to its
end, or a pair of backticks within a line. The shortest tail that could become a marker or a fence
is held back, and a backtick until its line shows what it is, or a few hundred characters do not.
"""

import re
from collections.abc import Callable

_TOKEN = re.compile(r"\[\[(?P<number>[0-9]{1,4})\]\]|``*|~~~+")
"""Each alternative begins with a character of its own: so text is passed over ten times as fast."""
_TAIL = re.compile(r"(?: ?\[(?:\[(?:[0-9]{1,4}\]?)?)?| |~{1,2})\Z")
_TAIL_CHARS = len(" [[1234]")
"""No such tail is longer."""
_TICKS = re.compile(r"`+")
_CODE_CHARS = 400
"""How far a backtick may be from its other end; bounds what is held back."""
_FENCE_CHARS = 3
_BEFORE_FENCES = " \t\r>-+*0123456789.)"
"""What may stand before a fence in its line: the beginnings of quotes and of items of lists."""
_AROUND_ENDS = " \t\r\n>"


class Markers:
    """Reads one text.

    Args:
        say: Called with what is no marker, in pieces.
        mark: Called with a marker's number, and the space before it or an empty text.
    """

    def __init__(self, say: Callable[[str], None], mark: Callable[[int, str], None]) -> None:
        self._say = say
        self._mark = mark
        self._held = ""
        self._fence = ""
        self._starts_line = True
        """Whether a fence could begin, or end, here."""
        self._is_all = False

    def feed(self, text: str) -> None:
        """Read on; a tail may be held back."""
        self._read(self._held + text)

    def flush(self) -> None:
        """Read what was held back: nothing can be added to it any more."""
        self._is_all = True
        self._read(self._held)
        self._is_all = False

    def _read(self, text: str) -> None:
        step = at = 0
        while at < len(text):
            step = (self._in_fence if self._fence else self._in_prose)(text, at)
            if step == at:
                break
            at = step
        self._held = text[at:]

    def _in_prose(self, text: str, at: int) -> int:
        """Take the next piece outside of code; returns where it ends, `at` if more is needed."""
        found = _TOKEN.search(text, at)
        if found is None:
            end = max(at, len(text) - _TAIL_CHARS)
            tail = None if self._is_all else _TAIL.search(text, end)
            return self._put(text, at, tail.start() if tail else len(text))
        start, number = found.start(), found["number"]
        if number and start > at and text[start - 1] == " ":
            start -= 1
        if start > at:
            return self._put(text, at, start)
        if number:
            self._starts_line = False
            self._mark(int(number), text[start : found.start()])
            return found.end()
        window = text[at : at + _CODE_CHARS]
        return self._put(text, at, at + self._code(window, len(found[0])))

    def _code(self, window: str, run: int) -> int:
        """How much of a text that begins with a run of backticks or tildes can be passed on.

        0 if more is needed: every answer stays true whatever follows.
        """
        is_all = self._is_all or len(window) == _CODE_CHARS
        line, newline, _ = window.partition("\n")
        run = min(run, len(line))
        is_fence = self._starts_line and run >= _FENCE_CHARS
        if line[0] == "`":
            end = _end_of_code(line, run)
            if end and (end < len(line) or newline or is_all):
                return end
            is_fence = is_fence and "`" not in line[run:]
        elif not is_fence:
            return run
        if newline and is_fence:
            self._fence = line[:run]
            return len(line) + 1
        return run if newline or is_all else 0

    def _in_fence(self, text: str, at: int) -> int:
        """Take the next line of a fence, or what is there of it; `at` if more is needed."""
        end = text.find("\n", at) + 1
        line = text[at : end or len(text)]
        if self._starts_line and len(line) < _CODE_CHARS:
            char = self._fence[0]
            rest = line.strip(_AROUND_ENDS)
            may_end = not rest.strip(char)
            if may_end and not end and not self._is_all:
                return at
            if may_end and len(rest) >= len(self._fence):
                self._fence = ""
        self._say(line)
        self._starts_line = bool(end)
        return at + len(line)

    def _put(self, text: str, at: int, end: int) -> int:
        if end > at:
            piece = text[at:end]
            self._say(piece)
            _, newline, line = piece.rpartition("\n")
            is_bare = not line.strip(_BEFORE_FENCES)
            self._starts_line = is_bare and (bool(newline) or self._starts_line)
        return end


def _end_of_code(line: str, run: int) -> int:
    """Where the code ends that a run of backticks begins; 0 if it does not end in its line."""
    ends = (found.end() for found in _TICKS.finditer(line, run) if len(found[0]) == run)
    return next(ends, 0)
