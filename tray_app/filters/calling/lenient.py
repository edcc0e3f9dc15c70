"""JSON as models write it.

Strict JSON takes the standard library's way and keeps every value. Anything else goes through a
reader of our own that forgives faults whose meaning is clear, in time that grows with the length of
the text only, and refuses the others: a wrong guess would be written to somebody's file.

The hard one is a quote that should have been escaped. A quote ends its string only where what
follows fits the brackets that are open, and once a string was seen to hold quotes of its own, only
where those come in pairs; where that stays unclear the text is malformed.
"""

import json
import re
from collections.abc import Callable
from typing import Any

_DEPTH = 64
_DIGITS = 3000
_SPACE = r"[\s\ufeff]"
_GAP = re.compile(rf"(?:{_SPACE}++|//[^\n]*+|#[^\n]*+|/\*.*?\*/)*+", re.S)
_WORD = re.compile(r"[^\s,:\[\]{}\"'#/]++")
_PLAIN_KEY = r"[\w$.\-]{1,64}+"
_NAME = re.compile(r"[\w$.\-]++")
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]*+)")
_FLOAT = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F]++")
_UNICODE = re.compile(r"u([0-9a-fA-F]{4})(?:\\u([dD][c-fC-F][0-9a-fA-F]{2}))?")
_AFTER_ALL = re.compile(rf"[}}\]<`{{\[]|,{_SPACE}*+\{{|\Z")
_CLOSERS = re.compile(r"[\s,\]}]*+\Z")
_ELEMENT = re.compile(r"[\"'\-+.\d{\[\]]|true|false|null|True|False|None|NaN|Infinity|undefined|\Z")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"} | {c: c for c in "\"'\\/"}
_CONSTANTS: dict[str, Any] = {
    "true": True,
    "false": False,
    "null": None,
    "True": True,
    "False": False,
    "None": None,
    "undefined": None,
    "NaN": "NaN",
    "Infinity": "Infinity",
    "-Infinity": "-Infinity",
}


class Fault(ValueError):  # noqa: N818 - the names of its kinds say what a text is
    """Why a text cannot be read, and where."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(f"{message} at character {at}")
        self.message = message
        self.at = at
        """Counted from 0, in the text that was given."""


class Malformed(Fault):
    """No further text could make it readable."""


class Unfinished(Fault):
    """More text could make it readable."""


def read(text: str, at: int = 0, *, closes: bool = False) -> tuple[Any, int]:
    """One JSON value of `text` from `at` on, and the index after it.

    With `closes` the end of the text ends every bracket that is open, but never a string. What came
    out can always be written as JSON again: NaN, infinities and endless numbers become text, half
    surrogates the replacement character. Raises `Malformed` or `Unfinished`, nothing else.
    """
    at = skip(text, at)
    try:
        value, end = _STRICT.raw_decode(text, at)
    except (ValueError, RecursionError):
        return _Reader(text, closes=closes).value(at)
    if text.find("\\ud", at, end) >= 0 or text.find("\\uD", at, end) >= 0:
        # The library lets half surrogates through, which no encoder of ours would write.
        return _Reader(text, closes=closes).value(at)
    if text.count("[", at, end) + text.count("{", at, end) > _DEPTH and _is_deeper(value, _DEPTH):
        raise _too_deep(at)
    return value, end


def skip(text: str, at: int) -> int:
    """The index after white space and comments."""
    return _end(_GAP, text, at)


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _float(word: str) -> float | str:
    number = float(word)
    return word if number in (float("inf"), float("-inf")) else number


_STRICT = json.JSONDecoder(strict=False, parse_constant=str, parse_float=_float)


def _is_deeper(value: Any, depth: int) -> bool:
    if not isinstance(value, (dict, list)):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_is_deeper(one, depth - 1) for one in inside)


def _too_deep(at: int) -> Malformed:
    return Malformed(f"brackets are nested more than {_DEPTH} deep", at)


def _number(word: str) -> float | str | None:
    """The number that a word is; one without end stays text; None where it is no number."""
    if _INTEGER.fullmatch(word):
        return int(word) if len(word) <= _DIGITS else word
    if _HEX.fullmatch(word):
        return int(word, 16) if len(word) <= _DIGITS else word
    return _float(word) if _FLOAT.fullmatch(word) else None


class _Quotes:
    """How a string is delimited: what to look for in it, and what may stand behind its end.

    No look ahead goes past the next quote of the kind, or what starts with a quote and ends with
    the next one of its kind: so all of them together read each character a few times at most.
    """

    def __init__(self, mark: str) -> None:
        other = mark[0]
        gap = rf"(?:{_SPACE}++|(?://|\#)[^\n{other}]*+(?=\n|\Z)|/\*[^{other}]*?\*/)*+"
        key = r"""(?:"(?:[^"\\]|\\.)*+"|'(?:[^'\\]|\\.)*+'|[\w$.\-]++)"""
        self.mark = mark
        self.stop = re.compile(rf"{mark}|\\")
        self.near = re.compile(gap, re.S)
        self.pair = re.compile(rf"{gap}(?:{key}{gap}:|\}}|\Z)", re.S)
        self.plain_pair = re.compile(rf"{gap}(?:([\"']?){_PLAIN_KEY}\1{gap}:|\}}|\Z)", re.S)
        self.next_pair = re.compile(rf"{_SPACE}([\"']){_PLAIN_KEY}\1{gap}:", re.S)


_QUOTES = {mark: _Quotes(mark) for mark in ('"', "'", '"""', "'''")}


class _Inside:
    """The quotes that a string holds without a backslash, and the brackets outside of them."""

    def __init__(self, at: int) -> None:
        self.any = False
        self.odd = False
        self.depth = 0
        self._from = at

    def add(self, text: str, at: int, length: int) -> None:
        """One more quote of its own, at `at`."""
        if not self.odd:
            piece = text[self._from : at]
            self.depth += sum(map(piece.count, "([{")) - sum(map(piece.count, ")]}"))
        self.any = True
        self.odd = not self.odd
        self._from = at + length


_Read = Callable[[int], tuple[Any, int]]


class _Reader:
    """One tolerant reading of a text."""

    def __init__(self, text: str, *, closes: bool) -> None:
        self._text = text
        self._closes = closes
        self._open: list[str] = []

    def value(self, at: int) -> tuple[Any, int]:
        """The value that begins at `at`."""
        char = self._text[at : at + 1]
        if char == "{":
            return self._bracketed("}", at, self._object)
        if char == "[":
            return self._bracketed("]", at, self._array)
        if char and char in "\"'":
            return self._string(at) if self._open else self._plain(at)
        return self._word(at)

    def _bracketed(self, closer: str, at: int, read: _Read) -> tuple[Any, int]:
        if len(self._open) == _DEPTH:
            raise _too_deep(at)
        self._open.append(closer)
        found, at = read(skip(self._text, at + 1))
        self._open.pop()
        return found, min(at + 1, len(self._text))

    def _object(self, at: int) -> tuple[dict[str, Any], int]:
        pairs: dict[str, Any] = {}
        while not self._is_closed("}", at):
            key, at = self._key(at)
            at = self._colon(at)
            pairs[key], at = self.value(at)
            at = self._comma(at, "}", "\"'")
        return pairs, at

    def _array(self, at: int) -> tuple[list[Any], int]:
        """The items; pairs among them become objects, a new one where a key comes again."""
        items: list[Any] = []
        row: dict[str, Any] | None = None
        while not self._is_closed("]", at):
            value, at = self.value(at)
            gap = skip(self._text, at)
            if isinstance(value, str) and self._text.startswith(":", gap):
                if row is None or value in row:
                    row = {}
                    items.append(row)
                row[value], at = self.value(self._colon(gap))
            else:
                row = None
                items.append(value)
            at = self._comma(at, "]", "{[")
        return items, at

    def _is_closed(self, closer: str, at: int) -> bool:
        if self._closes and at >= len(self._text):
            return True
        return self._text.startswith(closer, at)

    def _comma(self, at: int, closer: str, openers: str) -> int:
        """Past the comma, which may be missing where the next item plainly begins."""
        at = skip(self._text, at)
        if self._text.startswith(",", at):
            return skip(self._text, at + 1)
        if not self._is_closed(closer, at) and not self._text.startswith(tuple(openers), at):
            raise self._fault(f"expected ',' or '{closer}'", at)
        return at

    def _colon(self, at: int) -> int:
        at = skip(self._text, at)
        if not self._text.startswith(":", at):
            raise self._fault("expected ':'", at)
        return skip(self._text, at + 1)

    def _key(self, at: int) -> tuple[str, int]:
        if self._text.startswith(('"', "'"), at):
            return self._plain(at)
        name = _NAME.match(self._text, at)
        if not name:
            raise self._fault("expected a key or '}'", at)
        return name[0], name.end()

    def _word(self, at: int) -> tuple[Any, int]:
        found = _WORD.match(self._text, at)
        word = found[0] if found else ""
        if word in _CONSTANTS:
            return _CONSTANTS[word], at + len(word)
        number = _number(word)
        if number is None:
            is_cut = at + len(word) == len(self._text)
            raise self._fault("expected a value", len(self._text) if is_cut else at)
        return number, at + len(word)

    def _plain(self, at: int) -> tuple[str, int]:
        """A string that its first quote ends: a key, or text outside of all brackets."""
        quotes = _QUOTES[self._text[at]]
        return self._until(at + 1, quotes, lambda _: True)

    def _string(self, at: int) -> tuple[str, int]:
        """A string among brackets, whose end is judged by what follows it."""
        mark = self._text[at]
        if self._text.startswith(mark * 3, at) and not self._text.startswith(mark * 4, at):
            mark *= 3
        quotes = _QUOTES[mark]
        inside = _Inside(at + len(mark))
        return self._until(at + len(mark), quotes, lambda found: self._ends(found, quotes, inside))

    def _until(self, at: int, quotes: _Quotes, ends: Callable[[int], bool]) -> tuple[str, int]:
        text, pieces = self._text, []
        while True:
            found = quotes.stop.search(text, at)
            if found is None:
                raise Unfinished("a string has no end, or quotes in it are not escaped,", len(text))
            pieces.append(text[at : found.start()])
            at = found.end()
            if found[0] == "\\":
                piece, at = self._escape(at)
                pieces.append(piece)
            elif ends(found.start()):
                return "".join(pieces), at
            else:
                pieces.append(found[0])

    def _escape(self, at: int) -> tuple[str, int]:
        """What a backslash before `at` begins; one that begins nothing is text."""
        char = self._text[at : at + 1]
        if char in _ESCAPES:
            return _ESCAPES[char], at + 1
        found = _UNICODE.match(self._text, at)
        if not found:
            return "\\", at
        code = int(found[1], 16)
        if found[2] and 0xD800 <= code < 0xDC00:
            low = int(found[2], 16)
            return chr(0x10000 + ((code - 0xD800) << 10) + low - 0xDC00), found.end()
        is_half = 0xD800 <= code < 0xE000
        return "\ufffd" if is_half else chr(code), at + 5

    def _ends(self, at: int, quotes: _Quotes, inside: _Inside) -> bool:
        """Whether the quote at `at` ends its string; one that does not is noted in `inside`."""
        if self._fits(at + len(quotes.mark), quotes, inside):
            if not inside.odd:
                return True
            if inside.depth <= 0:
                raise self._unclear(at, at + len(quotes.mark))
        if not (quotes.mark == "'" and self._text[at - 1 : at + 2].replace("'", "x").isalnum()):
            inside.add(self._text, at, len(quotes.mark))
        return False

    def _fits(self, at: int, quotes: _Quotes, inside: _Inside) -> bool:
        """Whether what stands at `at` may follow a string here, given the open brackets."""
        text, level = self._text, len(self._open)
        at = _end(quotes.near, text, at)
        if text.startswith(":", at):
            return self._open[-1] == "]" and not inside.any
        if self._open[-1] == "}" and quotes.next_pair.match(text, at - 1):
            return True
        while level and text.startswith(self._open[level - 1], at):
            at = _end(quotes.near, text, at + 1)
            level -= 1
        if not level:
            return not inside.any or bool(_AFTER_ALL.match(text, at))
        if not text.startswith(",", at):
            return at >= len(text)
        if self._open[level - 1] == "}":
            pair = quotes.plain_pair if inside.any else quotes.pair
            return bool(pair.match(text, at + 1))
        return bool(_ELEMENT.match(text, _end(quotes.near, text, at + 1)))

    def _unclear(self, at: int, end: int) -> Fault:
        """A quote at `at` may end its string or belong to it; brackets to come may tell."""
        closers = "".join(reversed(self._open))
        found = _CLOSERS.match(self._text, end)
        rest = "".join(found[0].split()).rstrip(",") if found else None
        if rest is not None and rest != closers and closers.startswith(rest):
            return Unfinished("the text ends", len(self._text))
        return Malformed("a string holds quotes that are not escaped", at)

    def _fault(self, message: str, at: int) -> Malformed | Unfinished:
        rest = self._text[at : at + 20]
        if not rest or rest == "/" or rest.startswith("/*"):
            return Unfinished(f"{message}, but the text ends", len(self._text))
        return Malformed(f"{message}, not {rest!r},", at)
