"""What a long conversation's past is told as, so that it is light enough and stays as it is.

A proxy keeps nothing from one turn to the next. So every turn is gone through again in its order,
from the first on, and what had to be shortened in one stays so in those that follow: the same
beginning of a conversation leads to the same decisions. Where room is needed some more is made at
once, a quarter of what could be or more, so that most turns need none and show the model what it
has seen.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from enum import IntEnum

import msgspec
from msgspec import Struct

from tray_app.core.model import (
    FilePart,
    Message,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    utf8_bytes,
)

from .history import Place, Turn, spoken
from .shorter import ends, repeated, short_arguments


class Way(IntEnum):
    """How a piece of the past is made short; the least harmful first."""

    REPEATED = 0
    """A result that comes again later, as a note that says so."""
    RESULT = 1
    """A long result, as its ends."""
    ARGUMENTS = 2
    """A call, with the ends of the long texts in its arguments."""
    BRIEF_RESULT = 3
    """A result, as less of its ends."""
    PROSE = 4
    """What the person or the assistant said, as its ends."""


_BY_ENDS = (Way.RESULT, Way.BRIEF_RESULT, Way.PROSE)
_REPEAT_BYTES = 400
_RESULT_BYTES, _RESULT_END_BYTES = 4_000, 1_000
_CALL_BYTES = 1_000
_BRIEF_BYTES, _BRIEF_END_BYTES = 800, 250
_PROSE_BYTES, _PROSE_END_BYTES = 3_000, 750
_AROUND_MESSAGE = 14
_AROUND_TEXT, _AROUND_RESULT, _AROUND_CALL, _AROUND_THOUGHT = 2, 37, 61, 23
_A_RESULT = "this result"

_encode = msgspec.json.Encoder().encode


class Form(Struct, frozen=True):
    """A text and what it weighs."""

    text: str
    weight: int


class Piece(Struct, frozen=True):
    """A text that can be told shorter once it is past."""

    place: Place
    text: str
    weight: int
    forms: dict[Way, Form]

    @property
    def is_result(self) -> bool:
        """Whether a tool answered it."""
        return Way.ARGUMENTS not in self.forms and Way.PROSE not in self.forms


class Weighed(Struct, frozen=True):
    """A message by its weights, all in bytes of JSON."""

    weight: int
    """All of it, but for its thoughts."""
    thoughts: int
    pieces: tuple[Piece, ...]
    is_user: bool


def weight_of(text: str) -> int:
    """The bytes of a text inside a text in JSON."""
    return len(_encode(text)) - 2


def weighed(messages: Sequence[Message]) -> list[Weighed]:
    """What each message weighs, a little too much rather than too little."""
    return [_weighed(message, at) for at, message in enumerate(messages)]


def least(messages: Sequence[Weighed]) -> int:
    """What messages weigh when all that may become short is as short as it can be."""
    users = [at for at, one in enumerate(messages) if one.is_user]
    stay = {*users[:1], *users[-1:]}
    return sum(
        one.weight
        - sum(
            piece.weight - min((form.weight for form in piece.forms.values()), default=piece.weight)
            for piece in one.pieces
            if at not in stay or Way.PROSE not in piece.forms
        )
        for at, one in enumerate(messages)
    )


class Past:
    """The past of one conversation while its turns are gone through, from the first on."""

    def __init__(self, messages: Sequence[Weighed]) -> None:
        self._messages = messages
        self._end = 0
        self._old = 0
        self._waiting: list[Piece] = []
        self._ways: dict[Way, deque[Piece]] = {way: deque() for way in Way}
        self._newest: dict[str, Piece] = {}
        self._forms: dict[Place, Form] = {}
        self._first_user = next((at for at, one in enumerate(messages) if one.is_user), -1)
        self._last_user = -1
        self._notes: dict[Place, Form] = {}
        self._room: dict[Place, int] = {}
        self._all_room = 0
        self.by_ends: dict[Place, Piece] = {}
        """What is told by its ends now, by its place."""
        self.weight = 0
        """Of all messages so far."""
        self.ways: set[Way] = set()
        """Those by which something was made short."""

    @property
    def texts(self) -> Mapping[Place, str]:
        """What is told shorter, by its place, and what it is told as."""
        return {place: form.text for place, form in self._forms.items()}

    def reach(self, turn: Turn) -> None:
        """Go on to the next turn."""
        for at in range(self._end, turn.end):
            message = self._messages[at]
            self.weight += message.weight
            self._last_user = at if message.is_user else self._last_user
            for piece in message.pieces:
                self._hear(piece)
        self._end = turn.end
        for message in self._messages[self._old : turn.running]:
            self._waiting += message.pieces
        self._old = max(self._old, turn.running)
        self._let_age(turn)

    def thoughts(self, turn: Turn) -> int:
        """What the thoughts that are still told in a turn weigh."""
        return sum(message.thoughts for message in self._messages[turn.running : turn.end])

    def free(self, needed: int, spare: int) -> int:
        """Make the room that is needed and more, as far as there is any; how much was made.

        `spare` is the least that should be made beyond what is needed.
        """
        wanted = needed + max(spare, (self._all_room - needed) // 4)
        before = self.weight
        for way in Way:
            queue = self._ways[way]
            while queue and before - self.weight < wanted:
                self._shorten(queue.popleft(), way)
        return before - self.weight

    def _hear(self, piece: Piece) -> None:
        if not piece.is_result or piece.weight <= _REPEAT_BYTES:
            return
        earlier, self._newest[piece.text] = self._newest.get(piece.text), piece
        if earlier is not None:
            note = repeated(piece.text)
            self._notes[earlier.place] = Form(note, weight_of(note))
            if earlier.place in self._room:
                self._ways[Way.REPEATED].append(earlier)
                self._note_room(earlier)

    def _let_age(self, turn: Turn) -> None:
        """Let go of what is past; never of what the person said first and last."""
        kept = {self._first_user, turn.asked, self._last_user}
        still: list[Piece] = []
        for piece in self._waiting:
            if Way.PROSE in piece.forms and piece.place[0] in kept:
                still.append(piece)
                continue
            for way in self._forms_of(piece):
                self._ways[way].append(piece)
            self._room[piece.place] = 0
            self._note_room(piece)
        self._waiting = still

    def _note_room(self, piece: Piece) -> None:
        now = self._now(piece)
        least = min((form.weight for form in self._forms_of(piece).values()), default=now)
        room = max(0, now - least)
        self._all_room += room - self._room[piece.place]
        self._room[piece.place] = room

    def _forms_of(self, piece: Piece) -> Mapping[Way, Form]:
        note = self._notes.get(piece.place)
        return {**piece.forms, Way.REPEATED: note} if note else piece.forms

    def _now(self, piece: Piece) -> int:
        form = self._forms.get(piece.place)
        return form.weight if form else piece.weight

    def _shorten(self, piece: Piece, way: Way) -> None:
        form, now = self._forms_of(piece)[way], self._now(piece)
        if form.weight < now:
            self._forms[piece.place] = form
            if way in _BY_ENDS:
                self.by_ends[piece.place] = piece
            else:
                self.by_ends.pop(piece.place, None)
            self.weight += form.weight - now
            self.ways.add(way)
            self._note_room(piece)


def _weighed(message: Message, at: int) -> Weighed:
    weight = _AROUND_MESSAGE + 2 * len(message.role) + weight_of(message.name)
    thoughts, pieces = 0, []
    for number, part in enumerate(message.parts):
        if isinstance(part, ReasoningPart):
            thoughts += _AROUND_THOUGHT + weight_of(part.text)
            continue
        if isinstance(part, FilePart):
            raise TypeError("A file has to be named in words before this")
        text = part.arguments if isinstance(part, ToolCallPart) else part.text
        whole = weight_of(text)
        if not number and message.role == "assistant" and isinstance(part, TextPart):
            text = spoken(text)
            thoughts += whole - weight_of(text)
            whole = weight_of(text)
        weight += whole + _around(part)
        forms = {
            way: Form(short, shorter)
            for way, short in _forms(message, part, text)
            if (shorter := weight_of(short)) < whole
        }
        if forms or isinstance(part, ToolResultPart):
            pieces.append(Piece((at, number), text, whole, forms))
    is_user = message.role == "user" and any(isinstance(part, TextPart) for part in message.parts)
    return Weighed(weight, thoughts, tuple(pieces), is_user)


def _around(part: TextPart | ToolCallPart | ToolResultPart) -> int:
    """What stands around the text of a part."""
    if isinstance(part, ToolCallPart):
        return _AROUND_CALL + weight_of(part.name)
    return _AROUND_TEXT if isinstance(part, TextPart) else _AROUND_RESULT


def _forms(
    message: Message, part: TextPart | ToolCallPart | ToolResultPart, text: str
) -> Iterator[tuple[Way, str]]:
    """Every way in which a text can be told shorter."""
    size = utf8_bytes(text)
    if isinstance(part, ToolCallPart):
        if size > _CALL_BYTES:
            yield Way.ARGUMENTS, short_arguments(text)
    elif isinstance(part, ToolResultPart) or message.role == "tool":
        if size > _RESULT_BYTES:
            yield Way.RESULT, ends(text, _RESULT_END_BYTES, _A_RESULT)
        if size > _BRIEF_BYTES:
            yield Way.BRIEF_RESULT, ends(text, _BRIEF_END_BYTES, _A_RESULT)
    elif message.role != "system" and size > _PROSE_BYTES:
        yield Way.PROSE, ends(text, _PROSE_END_BYTES)
