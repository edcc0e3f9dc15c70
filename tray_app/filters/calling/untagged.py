"""Calls that a model writes as JSON without any tag around them."""

import re
from typing import Any

from tray_app.core.model import Tool

from . import lenient
from .block import Ended
from .names import Names
from .reading import RawCall, read_calls

FENCED = re.compile(r"(```|~~~)[ \t]*(?:json|tool_call|tool_code|xml)?[ \t]*\n\s*(?=\S)")
"""The beginning of a fence that may hold a call, up to the first character in it."""
_ALONE = re.compile(
    r"(?:<tool_call>(.*)</tool_call>|(<(?:function|invoke)\b.*</(?:function|invoke)>))"
    r"\s*(?:```|~~~)?\s*",
    re.DOTALL,
)
"""Nothing but a call in tags, and the end of its fence."""
_ENDS = ("```", "~~~", "</tool_call>", "</tool_calls>", "</function_call>", "<tool_call>")


def read_untagged(text: str, names: Names, *, is_whole: bool) -> Ended | None:
    """The calls that a text is, from its first character to its last; None if it is more than that.

    Some models write the name for a key: `{"Bash": "ls"}`. That is a call where the value can be
    nothing but its arguments. Where the answer is nothing else, `is_whole`, it is one in any case,
    if need be a broken one.
    """
    fenced = FENCED.match(text)
    start = fenced.end() if fenced else 0
    if alone := _ALONE.fullmatch(text, start):
        return _named(alone[2] if alone[1] is None else alone[1], names)
    inner = _without_ends(text[start:])
    if (by_key := _read_by_key(inner, names, is_whole=is_whole)) is not None:
        return by_key
    return _named(inner, names, demands_arguments=True)


def _without_ends(text: str) -> str:
    """The text without what only ends a fence or a call."""
    text = text.rstrip()
    while text.endswith(_ENDS):
        text = next(text.removesuffix(end) for end in _ENDS if text.endswith(end)).rstrip()
    return text


def _read_by_key(text: str, names: Names, *, is_whole: bool) -> Ended | None:
    try:
        value, end = lenient.read(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or len(value) != 1 or lenient.skip(text, end) < len(text):
        return None
    ((key, inner),) = value.items()
    tool = names.meant(key) if key in names.known else None
    return None if tool is None else _by_key(tool, inner, is_whole=is_whole)


def _named(inner: str, names: Names, *, demands_arguments: bool = False) -> Ended | None:
    """The calls of what stands in a block, if all are of tools that are offered."""
    if not inner.strip():
        return None
    try:
        calls = tuple(read_calls(inner, closed=False, demands_arguments=demands_arguments))
    except lenient.Unfinished as fault:
        return Ended(problem="half", why=str(fault))
    except lenient.Malformed:
        return None
    known = all(names.meant(call.name) is not None for call in calls)
    return Ended(calls) if calls and known else None


def _by_key(tool: Tool, value: Any, *, is_whole: bool) -> Ended | None:
    told = tool.parameters.get("properties")
    properties = told if isinstance(told, dict) else {}
    if isinstance(value, dict):
        is_meant = is_whole or (value and value.keys() <= properties.keys())
        return Ended((RawCall(tool.name, value),)) if is_meant else None
    if not isinstance(value, str):
        return None
    if is_whole and len(properties) == 1:
        return Ended((RawCall(tool.name, {next(iter(properties)): value}),))
    return Ended(problem="broken", why=f"the arguments of {tool.name} have no names")
