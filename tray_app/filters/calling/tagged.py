"""Parameters between tags, the form that the newer models were trained on.

Tags know no escaping, so a value may hold tags of its own: a closing tag ends a value only where
what follows it may stand behind a value, and pairs of tags inside a value belong to it. Closing
tags that a model left out are made up for where the block is over, and where the number of tags
that remain says that none is to come.
"""

import html
import re
from bisect import bisect_left

from .lenient import Malformed, Unfinished, skip

FUNCTION = re.compile(
    r"<(?:function\w*+|invoke)(?:\s++name)?\s*+=\s*+[\"']?([^\s\"'<>]++)[^<>\n]*+(?:>|(?=\n))"
)
"""The tag that opens a call; its group is the name. A line's end may stand for a lost `>`."""
PARAMETER = re.compile(
    r"<parameter(?:\s++name)?\s*+=\s*+[\"']?([^\s\"'<>]++)[^<>\n]*+(?:>|(?=\n))"
    r"|<arg_key>([^<]++)</arg_key>\s*+<arg_value>"
)
"""The tag that opens a value, or the pair of tags of the other grammar; a group is the key."""

_OPENER = r"<parameter[\s=]|<arg_key>"
_CALL = r"<function\w*+[\s=]|<invoke\s"
_CALL_END = r"</(?:function\w*+|invoke)>"
_VALUE_END = r"</(?:parameter|arg_value)>"
_EDGE = re.compile(rf"({_VALUE_END})|({_CALL_END})|^[ \t]*+(?:({_OPENER})|{_CALL})", re.MULTILINE)
_OPENED = re.compile(r"<parameter[\s=]|<arg_value>")
_ENDS = r"(?:</(?:parameter|arg_value|tool_call)>\s*+){0,4}\Z"


def _after_value(opener: str) -> dict[bool, re.Pattern[str]]:
    """What may stand behind a value, by whether the end of the block was seen."""
    after = rf"\s*+(?:{opener}|{_CALL}|{_CALL_END}"
    return {False: re.compile(rf"{after})"), True: re.compile(rf"{after}|{_ENDS})")}


_AFTER_VALUE = {True: _after_value(_OPENER), False: _after_value(r"<parameter[\s=]")}
"""By whether the tags are those of keys and values; in a parameter, such tags are its text."""
_KEY_TAG = "<arg_key>"
_AFTER_CALL = re.compile(rf"\s*+(?:{_CALL}|<tool_call>|(?:</\w++>\s*+)?\Z)")
_BEGINNING = re.compile(
    r"<[^>\n]{0,200}\Z|<arg_key>[^<]{0,200}(?:</arg_key>\s*+)?(?:<[^>\n]{0,20})?\Z"
)
_ORPHAN = re.compile(r"\s*+</parameter>")
_LONE = re.compile(r"\r?\n</parameter>")
_ANY_END = re.compile(r"</\w++>")
_ESCAPED = re.compile(r"&lt;(?:function|invoke|parameter|arg_key)\b")
_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#[0-9]{1,7}|#x[0-9a-fA-F]{1,6});")


def unescaped(text: str, at: int) -> str | None:
    """The text with signs for the entities behind `at`, if the markup there is written in such.

    A value of markup that is written plainly keeps its entities: it may be a file that has them.
    """
    if not _ESCAPED.match(text, at):
        return None
    return text[:at] + _ENTITY.sub(lambda found: html.unescape(found[0]), text[at:])


def is_orphaned(text: str, at: int) -> bool:
    """Whether a value ends at `at` where none is open, as where a value holds the end of a call."""
    return bool(_ORPHAN.match(text, at))


def is_beginning(text: str, at: int) -> bool:
    """Whether a tag begins at `at` that the end of the text cuts."""
    return bool(_BEGINNING.match(text, at))


class Tags:
    """The tags of a block, found once for all of its calls.

    `closed` says that the end of the block was seen; only then may closing tags be missing.
    """

    def __init__(self, text: str, *, closed: bool) -> None:
        self._text = text
        self._closed = closed
        self._edges = list(_EDGE.finditer(text))
        self._starts = [edge.start() for edge in self._edges]
        self._openers = [found.start() for found in _OPENED.finditer(text)]
        self._closers = [found.start() for found in re.finditer(_VALUE_END, text)]

    def parameters(self, name: str, at: int) -> tuple[dict[str, str], int]:
        """The values of a call of `name` by their keys, and the index after the call.

        Raises `Malformed` and `Unfinished`.
        """
        values: dict[str, str] = {}
        while True:
            at = skip(self._text, at)
            opener = PARAMETER.match(self._text, at)
            if opener:
                key = (opener[1] or opener[2]).strip()
                values[key], at = self._value(key, opener)
                continue
            closer = _ANY_END.match(self._text, at)
            if closer and re.match(_CALL_END, closer[0]):
                return values, closer.end()
            if not closer:
                self._check_end(name, at)
                return values, at
            at = closer.end()

    def _check_end(self, name: str, at: int) -> None:
        """A call without its closing tag ends with the block or before the next call."""
        if (self._closed and at == len(self._text)) or FUNCTION.match(self._text, at):
            return
        if at == len(self._text) or is_beginning(self._text, at):
            raise Unfinished(f"the call of {name} has no </function>", len(self._text))
        seen = self._text[at : at + 30]
        raise Malformed(f"expected <parameter=KEY> in the call of {name}, not {seen!r},", at)

    def _value(self, key: str, opener: re.Match[str]) -> tuple[str, int]:
        """The value that begins behind `opener`, and the index after it."""
        nested = 0
        is_doubtful = False
        at, end = opener.end(), len(self._text)
        after = _AFTER_VALUE[opener[2] is not None][self._closed]
        for index in range(bisect_left(self._starts, at), len(self._edges)):
            edge = self._edges[index]
            if edge[3] == _KEY_TAG and not opener[2]:
                continue
            if edge[1] and nested:
                nested -= 1
            elif edge[1]:
                if after.match(self._text, edge.end()):
                    return _framed(self._text[at : edge.start()], opener), edge.end()
                is_doubtful = True
            elif self._is_end_to_come(edge.start()):
                nested += bool(edge[3])
            elif edge[2] and not _AFTER_CALL.match(self._text, edge.end()):
                is_doubtful = True
            else:
                end = edge.start()
                break
        is_doubtful = is_doubtful or self._may_hold(at, end)
        if self._closed and is_doubtful:
            raise Malformed(f"it is not clear where the value of {key} ends,", at)
        return self._unclosed(key, opener, end), end

    def _may_hold(self, at: int, end: int) -> bool:
        """Whether the value at `at`, which an opener at `end` seems to end, may hold that opener.

        A value that follows it has two line ends of its own, even where it is empty.
        """
        opener = PARAMETER.match(self._text, skip(self._text, end))
        if opener is None:
            return False
        return not self._text[at:end].strip() or bool(_LONE.match(self._text, opener.end()))

    def _is_end_to_come(self, at: int) -> bool:
        """Whether a closing tag behind `at` is left for the value that `at` is in."""
        if not self._closed:
            return True
        openers = len(self._openers) - bisect_left(self._openers, at)
        return len(self._closers) - bisect_left(self._closers, at) > openers

    def _unclosed(self, key: str, opener: re.Match[str], end: int) -> str:
        """A value without a closing tag of its own, which something else at `end` ends."""
        if not self._closed:
            raise Unfinished(f"the value of {key} has no </parameter>", end)
        value = _framed(self._text[opener.end() : end], opener)
        if self._text.startswith(" ", opener.end()):
            # Models that close nothing write values beside their tags, one space away.
            return value[1:] if "\n" in value else value.strip(" ")
        return value


def _framed(value: str, opener: re.Match[str]) -> str:
    """The value without the one line end on each side that belongs to its tags.

    The other grammar writes its tags close to the value: there they come on both sides or not.
    """
    if opener[2] and not (value.startswith("\n") and value.endswith("\n")):
        return value
    if value.startswith("\r\n"):
        return value[2:].removesuffix("\r\n")
    return value.removeprefix("\n").removesuffix("\n")
