"""Makes a prompt that is too long for one body into one that fits, and files beside it.

What the model needs now stays: its instructions with the tools, what the person asked for, and the
newest messages. The past goes as one file. Where the latest turn is too long by itself, its longest
texts go as files as well and are shown by their ends; so do long instructions, at the very last.
Every text stands once, in the prompt or in a file, and in its order.

Where files are not wanted the same is left out, and every gap says so.
"""

from collections.abc import Callable, Iterator
from functools import cached_property

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.files import File
from tray_app.core.model import Message, Prompt, TextPart

from .calling.fitting import DESCRIPTIONS, SCHEMAS, well_used
from .calling.form import Grammar
from .calling.history import Traced, instructed
from .calling.names import Names
from .calling.signatures import Level, Telling
from .parting import Conversation, weighed
from .wording import Ends, Files, Plan, Wording, cut_message, joined

ITEM_BYTES = 2_800
"""What a body needs to name one file at most: its signed address, and its name several times."""

_ENDS: tuple[Ends, ...] = ((4_000, 8_000), (2_000, 4_000), (1_000, 2_000), (500, 1_000), (250, 500))
_TURN_FILES = 2
_WHOLE_SHARE, _LEAST_SHARE = 3, 8
_LIGHT_TOOLS_SHARE = 12
_UNUSED_SHARE = 5
_SPARE_BYTES = 1_000
_TRIES = 4
_FRAME = tuple(Message(role=role, parts=(TextPart("."),)) for role in ("system", "user"))


class Room(Struct, frozen=True):
    """What an upstream takes of one prompt."""

    most_bytes: int
    weigh: Callable[[Prompt], int]
    """The bytes of the body that a prompt becomes."""
    files: Files


class Parted(Struct, frozen=True):
    """A prompt that fits, as texts alone, its tools told."""

    prompt: Prompt
    documents: tuple[File, ...]
    """What has to be attached to it, in this order."""
    shortened: tuple[str, ...]
    """The names of what stands nowhere as it was sent."""
    again: Callable[[int], Prompt | None]
    """Gives it in so many bytes, with the same documents; None where it cannot be done."""


def parted(traced: Traced, names: Names, grammar: Grammar, room: Room) -> Parted | None:
    """The prompt in a form that fits; None where no form does."""
    parting = _Parting(traced, names, grammar, room)
    found = parting.fitting(room.most_bytes)
    if found is None:
        return None
    prompt, wording = found

    def again(most: int) -> Prompt | None:
        shorter = parting.fitting(most, wording)
        return shorter and shorter[0]

    level = wording.plan.telling.level
    tools = [SCHEMAS] if level else []
    tools += [DESCRIPTIONS] if level >= Level.KNOWN else []
    left_out = wording.shortened if room.files.mode == "trim" else ()
    return Parted(prompt, wording.documents(), (*left_out, *tools), again)


class _Parting:
    """One prompt that is too long."""

    def __init__(self, traced: Traced, names: Names, grammar: Grammar, room: Room) -> None:
        prompt = traced.prompt
        self._prompt, self._names, self._grammar, self._room = prompt, names, grammar, room
        self._all = all_ = Conversation(traced)
        self._frame = room.weigh(replace(prompt, messages=_FRAME)) + _SPARE_BYTES
        self._blocks: dict[Level, int] = {}
        self._leasts: dict[Ends, list[int]] = {}
        self._is_filed = room.files.mode == "file"
        self._turn = range(all_.latest, len(all_.messages))

    def plan(self, most: int) -> Plan | None:
        """What to do so that the prompt weighs no more than `most`, the least harmful first."""
        for turn_ends, system_ends, share in _attempts():
            files = 1 + (_TURN_FILES if turn_ends else 0) + (1 if system_ends else 0)
            items = ITEM_BYTES * min(files, self._room.files.most) if self._is_filed else 0
            free = most - self._frame - items - self._instructions(system_ends)
            if turn_ends is None and free < self._all.weight_of_turn:
                # However short the tools are told.
                continue
            for telling in self._tellings(free, most, share):
                room = free - self._block(telling)
                cut = self._cut(room, most, turn_ends)
                if cut is not None:
                    return Plan(telling, cut, turn_ends, system_ends, room)
        return None

    def fitting(self, most: int, before: Wording | None = None) -> tuple[Prompt, Wording] | None:
        """The prompt in no more than `most` bytes, what names its documents included.

        Where it was told `before`, the documents are those of then.
        """
        limit = most
        for _ in range(_TRIES):
            plan = self.plan(limit)
            if plan is None:
                break
            if before is not None:
                plan = replace(plan, cut=max(plan.cut, before.plan.cut))
            wording = Wording(self._all, plan, self._room.files, before)
            prompt = self._instructed(wording.messages(), plan)
            over = self._room.weigh(prompt) + ITEM_BYTES * wording.count() - most
            if over <= 0:
                return prompt, wording
            limit -= over
        return None

    def _instructed(self, messages: tuple[Message, ...], plan: Plan) -> Prompt:
        leading = self._all.messages[: self._all.leading]
        return instructed(
            replace(self._prompt, messages=messages),
            self._names,
            self._grammar,
            plan.telling,
            len(joined(leading, plan.system_ends)),
        )

    def _cut(self, room: int, most: int, ends: Ends | None) -> int | None:
        unused = most // _UNUSED_SHARE if self._is_filed else 0
        if ends is None:
            return self._all.past(room, unused)
        return self._all.past_of_turn(room, unused, self._least(ends))

    def _least(self, ends: Ends) -> list[int]:
        """What each message of the latest turn weighs when it is as short as it can be."""
        if ends not in self._leasts:
            messages = self._all.messages
            self._leasts[ends] = [weighed(cut_message(messages[at], ends)) for at in self._turn]
        return self._leasts[ends]

    def _instructions(self, ends: Ends | None) -> int:
        """What the first instructions weigh at least."""
        if ends is None:
            return sum(self._all.weights[: self._all.leading])
        first = joined(self._all.messages[: self._all.leading], ends)
        return sum(weighed(cut_message(one, ends)) for one in first)

    def _tellings(self, free: int, most: int, share: int) -> Iterator[Telling]:
        """Every way to tell the tools that leaves enough room, the longest first.

        Nothing that matters is lost in the first ways, so these leave much to the messages.
        """
        for level in Level if self._prompt.tools else (Level.WHOLE,):
            if free <= 0:
                break
            telling = Telling(level, self._used if level >= Level.KNOWN else {})
            block = self._block(telling)
            is_long = level < Level.TYPED and block > most // _LIGHT_TOOLS_SHARE
            least = most // _WHOLE_SHARE if is_long else share * (most // _LEAST_SHARE)
            if free - block > least:
                yield telling

    @cached_property
    def _used(self) -> dict[str, set[str]]:
        return well_used(self._prompt.messages)

    def _block(self, telling: Telling) -> int:
        """What the tools weigh."""
        if telling.level not in self._blocks:
            bare = replace(self._prompt, messages=_FRAME)
            told = instructed(bare, self._names, self._grammar, telling)
            weigh = self._room.weigh
            self._blocks[telling.level] = weigh(told) - weigh(bare) if told is not bare else 0
        return self._blocks[telling.level]


def _attempts() -> Iterator[tuple[Ends | None, Ends | None, int]]:
    """How long texts of the turn and of the instructions are cut, and whether room is left."""
    yield None, None, 1
    yield None, None, 0
    for ends in _ENDS:
        yield ends, None, 0
        yield None, ends, 1
        yield ends, ends, 0
