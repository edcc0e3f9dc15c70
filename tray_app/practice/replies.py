"""A message of practice mode, and what one says that no task leads to."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .kinds import is_for, is_harmless
from .tools import Tool
from .transcript import Transcript, words
from .values import Maker, NoValueError

_MOST_ROUNDS = 8
_MARKUP = r"<(?=/?(?:tool_|function|parameter|invoke|think|(?:{names})\b))"
_DATA = ("}", "]", "`", "~")
"""A text that ends so may end in JSON, and that is read as a call only where nothing follows it."""


@dataclass(frozen=True)
class Call:
    """A call of a tool; `target` is the file that it is about, as the person named it."""

    name: str
    arguments: dict[str, Any]
    target: str = ""


@dataclass(frozen=True)
class Reply:
    """What the model says, and what it calls then."""

    prose: str
    calls: tuple[Call, ...] = ()


def object_of(tool: Tool) -> dict[str, Any]:
    """What a tool takes."""
    return {**tool.schema, "type": "object"}


def told(transcript: Transcript, text: str) -> Reply:
    """The next message where there is but a text to tell, by the tool for the end if there is one.

    Agents ask once more when that tool has answered; then the text goes out as it is.
    """
    said = ended(transcript.tools, text)
    rounds = _rounds_of(transcript, said.calls[0].name) if said.calls else 0
    is_enough = rounds >= (1 if transcript.demand is None else _MOST_ROUNDS)
    return Reply(text) if is_enough else said


def harmless(transcript: Transcript, text: str) -> str:
    """A text in which no call can be read, whatever it repeats."""
    if not transcript.tools:
        return text
    names = "|".join(re.escape(tool.name) for tool in transcript.tools)
    bare = re.sub(_MARKUP.format(names=names), "", text)
    return f"{bare}\nThat is all." if bare.rstrip().endswith(_DATA) else bare


def demanded(transcript: Transcript, wishes: Mapping[str, str]) -> Reply | None:
    """The call that has to be, if there is one that does no harm and was not made yet."""
    tools = transcript.tools
    named = [tool for tool in tools if tool.name == transcript.demand]
    if not named and ended(tools, "").calls:
        return None
    looking = sorted(filter(is_harmless, tools), key=lambda tool: not is_for(tool, "look"))
    tool = next(iter(named or (tools if len(tools) == 1 else looking)), None)
    if tool is None or _rounds_of(transcript, tool.name):
        return None
    arguments = Maker(object_of(tool), wishes, folder=transcript.folder).make()
    return Reply("", (Call(tool.name, arguments),))


def _rounds_of(transcript: Transcript, name: str) -> int:
    """How often a tool was called and has answered since the person spoke last."""
    said = words(transcript.turns)
    later = transcript.turns[said[-1][0] + 1 if said else 0 :]
    signs = (f'"{name}"', f"<function={name}>")
    return sum(
        any(sign in turn.raw for sign in signs) and bool(after.results)
        for turn, after in pairwise(later)
        if turn.role == "assistant"
    )


def ended(tools: Sequence[Tool], text: str) -> Reply:
    """A text for the person: handed to a tool for that, or said before it, or alone."""
    without = None
    for tool in (tool for tool in tools if is_for(tool, "done")):
        maker = Maker(object_of(tool), {"result": text})
        try:
            call = Call(tool.name, maker.make())
        except NoValueError:
            continue
        if maker.used:
            return Reply("", (call,))
        without = without or (None if maker.guessed else call)
    return Reply(text, (without,) if without else ())
