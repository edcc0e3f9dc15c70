"""What a model's call says, in JSON or in tags, however badly it is written.

The JSON form is what we ask for; the tags are what the newer models were trained on, and a third
form names the tool in plain text first. All faults that were reported of these models are
understood where they leave one meaning; the others are refused in words that a model can act on.
"""

import re
from functools import cached_property
from typing import Any

from msgspec import Struct

from . import lenient
from .lenient import Fault, Malformed, Unfinished
from .tagged import FUNCTION, PARAMETER, Tags, is_beginning, is_orphaned, unescaped

_NAMES = ("name", "function", "tool", "tool_name", "function_name")
_ARGUMENTS = ("arguments", "parameters", "args", "input", "params")
_ENVELOPE = {"type", "id", "index", "call_id", "tool_call_id", "status", *_NAMES}
_KINDS = ("function", "function_call", "tool_call", "tool_use")
WRAPPER = "tool_calls"
"""The key of all calls in a message of clients' APIs."""
_ENCODINGS = 3
_TAILS = 6
_DEBRIS = re.compile(
    r"(?:[\s,;)}\]]++|`++(?:json|xml)?|</[\w:]*+>?|<(?:tool_calls?|function\w*+|invocation)>)++"
)
_TAG = re.compile(r"<([A-Za-z_][\w.\-]*+)()>")
_TAIL = re.compile(r"(?:</[\w:]{1,40}>|`{3,9})\Z")
_PROSE = re.compile(r"\w[^{}\[\]<>]*+\Z")
_WORD = re.compile(r"((?:[\w.\-/]|:(?=\w))++)\s*+\(?\s*+")
_NAMED = re.compile(
    r"[\"'](?:name|tool|tool_name|function_name)[\"']\s*+:\s*+[\"']([^\"'\n]{1,80})"
)


class RawCall(Struct, frozen=True):
    """One call as a model wrote it."""

    name: str
    arguments: dict[str, Any]
    as_text: bool = False
    """The values came from tags: each is text, and only the tool's schema knows of what type."""


def read_calls(inner: str, *, closed: bool, demands_arguments: bool = False) -> list[RawCall]:
    """Every call in `inner`, in the order of the text; never none.

    `inner` is what stood between `<tool_call>` and its end, or a bare `<function=…>…</function>`
    with its tags. `closed` says that the end of the block was seen: only then may brackets and tags
    be missing, and only where it was not may `Unfinished` be raised. Raises `Malformed` otherwise.

    `demands_arguments` is for JSON without a tag around it, which could be any: what has no
    arguments under a key of theirs is no call then, and what tells of a tool is none either.
    """
    how = _How(closed, demands_arguments)
    try:
        return _read(inner, how)
    except Unfinished as error:
        if closed:
            raise Malformed(error.message, error.at) from error
        raise


class _How(Struct, frozen=True):
    """How a block is read; see `read_calls`."""

    closed: bool
    demands_arguments: bool


def _read(inner: str, how: _How) -> list[RawCall]:
    """Every call in `inner`, where some models write the signs of the tags as entities."""
    try:
        return _Block(inner, how).calls()
    except Malformed as error:
        text, at = unescaped(inner, error.at), error.at
        if text is None:
            raise
    try:
        return _Block(text, how).calls()
    except Fault as error:
        raise type(error)(error.message, at) from error


class _Block:
    """One reading of a block, from its beginning to its end."""

    def __init__(self, text: str, how: _How) -> None:
        self._text = _without_tail(text) if how.closed else text
        self._closed = how.closed
        self._demands_arguments = how.demands_arguments
        self._calls: list[RawCall] = []

    @cached_property
    def _tags(self) -> Tags:
        return Tags(self._text, closed=self._closed)

    def calls(self) -> list[RawCall]:
        """Every call in the block."""
        at = self._skip(0)
        while at < len(self._text):
            if self._calls and _PROSE.match(self._text, at):
                self._prose(at)
                break
            at = self._skip(self._one(at))
        if not self._calls:
            raise Unfinished("no call was found", len(self._text))
        return self._calls

    def _skip(self, at: int) -> int:
        """Past white space, comments, fences, wrappers and what is left over of closers."""
        while True:
            found = _DEBRIS.match(self._text, at)
            end = lenient.skip(self._text, found.end() if found else at)
            if end == at:
                return at
            at = end

    def _prose(self, at: int) -> None:
        """Words behind the last call are let go inside a block; behind one they are an answer."""
        if not self._closed:
            raise Malformed("text follows the last call", at)

    def _one(self, at: int) -> int:
        """Reads what begins at `at`, and says where it ends."""
        text = self._text
        if text[at] in "{[\"'":
            return self._json(at)
        if text[at] != "<":
            return self._named(at)
        function = FUNCTION.match(text, at)
        if function:
            return self._function(function[1], function.end())
        named = PARAMETER.match(text, at) or _TAG.match(text, at)
        if named and PARAMETER.match(text, lenient.skip(text, named.end())):
            # Seen of Qwen3.8: the tool's name in a tag that is meant for a parameter's.
            return self._function(named[1] or named[2], named.end())
        raise self._unexpected("<function=NAME>", at)

    def _unexpected(self, expected: str, at: int) -> Fault:
        if is_beginning(self._text, at):
            return Unfinished("a tag has no end", len(self._text))
        return Malformed(f"expected {expected}, not {self._text[at : at + 30]!r},", at)

    def _json(self, at: int) -> int:
        """One value that is a call, a list of calls, or text that holds them."""
        try:
            value, end = lenient.read(self._text, at, closes=self._closed)
        except Fault as error:
            named = _NAMED.search(self._text, at)
            raise _of(named[1] if named else "", error) from error
        self._calls += self._found(value, at)
        return end

    def _found(self, value: Any, at: int, encodings: int = _ENCODINGS) -> list[RawCall]:
        """The calls that a JSON value of the block holds."""
        if isinstance(value, list):
            return [call for one in value for call in self._found(one, at, encodings)]
        if isinstance(value, str) and encodings and value.lstrip().startswith(("{", "[", '"')):
            return self._found(_decoded("", value, at), at, encodings - 1)
        if not isinstance(value, dict):
            seen = f"{value!r:.30}"
            raise Malformed(f'expected an object with "name" and "arguments", not {seen},', at)
        if (calls := _wrapped(value)) is not None:
            return self._found(calls, at, encodings)
        function = value.get("function")
        fields = function if isinstance(function, dict) else value
        return [_call(fields, at, demands_arguments=self._demands_arguments)]

    def _arguments(self, name: str, at: int) -> int:
        """The arguments of `name` as one JSON object."""
        try:
            value, end = lenient.read(self._text, at, closes=self._closed)
        except Fault as error:
            raise _of(name, error) from error
        self._calls.append(RawCall(name, _object(name, value, at)))
        return end

    def _function(self, name: str, at: int) -> int:
        """The call of `name`, whose opening tag ends at `at`."""
        inside = lenient.skip(self._text, at)
        if self._text.startswith("{", inside):
            return self._arguments(name, inside)
        values, end = self._tags.parameters(name, at)
        if is_orphaned(self._text, end) or (self._calls and is_orphaned(self._text, at)):
            raise Malformed(f"it is not clear where the values of {name} end,", at)
        self._calls.append(RawCall(name, values, as_text=True))
        return end

    def _named(self, at: int) -> int:
        """A call that begins with the tool's name in plain text."""
        text, word = self._text, _WORD.match(self._text, at)
        if not word:
            raise self._unexpected("a JSON object", at)
        if text.startswith("{", word.end()):
            is_fence = word[1] == "json"
            return self._json(word.end()) if is_fence else self._arguments(word[1], word.end())
        if PARAMETER.match(text, word.end()):
            return self._function(word[1], word.end())
        if self._skip(word.end()) < len(text):
            raise self._unexpected(f"the arguments of {word[1]} as a JSON object", word.end())
        if not self._closed:
            raise Unfinished(f"the call of {word[1]} has no arguments", len(text))
        self._calls.append(RawCall(word[1], {}))
        return len(text)


def _without_tail(text: str) -> str:
    """The text without the fences and strange closing tags at its end, if its calls are JSON."""
    if not text.lstrip().startswith(("{", "[", "`")):
        return text
    for _ in range(_TAILS):
        text = text.rstrip()
        tail = _TAIL.search(text[-50:])
        text = text[: -len(tail[0])] if tail else text
    return text


def _of(name: str, error: Fault) -> Fault:
    """The error, with the name of the call that it is in."""
    whose = f"the arguments of {name} are" if name else "the call is"
    return type(error)(f"{whose} not valid JSON: {error.message}", error.at)


def _call(fields: dict[str, Any], at: int, *, demands_arguments: bool) -> RawCall:
    """One call; what stands beside its name belongs to its arguments, as some models flatten them.

    Beside arguments, only what a client's API would put there is dropped.
    """
    named = next((key for key in _NAMES if isinstance(fields.get(key), str) and fields[key]), "")
    if not named:
        raise Malformed('a call has no "name"', at)
    name = fields[named].strip()
    beside = {key: value for key, value in fields.items() if key not in _ENVELOPE}
    key = next((key for key in _ARGUMENTS if _holds_arguments(name, key, beside, at)), "")
    if demands_arguments and (not key or _is_schema(key, beside[key])):
        raise Malformed(f'the call of {name} has no "arguments"', at)
    if key:
        arguments = _object(name, beside.pop(key), at)
        return RawCall(name, beside | arguments)
    flat = {key: value for key, value in fields.items() if key != named}
    if flat.get("type") in _KINDS:
        del flat["type"]
    return RawCall(name, flat)


def _wrapped(value: dict[str, Any]) -> list[Any] | None:
    """The calls of a message as clients' APIs have it, if it says nothing else; None for others."""
    calls = value.get(WRAPPER)
    said = (told for key, told in value.items() if key not in {WRAPPER, "role", "id", "type"})
    return calls if isinstance(calls, list) and calls and not any(said) else None


def _is_schema(key: str, value: Any) -> bool:
    """Whether the value of `key` is what a tool takes, as the definition of one tells it."""
    if key != "parameters" or not isinstance(value, dict) or value.get("type") != "object":
        return False
    return len(value) == 1 or isinstance(value.get("properties"), dict)


def _holds_arguments(name: str, key: str, beside: dict[str, Any], at: int) -> bool:
    """Whether the arguments stand under `key`, which may also be the name of one of them."""
    if key == "arguments" or key not in beside:
        return key in beside
    try:
        _object(name, beside[key], at)
    except Malformed:
        return False
    return len(beside) == 1


def _object(name: str, value: Any, at: int) -> dict[str, Any]:
    """The arguments of `name`: decoded as often as they were encoded, and no call in a call."""
    for _ in range(_ENCODINGS):
        if not isinstance(value, str) or not value.strip():
            break
        value = _decoded(name, value, at)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if value is None or (isinstance(value, str) and not value.strip()):
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"the arguments of {name} are not a JSON object", at)
    inner = [key for key in value if key in _ARGUMENTS]
    if len(value) == 2 and inner and any(value.get(key) == name for key in _NAMES):
        return _inner(name, value, inner[0], at)
    return value


def _inner(name: str, value: dict[str, Any], key: str, at: int) -> dict[str, Any]:
    """The arguments under `key` in what looks like a call in a call, or else all of it.

    An argument may be called like a part of a call, and have the name of the tool for its value.
    """
    if key == "arguments" or isinstance(value[key], dict):
        return _object(name, value[key], at)
    return value


def _decoded(name: str, text: str, at: int) -> Any:
    """What a JSON text that stood in a JSON string says."""
    try:
        value, end = lenient.read(text)
    except Fault as error:
        raise Malformed(_of(name, error).message, at) from error
    if lenient.skip(text, end) < len(text):
        raise Malformed(f"text follows the arguments of {name}", at)
    return value
