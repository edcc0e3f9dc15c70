"""Whether a place in Markdown is in code, for text that comes in pieces.

Only what stands before the place counts, as what follows is not written yet: a run of backticks
that nothing has closed so far is a span of code until its line ends, and literal from then on.
Indented text is no code here, because models indent much that is none.
"""

import copy
import re

_LINE = 80
"""So much of a line is kept: enough to know whether it opens or closes a fence."""
_PREFIX = r"[ \t]*+(?:(?:>|[-+*][ \t]|[0-9]{1,9}[.)][ \t])[ \t]*+)*+"
_OPENER = re.compile(rf"{_PREFIX}(`{{3,}}+|~{{3,}}+)")
_CLOSER = re.compile(r"([ \t>]*+)(`{3,}+|~{3,}+)[ \t\r]*+\Z")
_INFO = re.compile(r"[\w+#.\-]{0,30}+[ \t\r]{0,9}+\Z")
"""What may stand between a fence that begins within a line and the end of that line."""
_INFO_CHARS = 40
_PIECES = re.compile(r"`+|[^`]+")
_RUN = 3
_RUNS = 100
"""No fence begins within a line behind more runs of backticks."""


class Fences:
    """Follows one text through its lines."""

    def __init__(self) -> None:
        self._head = ""
        """The beginning of the current line, and one character more where it is longer."""
        self._is_marked = False
        """Whether a backtick or a tilde stands in the current line."""
        self._fence = ""
        """The run that opened the fence around the current line."""
        self._is_quoted = False
        """Whether that fence stands in a quote, where each of its lines has a mark in front."""
        self._runs: tuple[int, ...] = ()
        """The lengths of the runs of backticks in the current line, without one at its end."""
        self._run = 0
        """The length of the run of backticks at its end."""
        self._span = 0
        """The length of the run that opened a span in the current line."""
        self._info = ""
        """What follows the last run, and no more of it than is needed."""

    @property
    def line(self) -> str:
        """The current line so far, at most its first 80 characters."""
        return self._head[:_LINE]

    @property
    def is_fence(self) -> bool:
        """Whether the place is in a fence, whose first and last line belong to it.

        A line counts as the first of a fence where it would be if it ended here.
        """
        return bool(self._fence or (self._is_marked and self._opener()))

    @property
    def is_code(self) -> bool:
        """Whether the place is in a fence, or in a span of code of the current line."""
        return self._is_in_span() or self.is_fence

    def remember(self, text: str) -> None:
        """Follow the text up to the next place."""
        if "`" in text or "~" in text or (self._is_marked and "\n" in text):
            *lines, rest = text.split("\n")
            for line in lines:
                self._go_on(line)
                self._end_line()
            self._go_on(rest)
        elif "\n" in text:
            rest = text[text.rfind("\n") + 1 :]
            self._head = rest if len(rest) <= _LINE else rest[: _LINE + 1]
        elif self._is_marked:
            self._go_on(text)
        elif len(self._head) <= _LINE:
            self._head = (self._head + text)[: _LINE + 1]

    def copy(self) -> "Fences":
        """Another one, at the same place."""
        return copy.copy(self)

    def _go_on(self, text: str) -> None:
        """Follow a part of a line."""
        if len(self._head) <= _LINE:
            self._head = (self._head + text)[: _LINE + 1]
        has_ticks = "`" in text
        self._is_marked = self._is_marked or has_ticks or "~" in text
        if self._fence or not text:
            return
        if has_ticks:
            for piece in _PIECES.finditer(text):
                self._follow(piece[0])
        elif self._run or len(self._info) <= _INFO_CHARS:
            self._follow(text)

    def _follow(self, piece: str) -> None:
        """Follow backticks, or what has none."""
        if piece[0] == "`":
            self._run += len(piece)
            self._info = ""
            return
        if self._run:
            self._span = self._span_behind()
            if len(self._runs) <= _RUNS:
                self._runs += (self._run,)
            self._run = 0
        if len(self._info) <= _INFO_CHARS:
            self._info += piece[:_INFO_CHARS]

    def _span_behind(self) -> int:
        """The length of the run that opened a span, behind the run at the end of the line."""
        if not self._span:
            return self._run
        return 0 if self._span == self._run else self._span

    def _is_in_span(self) -> bool:
        return bool(self._span_behind())

    def _opener(self) -> str:
        """The run that begins a fence if the line ends here, or an empty text."""
        runs = (*self._runs, self._run) if self._run else self._runs
        found = _OPENER.match(self._head)
        if found and found.end() <= _LINE and (found[1][0] == "~" or len(runs) == 1):
            return found[1]
        # Models begin a fence behind a colon too, whose end would be taken for a beginning.
        if runs and _RUN <= runs[-1] < _LINE and _INFO.match(self._info) and _is_last_open(runs):
            return "`" * runs[-1]
        return ""

    def _end_line(self) -> None:
        if not self._fence:
            self._fence = self._opener()
            self._is_quoted = self._head.lstrip(" \t").startswith(">")
        elif self._is_closer():
            self._fence = ""
        self._head = self._info = ""
        self._is_marked = False
        self._runs = ()
        self._run = self._span = 0

    def _is_closer(self) -> bool:
        found = _CLOSER.match(self._head) if len(self._head) <= _LINE else None
        if found is None or (">" in found[1] and not self._is_quoted):
            return False
        return found[2].startswith(self._fence)


def _is_last_open(runs: tuple[int, ...]) -> bool:
    """Whether the last run of a line ends no span, those that nothing closes being literal."""
    if len(runs) > _RUNS:
        return False
    at, last = 0, len(runs) - 1
    while at < last:
        after = at + 1
        at = runs.index(runs[at], after) + 1 if runs[at] in runs[after:] else after
    return at == last
