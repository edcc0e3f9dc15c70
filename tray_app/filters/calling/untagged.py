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
_NOTHING = re.compile(r"(?:\s|```|~~~|</?(?:tool_call|tool_calls|function_call)>)*")


def read_untagged(text: str, names: Names) -> Ended | None:
    """The calls that a text is, from its first character to its last; None if it is more than that.

    Some models write the name for a key: `{"Bash": "ls"}`. That is a call where the value can be
    nothing but its arguments, and a broken one otherwise.
    """
    fenced = FENCED.match(text)
    start = fenced.end() if fenced else 0
    if alone := _ALONE.fullmatch(text, start):
        return _named(alone[1] or alone[2], names)
    try:
        value, end = lenient.read(text, start)
    except ValueError:
        return None
    if not _NOTHING.fullmatch(text, end):
        return None
    if isinstance(value, dict) and len(value) == 1:
        ((key, inner),) = value.items()
        if key in names.offered and (tool := names.meant(key)) is not None:
            return _by_key(tool, inner)
    return _named(text[start:end], names)


def _named(inner: str, names: Names) -> Ended | None:
    """The calls of what stands in a block, if all are of tools that are offered."""
    try:
        calls = tuple(read_calls(inner, closed=True))
    except ValueError:
        return None
    known = all(names.meant(call.name) is not None for call in calls)
    return Ended(calls) if calls and known else None


def _by_key(tool: Tool, value: Any) -> Ended:
    properties = tool.parameters.get("properties")
    if isinstance(value, dict):
        return Ended((RawCall(tool.name, value),))
    if isinstance(properties, dict) and len(properties) == 1:
        return Ended((RawCall(tool.name, {next(iter(properties)): value}),))
    return Ended(problem="broken", why=f"the arguments of {tool.name} have no names")
