"""What clients attach, named in words where it stood; which of it goes, and which is too old.

The site takes files with a message and not inside of it, so a mark in the text says where each one
belongs: `[attachment 2: plan.pdf]` is the second of the files that go. Where a person says one
thing and the files stand before or behind it, there is nothing to tell apart and no mark: it is
what the site's own page sends, and nothing of ours gets into a text that is to be translated or
drawn. A message of files alone has marks, since it has to say something.

A text of a client that looks like a mark stays as it is. Most of them are the model's own mentions
of a mark, which come back with its answers and have to go on meaning the same; and a mark opens
nothing: at worst a text speaks of the wrong one of the files that the same client sent. No name of
a file can end a mark or begin another.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.files import File, FileKind
from tray_app.core.model import FilePart, Message, Part, Prompt, TextPart, ToolResultPart

PICTURES = 5
OTHERS = 5
"""So many files of other kinds go together."""

Ability = Literal["vision", "document", "audio", "video"]

_NAMED = 20
"""So many fields are told to be ignored: they go into one header."""
_NAME_CHARS = 80
_NAME_END_CHARS = 20
_NAME_SEEN_CHARS = 400
_NO_BRACKETS = str.maketrans("", "", "[]")
_NEEDS: dict[FileKind, Ability] = {
    "image": "vision",
    "document": "document",
    "audio": "audio",
    "video": "video",
}

_Key = tuple[bool, str, str, bytes]


class Planned(Struct, frozen=True):
    """A prompt in words, and what has to be brought for it."""

    prompt: Prompt
    """Without files; itself where it had none."""
    wanted: tuple[FilePart, ...]
    """In the order in which they are numbered; each source once."""
    ignored: tuple[str, ...]
    """Fields of files that are too old to go, oldest first; not more than a header can hold."""
    whole: Prompt
    """As the client sent it."""


def plan(prompt: Prompt) -> Planned:
    """Which files of a prompt go, the newest ones, and the prompt with words in place of all.

    Raises `ProxyError` where the last turn alone has too many.
    """
    files = [file for message in prompt.messages for file in _files(message)]
    if not files:
        return Planned(prompt, (), (), prompt)
    _check(prompt.messages)
    return _told(prompt, files, _newest(files))


def settled(planned: Planned, brought: Sequence[File]) -> tuple[Planned, tuple[File, ...]]:
    """The same once the files are there, of which those that go; pictures may have come as files.

    Raises `ProxyError` where the last turn alone has too many pictures.

    Args:
        planned: The plan by which they were brought.
        brought: The files of its `wanted`, in that order.
    """
    keys = [_key(file) for file in planned.wanted]
    pairs = zip(keys, brought, strict=True)
    pictures = frozenset(key for key, file in pairs if file.kind == "image")
    if len(pictures) <= PICTURES:
        return planned, tuple(brought)
    messages = planned.whole.messages
    last = (file for message in messages[_last_turn(messages) :] for file in _files(message))
    _check_number((file for file in last if _key(file) in pictures), PICTURES, "pictures")
    files = [file for message in messages for file in _files(message)]
    shown = [key for key in map(_key, reversed(files)) if key in pictures]
    gone = pictures - set(list(dict.fromkeys(shown))[:PICTURES])
    wanted = {key: file for key, file in zip(keys, planned.wanted, strict=True) if key not in gone}
    going = (file for key, file in zip(keys, brought, strict=True) if key not in gone)
    return _told(planned.whole, files, wanted, pictures), tuple(going)


def needs(kinds: Iterable[FileKind]) -> tuple[Ability, ...]:
    """What a model has to be able to do for files of these kinds, in a fixed order."""
    found = frozenset(kinds)
    return tuple(ability for kind, ability in _NEEDS.items() if kind in found)


def _files(message: Message) -> list[FilePart]:
    """All files of a message, those that a tool answered as well, in order."""
    found: list[FilePart] = []
    for part in message.parts:
        if isinstance(part, FilePart):
            found.append(part)
        elif isinstance(part, ToolResultPart) and part.pieces:
            found += [piece for piece in part.pieces if isinstance(piece, FilePart)]
    return found


def _key(file: FilePart) -> _Key:
    """What makes a file the same as another.

    A model is told the names of documents, so one text under two names is two of them.
    """
    name = file.name if file.wish == "file" else ""
    return file.wish == "picture", name, file.source, file.data


def _most(key: _Key) -> int:
    return PICTURES if key[0] else OTHERS


def _check(messages: Sequence[Message]) -> None:
    """Raise `ProxyError` for a last turn that cannot go whole."""
    last = [file for message in messages[_last_turn(messages) :] for file in _files(message)]
    _check_number((file for file in last if file.wish == "picture"), PICTURES, "pictures")
    _check_number((file for file in last if file.wish != "picture"), OTHERS, "files")


def _check_number(files: Iterable[FilePart], most: int, what: str) -> None:
    """Raise `ProxyError`, naming the first that is too many."""
    seen: set[_Key] = set()
    for file in files:
        seen.add(_key(file))
        if len(seen) > most:
            why = f"{file.param}: at most {most} {what} can go with one message"
            raise ProxyError(Kind.INVALID_REQUEST, why, param=file.param)


def _last_turn(messages: Sequence[Message]) -> int:
    """Where it begins: behind the last answer that is over."""
    end = len(messages)
    while end and messages[end - 1].role == "assistant":
        # An answer at the end is only begun: what it answers is the last turn.
        end -= 1
    while end and messages[end - 1].role != "assistant":
        end -= 1
    return end


def _newest(files: Sequence[FilePart]) -> dict[_Key, FilePart]:
    """The files that go, by what makes them the same, in the order in which they first stand."""
    kept: dict[bool, set[_Key]] = {True: set(), False: set()}
    for file in reversed(files):
        key = _key(file)
        if len(kept[key[0]]) < _most(key):
            kept[key[0]].add(key)
    found: dict[_Key, FilePart] = {}
    for file in files:
        key = _key(file)
        if key in kept[key[0]]:
            found.setdefault(key, file)
    return found


def _told(
    prompt: Prompt,
    files: Sequence[FilePart],
    wanted: dict[_Key, FilePart],
    pictures: Collection[_Key] = (),
) -> Planned:
    """A prompt in words, of whose files these go.

    Args:
        prompt: With its files.
        files: All of them.
        wanted: Those that go, in order.
        pictures: Those that are pictures, whatever the client said.
    """
    words = _Words(wanted, pictures, marks=not _stand_apart(prompt.messages))
    return Planned(
        prompt=replace(prompt, messages=tuple(map(words.told, prompt.messages))),
        wanted=tuple(wanted.values()),
        ignored=tuple(file.param for file in files if _key(file) not in wanted)[:_NAMED],
        whole=prompt,
    )


def _stand_apart(messages: Sequence[Message]) -> bool:
    """Whether a person says one thing, and all files stand on one side of it."""
    *before, last = messages
    if last.role != "user" or any(one.role != "system" or _files(one) for one in before):
        return False
    if not all(isinstance(part, TextPart | FilePart) for part in last.parts):
        return False
    if not any(isinstance(part, TextPart) and part.text.strip() for part in last.parts):
        return False
    sides = [isinstance(part, FilePart) for part in last.parts]
    return sorted(sides) in (sides, sides[::-1])


class _Words:
    """Words in place of files.

    Args:
        wanted: Those that go, in order.
        pictures: Those that turned out to be pictures.
        marks: They are named where they stand.
    """

    def __init__(self, wanted: Iterable[_Key], pictures: Collection[_Key], *, marks: bool) -> None:
        self._pictures = pictures
        self._numbers = {key: number for number, key in enumerate(wanted, 1)}
        self._marks = marks

    def told(self, message: Message) -> Message:
        """A message in words; itself where it has no files."""
        if not _files(message):
            return message
        parts = [self._part(part) for part in message.parts]
        return replace(message, parts=tuple(part for part in parts if part is not None))

    def _part(self, part: Part) -> Part | None:
        if isinstance(part, FilePart):
            return TextPart(self._word(part)) if self._marks else None
        if not isinstance(part, ToolResultPart) or not part.pieces:
            return part
        texts = [
            piece.text if isinstance(piece, TextPart) else self._word(piece)
            for piece in part.pieces
        ]
        return replace(part, text="\n".join(texts), pieces=())

    def _word(self, file: FilePart) -> str:
        name = _clean(file.name)
        told = f": {name}" if name else ""
        number = self._numbers.get(_key(file))
        if number is not None:
            return f"[attachment {number}{told}]"
        is_picture = file.wish == "picture" or _key(file) in self._pictures
        what = "picture" if is_picture else "file"
        return f"[a {what} that is no longer shown{told}]"


def _clean(name: str) -> str:
    """A name in one short line, without folders and without what could end a mark."""
    seen = name[-_NAME_SEEN_CHARS:].replace("\\", "/").rpartition("/")[2].translate(_NO_BRACKETS)
    if not seen.isprintable():
        seen = "".join(char if char.isprintable() else " " for char in seen)
    line = " ".join(seen.split())
    if len(line) <= _NAME_CHARS:
        return line
    begin = _NAME_CHARS - _NAME_END_CHARS - 1
    return f"{line[:begin]}…{line[-_NAME_END_CHARS:]}"
