"""Changing TOML line by line; the new text is read again, and refused if more changed."""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from .recipe import Edit, Mark, MergeError, digest_of

Values = Mapping[str, str | int]

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)


def in_toml(top: Values, table: str, values: Values) -> Edit:
    """What sets values at the top of a file, and a whole table `[outer.inner]`."""
    return _InToml(top, table, values)


class _InToml:
    def __init__(self, top: Values, table: str, values: Values) -> None:
        self._top = top
        self._table = table
        self._values = values

    def __call__(self, text: str) -> str:
        before = _read(text)
        outer, _, inner = self._table.partition(".")
        tables = before.get(outer, {})
        if not isinstance(tables, dict):
            raise MergeError(f"{outer} in it is no table")
        expected = {**before, **self._top, outer: {**tables, inner: dict(self._values)}}
        if expected == before:
            return text
        after = _with_table(_with_top(text, self._top), self._table, self._values)
        return _checked(after, expected)

    def marks(self) -> tuple[Mark, ...]:
        return tuple(Mark((name,), digest_of(value)) for name, value in self._top.items())

    def undone(self, now: str, before: str, marks: tuple[Mark, ...]) -> str:
        told, was = _read(now), _read(before)
        for mark in marks:
            [name] = mark.path
            if name in told and digest_of(told[name]) == mark.digest:
                now = _with_line(now, name, _top_line(before, name))
                told = _moved(told, was, name)
        outer, _, inner = self._table.partition(".")
        if not isinstance(told.get(outer), dict) or inner not in told[outer]:
            return _checked(now, told)
        now = _with_block(now, self._table, _block(before, self._table))
        tables = _moved(told[outer], was.get(outer, {}), inner)
        told = {**told, outer: tables}
        if not tables and outer not in was:
            del told[outer]
        return _checked(now, told) if now.strip() else ""


def _moved(values: dict[str, Any], source: dict[str, Any], name: str) -> dict[str, Any]:
    """Values with one of them as it is elsewhere, or without it."""
    rest = {other: value for other, value in values.items() if other != name}
    return {**rest, name: source[name]} if name in source else rest


def _checked(text: str, expected: dict[str, Any]) -> str:
    if _readable(text) != expected:
        raise MergeError("it is not laid out line by line")
    return text


def _read(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MergeError(f"it is not valid TOML: {error}") from None


def _readable(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _lines(values: Values, newline: str) -> str:
    return "".join(
        f"{name} = {json.dumps(value, ensure_ascii=False)}{newline}"
        for name, value in values.items()
    )


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + _newline(text)


def _tail(text: str) -> int:
    """Where the empty lines and comments at the end begin, which belong to what comes then."""
    at = len(text)
    while at and text[at - 1] == "\n":
        start = text.rfind("\n", 0, at - 1) + 1
        line = text[start:at].strip()
        if line and not line.startswith("#"):
            break
        at = start
    return at


def _head(text: str) -> int:
    """Where the first table begins."""
    first = _HEADER.search(text)
    return first.start() if first else len(text)


def _line_of(name: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(name)}[ \t]*=[^\n]*(?:\n|\Z)", re.MULTILINE)


def _top_line(text: str, name: str) -> str:
    """The line that sets a value at the top; empty where there is none."""
    found = _line_of(name).search(text[: _head(text)])
    return _ended(found[0]) if found else ""


def _with_line(text: str, name: str, line: str) -> str:
    """A text with another line for a value at the top, or without it."""
    head = text[: _head(text)]
    return _line_of(name).sub(lambda _: line, head, count=1) + text[len(head) :]


def _with_top(text: str, values: Values) -> str:
    cut = _head(text)
    head, rest = _ended(text[:cut]), text[cut:]
    newline = _newline(text)
    missing: dict[str, str | int] = {}
    for name, value in values.items():
        if _top_line(head, name):
            head = _with_line(head, name, _lines({name: value}, newline))
        else:
            missing[name] = value
    if not missing:
        return head + rest
    at = _tail(head) if rest else len(head)
    return f"{head[:at]}{_lines(missing, newline)}{head[at:] or (newline if rest else '')}{rest}"


def _span(text: str, table: str) -> tuple[int, int] | None:
    """Where a table is, without what belongs to the next one."""
    header = re.search(rf"^\[{re.escape(table)}\][^\n]*(?:\n|\Z)", text, re.MULTILINE)
    if header is None:
        return None
    following = _HEADER.search(text, header.end())
    end = following.start() if following else len(text)
    return header.start(), header.end() + _tail(text[header.end() : end])


def _block(text: str, table: str) -> str:
    span = _span(text, table)
    return text[span[0] : span[1]] if span else ""


def _with_block(text: str, table: str, block: str) -> str:
    """A text with another block in a table's place; without one, its empty line goes too."""
    span = _span(text, table)
    if span is None:
        return text
    head, rest = text[: span[0]], text[span[1] :]
    if not block and head.endswith(("\n\n", "\n\r\n")):
        head = head[: -len(_newline(text))]
    return head + block + rest


def _with_table(text: str, table: str, values: Values) -> str:
    newline = _newline(text)
    block = f"[{table}]{newline}{_lines(values, newline)}"
    if _span(text, table) is None:
        return f"{_ended(text)}{newline if text else ''}{block}"
    return _with_block(text, table, block)
