"""Makes a text that a simple regular expression takes.

Simple is: signs, classes, groups, alternatives and how often each comes. The first alternative, the
first sign of a class and the least number are taken. What looks around, looks back or names
properties of signs is not simple.
"""

import re

_MOST = 1000
"""So many signs of one text, or of one repeated part, at most."""
_SIGNS = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_TIMES = re.compile(r"(?:([*+?])|\{(\d*)(?:,\d*)?\})[?+]?")
_OTHERS = "a0A-_ .b1#é"


def text_for(pattern: str) -> str | None:
    """A text that a pattern is found in; None where the pattern is not simple."""
    try:
        taken = re.compile(pattern)
        made = _Reader(pattern).alternatives()
    except (re.error, ValueError, OverflowError, RecursionError):
        return None
    return made if taken.search(made) else None


class _NotSimpleError(ValueError):
    """Something stands in a pattern that is not known here."""


class _Reader:
    """Reads a pattern from its beginning and makes the text on the way."""

    def __init__(self, pattern: str) -> None:
        self._rest = pattern

    def _take(self, count: int = 1) -> str:
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def alternatives(self) -> str:
        """The first of the alternatives up to the end of the group or of the whole."""
        made = self._sequence()
        while self._rest.startswith("|"):
            self._take()
            self._sequence()
        return made

    def _sequence(self) -> str:
        made = ""
        while self._rest and self._rest[0] not in "|)":
            made += self._repeated(self._one())
            if len(made) > _MOST:
                raise _NotSimpleError
        return made

    def _repeated(self, one: str) -> str:
        """A part as often as it has to come."""
        times = _TIMES.match(self._rest)
        if times is None:
            return one
        self._take(times.end())
        sign, least = times[1], times[2]
        count = int(sign == "+") if sign else int(least or 0)
        if count > _MOST:
            raise _NotSimpleError
        return one * count

    def _one(self) -> str:
        sign = self._take()
        if sign == "\\":
            return self._escaped()
        if sign == "[":
            return self._class()
        if sign == "(":
            return self._group()
        if sign in "^$":
            return ""
        return "a" if sign == "." else sign

    def _escaped(self) -> str:
        sign = self._take()
        if sign in "bBAZz":
            return ""
        if sign in "ux":
            return chr(int(self._take(4 if sign == "u" else 2), 16))
        if sign.isdigit() or sign in "pPkN":
            raise _NotSimpleError
        return _SIGNS.get(sign) or _CONTROLS.get(sign, sign)

    def _class(self) -> str:
        """The first sign of a class; of a class of what is not meant, one that is."""
        ends = re.match(r"\^?\]?(?:\\.|[^\]\\])*\]", self._rest, re.DOTALL)
        if ends is None:
            raise _NotSimpleError
        said = self._take(ends.end())
        if not said.startswith("^"):
            return self._escaped_in(said)
        other = re.compile(f"[{said}")
        found = (sign for sign in _OTHERS if other.fullmatch(sign))
        return next(found, "~")

    def _escaped_in(self, said: str) -> str:
        return _Reader(said[1:])._escaped() if said[0] == "\\" else said[0]

    def _group(self) -> str:
        if self._rest.startswith("?"):
            opens = re.match(r"\?(?::|P?<[A-Za-z_]\w*>)", self._rest)
            if opens is None:
                raise _NotSimpleError
            self._take(opens.end())
        made = self.alternatives()
        self._take()
        return made
