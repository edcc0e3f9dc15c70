"""Changing JSON that people write: comments, order, spaces and trailing commas stay as they are."""

import json
import re
from typing import Any

from msgspec import Struct

from .recipe import Edit, Mark, MergeError, digest_of

_TRIVIA = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"', re.DOTALL)
_PLAIN = re.compile(r"[-+.\w]+")
_FIRST_INDENT = re.compile(r'^([ \t]+)"', re.MULTILINE)
_LINE_END = re.compile(r"(?:[^\S\n]|,|/\*.*?\*/|//[^\n]*)*", re.DOTALL)
_BOM = "\ufeff"


class Change(Struct, frozen=True):
    """One value that is to be in a file."""

    path: tuple[str, ...]
    """Names of members, from the outermost on."""
    value: Any
    item: str = ""
    """The path leads to a list, of which this value is an item; an item with the same value under
    this name is replaced."""
    is_default: bool = False
    """What is there already stays."""
    but: tuple[str, ...] = ()
    """Names in the value that say only when it was written: where the rest is there, all stays."""

    @property
    def mark(self) -> Mark:
        """How it is found again."""
        known_as = self.value[self.item] if self.item else ""
        digest = digest_of(self.value)
        return Mark(self.path, digest, self.item, known_as, is_default=self.is_default)


class _Node(Struct):
    start: int
    end: int
    value: Any
    """For an object or a list, what is in it."""
    begin: int = -1
    """Where the name of a member is."""


class _Object(Struct):
    members: dict[str, _Node]
    last: _Node | None = None


class _List(Struct):
    items: list[_Node]


def editing(*changes: Change) -> Edit:
    """What makes these changes in a text, and takes them out."""
    return _Changes(changes)


class _Changes:
    def __init__(self, changes: tuple[Change, ...]) -> None:
        self._changes = changes

    def __call__(self, text: str) -> str:
        """Make them; raises `MergeError`."""
        for change in self._changes:
            text = changed(text, change)
        return text

    def marks(self) -> tuple[Mark, ...]:
        """How they are found again."""
        return tuple(change.mark for change in self._changes)

    def undone(self, now: str, before: str, marks: tuple[Mark, ...]) -> str:
        """Take out what has these marks; raises `MergeError`."""
        if not now.strip(_BOM).strip():
            return now
        for mark in reversed(marks):
            now = taken_out(now, before, mark)
        return now if before or value_of(now) != {} else ""


def changed(text: str, change: Change) -> str:
    """The text with one change made; raises `MergeError` where it is no JSON or does not fit."""
    bom, text = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    if not text.strip():
        text = "{}\n"
    return bom + _Edit(text, change).made()


def taken_out(text: str, before: str, mark: Mark) -> str:
    """The text without what has this mark, and with what was there before; raises `MergeError`."""
    bom, text = (_BOM, text[1:]) if text.startswith(_BOM) else ("", text)
    before = before.removeprefix(_BOM)
    found = _trail(text, mark)
    if found is None:
        return bom + text
    node = found[-1]
    is_ours = digest_of(_plain(node)) == mark.digest
    if not is_ours and (mark.is_default or not isinstance(node.value, (_Object, _List))):
        return bom + text
    was = _trail(before, mark) if before.strip() else None
    if was is not None:
        old = before[was[-1].start : was[-1].end]
        return bom + text[: node.start] + old + text[node.end :]
    return bom + _without(text, found, _depth(before, mark.path))


def _trail(text: str, mark: Mark) -> list[_Node] | None:
    """What leads to what has a mark, from the whole text on; None where it is not there."""
    trail = [_parse(text)]
    for name in mark.path:
        value = trail[-1].value
        if not isinstance(value, _Object) or name not in value.members:
            return None
        trail.append(value.members[name])
    if not mark.item:
        return trail
    value = trail[-1].value
    for item in value.items if isinstance(value, _List) else ():
        told = _plain(item)
        if isinstance(told, dict) and told.get(mark.item) == mark.known_as:
            return [*trail, item]
    return None


def _depth(text: str, path: tuple[str, ...]) -> int:
    """How much of a path there is in a text; 0 where there is nothing but the whole."""
    if not text.strip():
        return 0
    value, depth = value_of(text), 0
    for name in path:
        if not isinstance(value, dict) or name not in value:
            break
        value, depth = value[name], depth + 1
    return depth


def _without(text: str, trail: list[_Node], kept: int) -> str:
    """A text without the last of a trail, and without what is empty then and was not there."""
    at = len(trail) - 1
    while at - 1 > kept and len(_children(trail[at - 1])) == 1:
        at -= 1
    node = trail[at]
    expected = _plain(trail[0], node)
    for is_tidy in (True, False):
        after = _cut(text, trail[at - 1], node, is_tidy=is_tidy)
        try:
            if value_of(after) == expected:
                return after
        except MergeError:
            continue
    line = text.count("\n", 0, node.start) + 1
    raise MergeError(f"line {line} of it is not laid out as it was written")


def _children(parent: _Node) -> list[_Node]:
    value = parent.value
    inside = value.members.values() if isinstance(value, _Object) else value.items
    return sorted(inside, key=lambda one: one.start)


def _cut(text: str, parent: _Node, node: _Node, *, is_tidy: bool) -> str:
    head, tail = text[: node.begin if node.begin >= 0 else node.start], text[node.end :]
    comma = _skip(tail, 0)
    earlier = [one for one in _children(parent) if one.start < node.start]
    if tail[comma : comma + 1] == ",":
        tail = tail[comma + 1 :]
    elif earlier:
        comma = _skip(text, earlier[-1].end)
        head = head[:comma] + head[comma + 1 :]
    if not is_tidy:
        return head + tail
    if tail.lstrip(" \t")[:1] not in {"\n", "\r", "}", "]", ""}:
        return head + tail.lstrip(" \t")
    head = head.rstrip()
    return head + (tail.lstrip() if head[-1:] in {"{", "["} else tail)


def value_of(text: str) -> Any:
    """What a text says, without its comments; raises `MergeError`."""
    return _plain(_parse(text.removeprefix(_BOM)))


def _plain(node: _Node, but: _Node | None = None) -> Any:
    """A value, without one of its nodes."""
    if isinstance(node.value, _Object):
        inside = node.value.members.items()
        return {name: _plain(one, but) for name, one in inside if one is not but}
    if isinstance(node.value, _List):
        return [_plain(one, but) for one in node.value.items if one is not but]
    return node.value


def _parse(text: str) -> _Node:
    try:
        node = _value(text, _skip(text, 0))
    except RecursionError:
        raise MergeError("it is nested too deeply") from None
    if _skip(text, node.end) != len(text):
        raise _invalid(text, node.end)
    return node


def _invalid(text: str, at: int) -> MergeError:
    return MergeError(f"it is not valid JSON in line {text.count(chr(10), 0, at) + 1}")


def _skip(text: str, at: int) -> int:
    found = _TRIVIA.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int) -> _Node:
    match text[at : at + 1]:
        case "{":
            return _object(text, at)
        case "[":
            return _list(text, at)
        case '"':
            return _scalar(text, at, _STRING)
        case _:
            return _scalar(text, at, _PLAIN)


def _scalar(text: str, at: int, pattern: re.Pattern[str]) -> _Node:
    found = pattern.match(text, at)
    if found is None:
        raise _invalid(text, at)
    try:
        return _Node(at, found.end(), json.loads(found[0], parse_constant=_refuse))
    except ValueError:
        raise _invalid(text, at) from None


def _refuse(name: str) -> None:
    raise ValueError(name)


def _object(text: str, start: int) -> _Node:
    found = _Object({})
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        name = _scalar(text, at, _STRING)
        at = _skip(text, name.end)
        if text[at : at + 1] != ":":
            raise _invalid(text, at)
        found.last = _value(text, _skip(text, at + 1))
        found.last.begin = name.start
        found.members[name.value] = found.last
        at = _next(text, found.last.end, "}")
    return _Node(start, at + 1, found)


def _list(text: str, start: int) -> _Node:
    found = _List([])
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        found.items.append(_value(text, at))
        at = _next(text, found.items[-1].end, "]")
    return _Node(start, at + 1, found)


def _next(text: str, at: int, closing: str) -> int:
    """Where the next member or the end is, past a comma."""
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] != closing:
        raise _invalid(text, at)
    return at


def _no_object(path: tuple[str, ...]) -> str:
    if not path:
        return "it is JSON, but no object in braces"
    return f"{'.'.join(path)} in it is no object"


class _Edit:
    """One change of one text."""

    def __init__(self, text: str, change: Change) -> None:
        self._text = text
        self._change = change
        self._newline = "\r\n" if "\r\n" in text else "\n"
        found = _FIRST_INDENT.search(text)
        self._unit = found[1] if found else "  "

    def made(self) -> str:
        """The text after it."""
        node, left = self._reached()
        value = self._change.value
        if left:
            if not isinstance(node.value, _Object):
                raise MergeError(_no_object(self._change.path[: -len(left)]))
            inner = [value] if self._change.item else value
            for name in reversed(left[1:]):
                inner = {name: inner}
            return self._added(node, node.value.last, f"{json.dumps(left[0])}: ", inner)
        if self._change.is_default:
            return self._text
        return self._put(node, value) if self._change.item else self._replaced(node, value)

    def _reached(self) -> tuple[_Node, tuple[str, ...]]:
        """How far the path is there, and what is left of it."""
        node, left = _parse(self._text), self._change.path
        while left and isinstance(node.value, _Object) and left[0] in node.value.members:
            node, left = node.value.members[left[0]], left[1:]
        return node, left

    def _put(self, node: _Node, value: Any) -> str:
        if not isinstance(node.value, _List):
            raise MergeError(f"{'.'.join(self._change.path)} in it is no list")
        name = self._change.item
        for item in node.value.items:
            told = _plain(item)
            if isinstance(told, dict) and told.get(name) == value[name]:
                return self._replaced(item, value)
        last = node.value.items[-1] if node.value.items else None
        return self._added(node, last, "", value)

    def _replaced(self, node: _Node, value: Any) -> str:
        if self._rest(_plain(node)) == self._rest(value):
            return self._text
        shown = self._shown(value, self._indent_at(node.start))
        return self._text[: node.start] + shown + self._text[node.end :]

    def _rest(self, value: Any) -> Any:
        if not self._change.but or not isinstance(value, dict):
            return value
        return {name: one for name, one in value.items() if name not in self._change.but}

    def _added(self, parent: _Node, last: _Node | None, head: str, value: Any) -> str:
        """The text with one more member or item at the end of its parent."""
        text, outer = self._text, self._indent_at(parent.start)
        if last is None:
            inner = outer + self._unit
            body = text[parent.start + 1 : parent.end - 1].rstrip()
            # A comment that stands alone in there stays, and ends with its line.
            new = f"{self._newline}{inner}{head}{self._shown(value, inner)}"
            shown = f"{body}{new}{self._newline}{outer}"
            return text[: parent.start + 1] + shown + text[parent.end - 1 :]
        return self._appended(last, head, value)

    def _appended(self, last: _Node, head: str, value: Any) -> str:
        text = self._text
        line = _LINE_END.match(text, last.end)
        line_end = line.end() if line else last.end
        comma = _skip(text, last.end)
        has_comma = text[comma : comma + 1] == ","
        inner = self._indent_at(last.start)
        shown = head + self._shown(value, inner)
        if text[line_end : line_end + 1] in {"]", "}"}:
            cut = comma + 1 if has_comma else last.end
            return f"{text[:cut]}{'' if has_comma else ','} {shown}{text[cut:]}"
        line_end -= text[line_end - 1 : line_end] == "\r"
        if has_comma:
            cut = max(line_end, comma + 1)
            return f"{text[:cut]}{self._newline}{inner}{shown},{text[cut:]}"
        between = text[last.end : line_end]
        return f"{text[: last.end]},{between}{self._newline}{inner}{shown}{text[line_end:]}"

    def _indent_at(self, at: int) -> str:
        line = self._text[self._text.rfind("\n", 0, at) + 1 :]
        return line[: len(line) - len(line.lstrip(" \t"))]

    def _shown(self, value: Any, indent: str) -> str:
        dumped = json.dumps(value, indent=self._unit, ensure_ascii=False)
        return dumped.replace("\n", self._newline + indent)
