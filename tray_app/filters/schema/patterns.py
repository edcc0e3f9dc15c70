"""A stranger's pattern, run only where it cannot take long.

Python's engine goes back over every choice that a pattern leaves open, which for `(a+)+$` doubles
with each character, and nothing can stop it. So before a pattern is kept, the choices it leaves
open are multiplied out; with the length of a text they bound the work, and where that is too much
the pattern is not asked.
"""

import re
import warnings
from math import inf, log2

_CHARS = 1_000
_WORK = 20.0
"""The power of two beyond which a pattern is not run: about 50 ms of the slowest kind of search."""
_GROUP = re.compile(r"\((?:\?(?::|=|!|<=|<!|P<\w+>))?(?!\?)")
_SET = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_TIMES = re.compile(r"(?:([*+?])|\{(?=[\d,]*\d)(\d*)(,?)(\d*)\})[?+]?")


class Pattern:
    """A pattern that is known to compile, and how much work it can be."""

    def __init__(self, text: str) -> None:
        """Raises ValueError for what is no pattern here, or one that could never be run."""
        if len(text) > _CHARS:
            raise ValueError("the pattern is too long")
        self.text = text
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._search = re.compile(text).search
            self._power, self._degree = _Weighing(text).whole()
        except (re.error, OverflowError, RecursionError) as fault:
            raise ValueError("the pattern cannot be read") from fault
        if self._power > _WORK:
            raise ValueError("the pattern could take too long")

    def found(self, text: str) -> bool | None:
        """Whether it is somewhere in `text`; None where finding out could take too long."""
        if self._power + self._degree * log2(len(text) + 2) > _WORK:
            return None
        return self._search(text) is not None


class _Weighing:
    """Multiplies the choices of a pattern: how many ways there are to try it, at worst.

    A weight is a power of two, and how often the length of the text is a factor besides.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def whole(self) -> tuple[float, float]:
        """The weight of a search through a text."""
        power, degree, branches = self._branches()
        is_anchored = self._text.startswith("^") and branches == 1
        return power, degree if is_anchored else degree + 1

    def _branches(self) -> tuple[float, float, int]:
        weights = [self._sequence()]
        while self._text.startswith("|", self._at):
            self._at += 1
            weights.append(self._sequence())
        power = max(power for power, _ in weights) + log2(len(weights))
        return power, max(degree for _, degree in weights), len(weights)

    def _sequence(self) -> tuple[float, float]:
        power = degree = 0.0
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            one_power, one_degree = self._repeated(*self._atom())
            power += one_power
            degree += one_degree
        return power, degree

    def _atom(self) -> tuple[float, float]:
        char = self._text[self._at]
        if char == "(":
            return self._group()
        if char == "[" and (found := _SET.match(self._text, self._at)):
            self._at = found.end()
            return 0.0, 0.0
        following = self._text[self._at + 1 : self._at + 2]
        self._at += 2 if char == "\\" else 1
        repeats_a_group = char == "\\" and following in "123456789"
        return (inf if repeats_a_group else 0.0), 0.0

    def _group(self) -> tuple[float, float]:
        opened = _GROUP.match(self._text, self._at)
        if opened is None:
            # What else a group can do (conditions, flags, comments) is not worth weighing.
            self._at = len(self._text)
            return inf, 0.0
        self._at = opened.end()
        power, degree, _ = self._branches()
        self._at += 1
        return power, degree

    def _repeated(self, power: float, degree: float) -> tuple[float, float]:
        while found := _TIMES.match(self._text, self._at):
            self._at = found.end()
            low, high = _times(found)
            if high < inf:
                power = power * high + log2(high - low + 1) if high else 0.0
                degree *= high
            else:
                power, degree = (inf, 0.0) if power or degree else (0.0, 1.0)
        return power, degree


def _times(found: re.Match[str]) -> tuple[float, float]:
    sign, low, comma, high = found.groups()
    if sign:
        return (1.0 if sign == "+" else 0.0), (1.0 if sign == "?" else inf)
    least = float(low or 0)
    if not comma:
        return least, least
    return least, max(float(high), least) if high else inf
