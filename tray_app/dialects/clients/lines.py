"""Changing YAML and variables' files line by line: what is not ours stays byte for byte.

Nothing here reads YAML as a whole, so whatever is not of the plain form that a client's own guide
shows is refused instead of guessed at.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from .recipe import Edit, Mark, MergeError, digest_of

BEGIN, END = "# Portico: begin", "# Portico: end"
_BLOCK = re.compile(
    rf"^[ \t]*{BEGIN}\r?\n.*?^[ \t]*{END}[^\S\n]*(?:\n|\Z)", re.DOTALL | re.MULTILINE
)
_CONTENT = re.compile(r"^[ \t]*[^\s#]", re.MULTILINE)
_ITEM = re.compile(r"(?:[ \t\r]*(?:#[^\n]*)?\n)*([ ]*)-(?=[ \r\n])[ ]?")
_MEMBER = re.compile(
    r"(?:\"[^\"\n]*\"[ \t]*+|'[^'\n]*'[ \t]*+|[^\s:\"'][^\n:]*+(?::[^\s][^\n:]*+)*+):(?=\s|\Z)"
    r"|\?\s"
)
"""What an object in YAML begins with."""
_FIRST = re.compile(
    r"(?:(?:%[^\n]*|[ \t\r]*(?:#[^\n]*)?)\n)*(?:---[ \t\r]*(?:#[^\n]*)?\n)?"
    r"(?:[ \t\r]*(?:#[^\n]*)?\n)*"
)
"""What may stand before the first member or item."""
_VARIABLE = re.compile(r"[ \t]*(?:export[ \t]+)?([\w.-]+)[ \t]*(?:=|:[ \t])[ \t]*([^\r\n]*)")
_PAIR = re.compile(
    r"(?:([^\s\"'#:][^\s:]*)|\"([^\"\n]*)\"|'([^'\n]*)')[ \t]*:(?:[ \t]+([^\r\n]*)|(?=\r?\n|\Z))"
)
_QUOTED = {
    '"': re.compile(r'"(?:[^"\\]|\\.)*+"'),
    "'": re.compile(r"'[^']*+'"),
    "`": re.compile(r"`[^`]*+`"),
}
_BOM = "\ufeff"

Item = Mapping[str, str | int | bool | Sequence[str] | Mapping[str, int]]


def listing(key: str, items: Sequence[Item], head: str = "") -> Edit:
    """What puts items into a YAML list between two comments that mark them as ours.

    Args:
        key: The member that is the list; empty where the whole file is one.
        head: What a new file begins with.
    """
    return _Listing(key, items, head)


class _Listing:
    def __init__(self, key: str, items: Sequence[Item], head: str) -> None:
        self._key = key
        self._items = items
        self._head = head

    def __call__(self, text: str) -> str:
        bom, text = _without_bom(text)
        _check(text, is_list=not self._key)
        if found := _BLOCK.search(text):
            block = _block(self._items, _indent(found[0]), _newline(text))
            return bom + text[: found.start()] + block + text[found.end() :]
        if self._key:
            return bom + _under_key(text, self._key, self._items, self._head)
        return bom + _ended(text) + _block(self._items, "", _newline(text))

    def marks(self) -> tuple[Mark, ...]:
        return (Mark((self._key,), ""),)

    def undone(self, now: str, before: str, marks: tuple[Mark, ...]) -> str:
        found = _BLOCK.search(now) if marks else None
        if found is None:
            return now
        after = now[: found.start()] + now[found.end() :]
        if not self._key:
            return after
        if not _CONTENT.search(before):
            after = after.removesuffix(f"{self._head}{self._key}:\n")
        line, was = _key_line(self._key, after), _key_line(self._key, before)
        if line is None or _ITEM.match(after[line.end() :]):
            return after
        # Without an item the member would be nothing, which some clients do not read.
        return after[: line.start()] + (was[0] if was else "") + after[line.end() :]


def _without_bom(text: str) -> tuple[str, str]:
    return (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _check(text: str, *, is_list: bool) -> None:
    head = _FIRST.match(text)
    rest = text[head.end() :] if head else text
    if re.search(r"^(?:---|\.\.\.)", rest, re.MULTILINE):
        raise MergeError("it holds more than one document")
    if re.search(r"^ *\t", text, re.MULTILINE):
        raise MergeError("it is indented with tabs")
    if not _CONTENT.search(rest):
        return
    if rest[:1] in {"{", "["}:
        raise MergeError("it is written in braces")
    if is_list and not re.match(r"-\s", rest):
        raise MergeError("it is not a list that begins at the left edge")
    if not is_list and rest and (re.match(r"-\s", rest) or not _MEMBER.match(rest)):
        raise MergeError("it is no object that begins at the left edge")


def _block(items: Sequence[Item], indent: str, newline: str) -> str:
    lines = [BEGIN]
    for item in items:
        pairs = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in item.items()]
        lines += [f"- {pairs[0]}", *(f"  {pair}" for pair in pairs[1:])]
    return "".join(f"{indent}{line}{newline}" for line in [*lines, END])


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + _newline(text)


def _key_line(key: str, text: str) -> re.Match[str] | None:
    return re.search(rf"^{key}:[^\S\n]*(\[\])?[^\S\n]*(?:#[^\n]*)?(?:\n|\Z)", text, re.MULTILINE)


def _under_key(text: str, key: str, items: Sequence[Item], head: str) -> str:
    newline = _newline(text)
    if not _CONTENT.search(text):
        return f"{_ended(text)}{head}{key}:\n{_block(items, '  ', newline)}"
    found = _key_line(key, text)
    if found is None:
        if re.search(rf"^[\"']?{key}[\"']?\s*:", text, re.MULTILINE):
            raise MergeError(f"{key} in it is not written line by line")
        return f"{_ended(text)}{key}:{newline}{_block(items, '  ', newline)}"
    line, rest = _ended(found[0]), text[found.end() :]
    if found[1]:
        line = line.replace("[]", "", 1)
    item, first = _ITEM.match(rest), _CONTENT.search(rest)
    if item is None and first and first[0][0] in " \t":
        raise MergeError(f"{key} in it is no list")
    return f"{text[: found.start()]}{line}{_block(items, item[1] if item else '  ', newline)}{rest}"


class _Line(Struct, frozen=True):
    """A line that gives a name a value."""

    start: int
    end: int
    name: str
    value: str
    is_open: bool
    """Its quote is not closed in this line."""


def setting(pairs: Mapping[str, str], separator: str) -> Edit:
    """What sets names of one line each: `=` as in a variables' file, `: ` as in YAML."""
    return _Setting(pairs, separator)


class _Setting:
    def __init__(self, pairs: Mapping[str, str], separator: str) -> None:
        self._pairs = pairs
        self._separator = separator

    def __call__(self, text: str) -> str:
        bom, text = _without_bom(text)
        if self._separator != "=":
            _check(text, is_list=False)
        for name, value in self._pairs.items():
            text = self._set(text, name, value)
        return bom + text

    def _set(self, text: str, name: str, value: str) -> str:
        line = f"{name}{self._separator}{value}{_newline(text)}"
        found = self._lines(text, name)
        if not found:
            return _ended(text) + line
        if re.match(r"[ \t]+[^\s#]", text[found[-1].end :]) and self._separator != "=":
            raise MergeError(f"{name} in it goes over several lines")
        # Of several the last one counts, for some clients the first.
        return _replaced(text, found, line)

    def marks(self) -> tuple[Mark, ...]:
        return tuple(Mark((name,), digest_of(value)) for name, value in self._pairs.items())

    def undone(self, now: str, before: str, marks: tuple[Mark, ...]) -> str:
        for mark in marks:
            [name] = mark.path
            found = self._lines(now, name)
            if found and digest_of(found[-1].value) == mark.digest:
                was = "".join(before[one.start : one.end] for one in self._lines(before, name))
                now = _replaced(now, found, was)
        return now

    def _lines(self, text: str, name: str) -> list[_Line]:
        found = [one for one in _named(text, self._separator) if one.name == name]
        if any(one.is_open for one in found):
            raise MergeError(f"{name} in it has a quote that is not closed in its line")
        return found


def _named(text: str, separator: str) -> Iterator[_Line]:
    """The lines that give a value to a name; what stands in a quote of several lines is none."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        found = (_VARIABLE if separator == "=" else _PAIR).match(text, at, end)
        if found is not None:
            name, value = (
                next(filter(None, found.groups()[:-1]), ""),
                (found[found.re.groups] or ""),
            )
            value = value.rstrip()
            is_open = value[:1] in _QUOTED and not _QUOTED[value[:1]].match(value)
            yield _Line(at, end, name, value, is_open=is_open)
            if is_open and (closing := text.find(value[0], end)) >= 0:
                end = text.find("\n", closing) + 1 or len(text)
        at = end


def _replaced(text: str, found: Sequence[_Line], new: str) -> str:
    """A text with other words in place of the last of these lines, and without the rest of them."""
    if text[found[-1].end :] and new:
        new = _ended(new)
    for one in reversed(found):
        text = text[: one.start] + new + text[one.end :]
        new = ""
    return text
