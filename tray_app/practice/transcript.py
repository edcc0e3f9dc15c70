"""What a prompt of the proxy holds: turns with a role, the tools on offer, what is asked for.

A prompt is either the bare words of a person or a conversation with one element for each message,
oldest first. Clients put elements of their own among the words (what the time is, which folder is
open); those are no words of the person, and neither is what a tool answered.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from .tools import Tool, offered

_OPENING = re.compile(r"<((system|user|assistant|tool)(?:-\d+)?)(?: [^>]{0,999})?>\n")
_CLOSING = re.compile(r"\n</((?:system|user|assistant|tool)(?:-\d+)?)>")
_RESULT = re.compile(r"<tool_response((?:-\d+)?)>\n(.*?)\n?</tool_response\1>", re.DOTALL)
_WRAPPER = re.compile(r"</?(?:user_message|user_query|user_request|task|feedback)>\n?")
_CLIENTS = re.compile(
    r"(?P<fence>^[ \t]{0,3}```.*?^[ \t]{0,3}```)"
    r"|(?:^|(?<=>))<([a-z]+(?:[_-][a-z]+)+|[A-Z]{4,})(?: [^>]*)?>.*?(?:</\2>|\Z)",
    re.DOTALL | re.MULTILINE,
)
"""What clients add; a fence is the person's, with whatever stands in it."""
_WORD = re.compile(
    r"^[\"']?practice: *(?:(form|json) +([a-z0-9-]+)( +always)?|([a-z-]+)(?: +(\d+))?)[\"']?\s*$",
    re.MULTILINE,
)
_FOLDERS = (
    re.compile(r"<cwd>\s*([^<\n]+?)\s*</cwd>"),
    re.compile(
        r"(?:working directory|working in the directory|workspace directory|\bcwd)"
        r"[^\w/\n]{0,6}((?:/|[A-Za-z]:[\\/])[^\n<>()\"'`]*)",
        re.IGNORECASE,
    ),
    re.compile(r"\"(?:workspaces|rootPath|cwd)\":\s*\{?\s*\"((?:/|[A-Za-z]:[\\/])[^\"\n]*)\""),
)
_CALLS = ("<tool_call>", "<function=")
_REPAIR = re.compile(
    r"\A(?:(?:That|Your call) was not carried out|You (?:called no tool|answered nothing|wrote))\b"
    r"|\bcall again\b",
    re.IGNORECASE,
)
_DEMAND = re.compile(r"\bmust call\b")


@dataclass(frozen=True)
class Word:
    """What a person asks of practice mode in a line that begins with `practice:`."""

    name: str
    number: int = 0
    form: str = ""
    """Of `form` and `json`: which one."""
    always: bool = False


@dataclass(frozen=True)
class Turn:
    """One message."""

    role: str
    raw: str

    @cached_property
    def results(self) -> tuple[str, ...]:
        """What tools answered in it."""
        if self.role == "tool":
            return (self.raw,)
        return tuple(text for _, text in _RESULT.findall(self.raw)) if self.role == "user" else ()

    @cached_property
    def text(self) -> str:
        """The words alone, without what tools and the client itself put there."""
        if self.role == "tool":
            return ""
        text = _WRAPPER.sub("", _RESULT.sub("", self.raw))
        return _CLIENTS.sub(lambda found: found["fence"] or "", text).strip()

    @property
    def calls(self) -> bool:
        """Whether it calls something, in whatever form."""
        return any(sign in self.raw for sign in _CALLS)

    @cached_property
    def word(self) -> Word | None:
        """The last word for practice mode in it."""
        told = _WORD.findall(self.text) if "practice:" in self.text else []
        if not told:
            return None
        kind, form, always, name, number = told[-1]
        return Word(kind or name, int(number or 0), form, bool(always))


@dataclass(frozen=True)
class Transcript:
    """A whole prompt."""

    turns: tuple[Turn, ...]

    @property
    def said(self) -> str:
        """What the person said last: letter by letter, but with tools the words alone."""
        users = [turn for turn in self.turns if turn.role == "user"]
        told = words(self.turns) if self.tools else []
        return told[-1][1] if told else (users or self.turns)[-1].raw

    @property
    def word(self) -> Word | None:
        """What the last message of the person asks of practice mode."""
        users = [turn for turn in self.turns if turn.role == "user"]
        return (users or self.turns)[-1].word

    @cached_property
    def tools(self) -> tuple[Tool, ...]:
        """What may be called."""
        found = [
            tools for turn in self.turns if turn.role == "system" if (tools := offered(turn.raw))
        ]
        return found[-1] if found else ()

    @property
    def wants_xml(self) -> bool:
        """Whether calls are asked for in the XML form."""
        systems = (
            turn.raw.rpartition("</tools>")[2] for turn in self.turns if turn.role == "system"
        )
        return any("<function=" in text for text in systems)

    @property
    def wish(self) -> Word | None:
        """The form that the next message shall have: of the first answer to whom asked for it."""
        for at in range(len(self.turns) - 1, -1, -1):
            word = self.turns[at].word if self.turns[at].role == "user" else None
            if word is None or not word.form:
                continue
            later = self.turns[at + 1 :]
            answered = any(turn.role != "system" and (turn.raw.strip()) for turn in later)
            return word if word.always or not answered else None
        return None

    @property
    def folder(self) -> str:
        """The client's working folder; empty where it does not say."""
        for pattern in _FOLDERS:
            for turn in self.turns:
                found = pattern.search(turn.raw) if turn.role in {"system", "user"} else None
                if found:
                    return found[1].strip().rstrip(".,/") or "/"
        return ""

    @property
    def demand(self) -> str | None:
        """The name of the tool that must be called; empty for any, None where none must be."""
        asked = [at for at, _ in words(self.turns)]
        asked += [at for at, turn in enumerate(self.turns) if turn.results]
        closing = [turn for turn in self.turns[max(asked, default=0) :] if turn.role == "system"]
        said = closing[-1].raw.rpartition("</tools>")[2] if closing and self.tools else ""
        if not _DEMAND.search(said):
            return None
        named = (tool.name for tool in self.tools if f"function {tool.name} " in said)
        return next(named, "")


def words(turns: Sequence[Turn]) -> list[tuple[int, str]]:
    """What the person said, with its place, oldest first.

    What tells the assistant that it wrote a call badly is no word of the person. It may stand right
    behind theirs, since a call among thoughts leaves no message.
    """
    found: list[tuple[int, str]] = []
    for at, turn in enumerate(turns):
        is_told = found and not turn.results and _REPAIR.search(turn.text)
        if turn.role == "user" and turn.text and not is_told:
            found.append((at, turn.text))
    return found


def read(content: str, *documents: str) -> Transcript:
    """The transcript that is in a prompt; bare words are one of the person.

    Args:
        content: The message.
        documents: Texts that came with it; a conversation in them was before the message.
    """
    before = [turn for text in documents for turn in _turns(text)]
    return Transcript((*before, *(_turns(content) or [Turn("user", content)])))


def _turns(text: str) -> list[Turn]:
    """The elements of a text, in a time that grows no faster than the text."""
    ends: dict[str, list[re.Match[str]]] = {}
    for end in _CLOSING.finditer(text):
        ends.setdefault(end[1], []).append(end)
    turns, at = [], 0
    while opening := _OPENING.search(text, at):
        own = ends.get(opening[1], [])
        place = bisect_left(own, opening.end(), key=re.Match.start)
        if place == len(own):
            at = opening.start() + 1
            continue
        turns.append(Turn(opening[2], text[opening.end() : own[place].start()]))
        at = own[place].end()
    return turns
