"""Conversations with files, for tests of how files are named in words."""

import re
from collections.abc import Iterable

from hypothesis import strategies as st

from tray_app.core.errors import ProxyError
from tray_app.core.model import (
    FilePart,
    FileWish,
    Message,
    Part,
    Prompt,
    Role,
    TextPart,
    ToolResultPart,
)
from tray_app.filters.attached import Planned, plan

Piece = TextPart | FilePart

WORDS = re.compile(
    r"\[(attachment (?P<number>\d+)|a (picture|file) that is no longer shown)"
    r"(: (?P<name>[^\[\]\n]{1,80}))?\]"
)


def pic(source: str, name: str = "", param: str = "p") -> FilePart:
    return FilePart(source, "picture", param, name)


def doc(source: str, name: str = "", param: str = "p") -> FilePart:
    return FilePart(source, "file", param, name)


def says(role: Role, *parts: Part | str) -> Message:
    return Message(role, tuple(TextPart(one) if isinstance(one, str) else one for one in parts))


def answered(*pieces: Piece) -> Message:
    text = "\n".join(one.text for one in pieces if isinstance(one, TextPart))
    has_files = any(isinstance(one, FilePart) for one in pieces)
    return Message("tool", (ToolResultPart("c", text, pieces if has_files else ()),))


def planned(*messages: Message) -> Planned:
    return plan(Prompt("m", messages))


def lines(messages: Iterable[Message]) -> list[str]:
    """Every line that a prompt says, in order; a file fails."""
    parts = [part for message in messages for part in message.parts]
    assert all(isinstance(part, TextPart | ToolResultPart) for part in parts)
    assert not any(isinstance(part, ToolResultPart) and part.pieces for part in parts)
    return [
        line
        for part in parts
        if isinstance(part, TextPart | ToolResultPart)
        for line in part.text.split("\n")
    ]


def numbers_in(found: Planned) -> list[int]:
    """The numbers of all marks, in order."""
    marks = map(WORDS.fullmatch, lines(found.prompt.messages))
    return [int(mark["number"]) for mark in marks if mark and mark["number"]]


_sources = st.sampled_from([f"{letter}.png" for letter in "abcdefghij"])
_wishes: st.SearchStrategy[FileWish] = st.sampled_from(["picture", "picture", "file", "audio"])
_files = st.builds(FilePart, _sources, _wishes, st.just("p"), st.text(max_size=6))
_roles: st.SearchStrategy[Role] = st.sampled_from(["system", "user", "assistant", "tool"])
_shapes = st.lists(st.one_of(st.none(), _files, _files), max_size=8)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Message, ...]:
    """Messages whose texts are all different, with files of a few sources anywhere."""
    messages = []
    for at, role in enumerate(draw(st.lists(_roles, min_size=1, max_size=9))):
        parts = [one or TextPart(f"text {at} {number}") for number, one in enumerate(draw(_shapes))]
        messages.append(answered(*parts) if role == "tool" else says(role, *parts))
    return tuple(messages)


def same(file: FilePart) -> tuple[bool, str, str]:
    """What is equal for two mentions of one file."""
    return file.wish == "picture", file.source, file.name if file.wish == "file" else ""


def pieces(message: Message) -> list[Piece]:
    found: list[Piece] = []
    for part in message.parts:
        if isinstance(part, ToolResultPart):
            found += part.pieces or (TextPart(part.text),)
        elif isinstance(part, TextPart | FilePart):
            found.append(part)
    return found


def files_of(messages: Iterable[Message]) -> list[FilePart]:
    return [one for message in messages for one in pieces(message) if isinstance(one, FilePart)]


def outcome(messages: tuple[Message, ...]) -> Planned | ProxyError:
    try:
        return planned(*messages)
    except ProxyError as fault:
        return fault
