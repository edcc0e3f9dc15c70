"""The messages and the files that a prompt becomes which is too long for one body.

Where a text has to be cut, as much of it is shown as there is room for.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.files import File
from tray_app.core.model import Message, TextPart, utf8_bytes

from .calling.filling import filling, level
from .calling.fitting import HISTORY
from .calling.past import weight_of
from .calling.signatures import Telling
from .notes import (
    CONVERSATION,
    INSTRUCTIONS,
    KEPT,
    MESSAGE,
    NOTE_BYTES,
    LongPrompt,
    both_ends,
    free_name,
    gone,
    left_out,
    numbered,
    told_in_file,
    told_twice,
)
from .parting import Conversation, Transcript, task_bytes, weighed

MESSAGES = "messages"
SYSTEM = "instructions"

Ends = tuple[int, int]
Place = tuple[int, int]

_PARTS = 8
_SHOWN_BYTES = 1_000
_LEAST_BYTES = 250
_NAME_CHARS = 200
_ANY_FILE = f"{CONVERSATION}-99"


class Plan(Struct, frozen=True):
    """What to do with a prompt."""

    telling: Telling
    cut: int
    """Where the past ends."""
    turn_ends: Ends | None
    """How much at least is shown of the latest turn's texts; None where they stay whole."""
    system_ends: Ends | None
    """Likewise of the first instructions."""
    room: int
    """What the messages may weigh, with the first instructions at their least."""


class Files(Struct, frozen=True):
    """How the files of a prompt are made."""

    mode: LongPrompt
    transcript: Transcript
    most: int
    """How many there may be, at least one."""
    taken: frozenset[str]
    """Names that others have."""


class Wording:
    """What a plan leads to.

    Args:
        before: What it was told as when the files were made, where they are there already.
    """

    def __init__(
        self,
        conversation: Conversation,
        plan: Plan,
        files: Files,
        before: "Wording | None" = None,
    ) -> None:
        self._all, self.plan, self._files, self._before = conversation, plan, files, before
        self._first = before or self
        self._filed = conversation.leading if files.mode == "trim" else self._first.plan.cut
        self._noted = False
        self._system = joined(conversation.messages[: conversation.leading], plan.system_ends)
        self._turn = list(conversation.messages[plan.cut :])
        self._kept = conversation.kept(plan.cut, plan.room)
        self._shares()
        self.files: dict[str, str] = {}
        """The name of the file for each part of the prompt that has one."""
        self._name_files()
        self.names: dict[tuple[str, Place], str] = {}
        """Which file a text is in, by what it is among and its place there, from the end."""
        self._contents: dict[str, list[Message]] = {}
        self.shortened: dict[str, None] = {}

    def messages(self) -> tuple[Message, ...]:
        """All of them."""
        return (
            *self._by_ends(self._system, self._of_system, INSTRUCTIONS, SYSTEM),
            *self._past(),
            *self._by_ends(self._turn, self._of_turn, MESSAGE, MESSAGES),
        )

    def count(self) -> int:
        """How many files there are, once the messages are there."""
        return len(self._first._contents) if self._files.mode == "file" else 0

    def documents(self) -> tuple[File, ...]:
        """The files, once the messages are there."""
        if self._before is not None:
            return self._before.documents()
        if self._files.mode == "trim":
            return ()
        return tuple(
            File("document", name, "text/plain", self._content(name).encode())
            for name in self._contents
        )

    def _content(self, name: str) -> str:
        messages = self._contents[name]
        if len(messages) > 1 or name == self.files[CONVERSATION]:
            return self._files.transcript(tuple(messages))
        return texts_of(messages[0])[0]

    def _shares(self) -> None:
        """Share out the room: to the instructions, the latest turn, the task, the newest past."""
        plan, all_ = self.plan, self._all
        left = plan.room - all_.kept_weight(plan.cut, plan.room)
        turn = sum(all_.weights[plan.cut :])
        if plan.turn_ends is not None:
            turn = sum(weighed(cut_message(one, plan.turn_ends)) for one in self._turn)
        left -= turn
        self._of_system: Mapping[Place, int] = {}
        if plan.system_ends is not None:
            least = sum(weighed(cut_message(one, plan.system_ends)) for one in self._system)
            extra = left // 2 if plan.turn_ends else left
            self._of_system, used = _shared(self._system, least + extra, plan.system_ends)
            left -= used - least
        self._of_turn: Mapping[Place, int] = {}
        if plan.turn_ends is not None:
            self._of_turn, used = _shared(self._turn, turn + left, plan.turn_ends)
            left -= used - turn
        self._shown = self._of_past(left)

    def _of_past(self, left: int) -> Mapping[int, int]:
        """What messages of the past may weigh that are shown nevertheless, but not whole."""
        shown: dict[int, int] = {}
        task = task_bytes(self.plan.room)
        asked = self._all.asked
        if asked in self._kept and self._all.weights[asked] > task:
            shown[asked] = min(task + max(left, 0), self._all.weights[asked])
            left -= shown[asked] - task
        newest = [
            at
            for at in self._all.newest(self.plan.cut)
            if at not in self._kept and len(self._all.messages[at].name) <= _NAME_CHARS
        ]
        weights = [self._all.weights[at] for at in newest]
        left -= NOTE_BYTES
        if left > _SHOWN_BYTES and sum(weights) > left:
            most = level(weights, left)
            shown |= {at: min(weight, most) for at, weight in zip(newest, weights, strict=True)}
        return shown

    def _name_files(self) -> None:
        """Give every file a name; texts go together where there would be too many files."""
        most, taken = self._files.most, self._files.taken
        past = any(not self._is_whole(at) for at in range(self._all.leading, self.plan.cut))
        other, turn = past + bool(self._of_system), len(self._of_turn)
        self._are_apart = other + turn <= most
        system, message = INSTRUCTIONS, MESSAGE
        if other + min(turn, 1) > most:
            message = CONVERSATION
            if past + bool(turn) + bool(self._of_system) > most and most == 1:
                system = CONVERSATION
        for part, name in ((INSTRUCTIONS, system), (MESSAGE, message), (CONVERSATION,) * 2):
            self.files[part] = free_name(name, taken)

    def _is_whole(self, at: int) -> bool:
        """Whether a message of the past stays as it is."""
        return at in self._kept and self._all.weights[at] <= task_bytes(self.plan.room)

    def _is_in_file(self, at: int) -> bool:
        """Whether a message of the past is in the file of the conversation."""
        return at < self._filed and not self._first._is_whole(at)

    def _files_of(self, at: int) -> list[str]:
        """The names of the files that the texts of a message of the past are in, or ""."""
        message = self._all.messages[at]
        if self._is_in_file(at):
            return [self._first.files[CONVERSATION]] * len(pieces(message))
        return self._named(MESSAGE, message, len(self._all.messages) - at)

    def _named(self, part: str, message: Message, behind: int) -> list[str]:
        """The names of the files for its texts that were shown by their ends, or ""."""
        names = self._first.names if self._files.mode == "file" else {}
        return [names.get((part, (behind, piece)), "") for piece in range(len(pieces(message)))]

    def _past(self) -> list[Message]:
        """What stands for the past: a note at each gap, and what stays between the gaps."""
        out: list[Message] = []
        gap: list[Message] = []
        filed: list[Message] = []
        was_filed = False
        for at in range(self._all.leading, self.plan.cut):
            message = self._all.messages[at]
            is_whole, is_filed = self._is_whole(at), self._is_in_file(at)
            if is_whole or is_filed != was_filed:
                out += self._note(gap, is_filed=was_filed)
            was_filed = is_filed
            if is_whole:
                out.append(whole(message, self._files_of(at)))
                filed += [replace(message, parts=(TextPart(KEPT),))] if filed else []
                continue
            filed.append(message)
            if at not in self._shown:
                gap.append(message)
                continue
            out += self._note(gap, is_filed=is_filed, goes_on=at not in self._kept)
            out.append(self._short(at))
        out += self._note(gap, is_filed=was_filed)
        if filed:
            self.shortened[HISTORY] = None
            self._contents.setdefault(self._first.files[CONVERSATION], []).extend(filed)
        return out

    def _note(
        self, messages: list[Message], *, is_filed: bool, goes_on: bool = False
    ) -> list[Message]:
        """What stands for these messages; they are no more in the list."""
        if not messages:
            return []
        if is_filed:
            name = self._first.files[CONVERSATION]
            note = told_in_file(name, is_first=not self._noted, goes_on=goes_on)
            self._noted = True
        else:
            texts = [text for one in messages for text in texts_of(one)]
            note = left_out(len(messages), sum(map(utf8_bytes, texts)))
        messages.clear()
        return [Message(role="system", parts=(TextPart(note),))]

    def _short(self, at: int) -> Message:
        """A message of the past by its ends; says where all of it is, if anywhere."""
        message, most = self._all.messages[at], self._shown[at]
        texts, files = pieces(message), self._files_of(at)
        weights = [weight_of(text) for text in texts]
        share = level(weights, most - weighed(message) + sum(weights))
        short = [
            _by_ends(text, share, file) if weight > share else text
            for text, weight, file in zip(texts, weights, files, strict=True)
        ]
        if short != texts:
            return replace(message, parts=tuple(map(TextPart, short)))
        # What is whole by chance is in the file, which would be another one in most turns else.
        return whole(message, files) if at in self._kept else message

    def _by_ends(
        self, messages: Sequence[Message], shares: Mapping[Place, int], part: str, told: str
    ) -> list[Message]:
        """The messages with the texts at these places by their ends, all of these in files."""
        out = list(messages)
        if self._before is not None:
            for at, message in enumerate(messages):
                if not any((at, piece) in shares for piece in range(_PARTS)):
                    out[at] = whole(message, self._named(part, message, len(messages) - at))
        if shares:
            self.shortened[told] = None
        for number, (at, piece) in enumerate(sorted(shares), 1):
            texts = pieces(out[at])
            text = texts[piece]
            place = len(messages) - at, piece
            self.names[part, place] = name = self._file_of(part, number)
            content = self._contents.setdefault(name, [])
            content.append(replace(messages[at], parts=(TextPart(text),)))
            file = self._named(part, messages[at], place[0])[piece]
            texts[piece] = _by_ends(text, shares[at, piece], file)
            out[at] = replace(out[at], parts=tuple(map(TextPart, texts)))
        return out

    def _file_of(self, part: str, number: int) -> str:
        """The name of the file for the text of this number among those of a part."""
        if part != MESSAGE or not self._are_apart:
            return self.files[part]
        found = ""
        for at in range(1, number + 1):
            found = free_name(numbered(MESSAGE, at), {*self._files.taken, found})
        return found


def whole(message: Message, files: Iterable[str]) -> Message:
    """A message as it is; says which of these files it is in as well, where any has a name."""
    name = next(filter(None, files), "")
    # In front of it, since what the assistant began may have to go on where it stops.
    return replace(message, parts=(TextPart(told_twice(name)), *message.parts)) if name else message


def joined(messages: Sequence[Message], ends: Ends | None) -> list[Message]:
    """The first instructions; as one where they are cut and many."""
    if ends is None or len(messages) <= _PARTS:
        return list(messages)
    texts = ["\n".join(texts_of(message)) for message in messages]
    return [replace(messages[-1], name="", parts=(TextPart("\n\n".join(texts)),))]


def texts_of(message: Message) -> list[str]:
    """All texts of a message."""
    return [part.text for part in message.parts if isinstance(part, TextPart)]


def pieces(message: Message) -> list[str]:
    """The texts of a message that are cut each by itself."""
    texts = texts_of(message)
    return texts if len(texts) <= _PARTS else ["\n".join(texts)]


def cut_message(message: Message, ends: Ends) -> Message:
    """A message with every long text by its ends."""
    texts = [both_ends(text, *ends, gone("file", _ANY_FILE)) for text in pieces(message)]
    return replace(message, parts=tuple(map(TextPart, texts)))


def _by_ends(text: str, most: int, file: str) -> str:
    """As much of a text as weighs no more than `most`; `file` says where all is, if anywhere."""
    said = gone("file" if file else "trim", file)
    return filling(text, most, lambda size: both_ends(text, size // 3, size - size // 3, said))


def _shared(messages: Sequence[Message], room: int, ends: Ends) -> tuple[Mapping[Place, int], int]:
    """What each text may weigh that has to be cut, and what all messages weigh then.

    Instructions among them are cut only where the others would be by too much.
    """
    weights = {
        (at, number): weight_of(text)
        for at, message in enumerate(messages)
        for number, text in enumerate(pieces(message))
    }
    bare = TextPart("<")
    around = sum(weighed(replace(one, parts=(bare,) * _PARTS)) for one in messages)
    around += sum(weights.values())
    left = room - around + sum(weights.values())
    said = {place: one for place, one in weights.items() if messages[place[0]].role != "system"}
    told = sum(weights.values()) - sum(said.values())
    most = level(list(said.values()), left - told)
    if not said or most < sum(ends):
        said, told = weights, 0
        most = level(list(said.values()), left)
    most = max(most, _LEAST_BYTES)
    shares = {place: most for place, weight in said.items() if weight > most}
    cut = sum(weights[place] - most for place in shares)
    return shares, around - cut
