r"""A conversation with calls, results and thoughts as one of plain texts.

The models learnt it so: an assistant's message is text and then its calls; the results of several
calls are one message of the user, in the order of the calls; thoughts stay while the tools that
they led to are running and are gone with the next round of calls or message of the person. Clients
that were shown thoughts in `<think>` tags send them back at the beginning of a text; they go
likewise.

Ids say which result answers which call and are told to no model: the order tells it, and where a
call was never answered but a later one was, a sentence stands for its result. Ids may come again in
later turns, so a result belongs to the nearest message before it that has an open call of that id.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, assert_never

from msgspec.structs import replace

from tray_app.core.elements import is_unfinished
from tray_app.core.model import (
    FilePart,
    Message,
    Prompt,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)

from .form import Grammar, answered, called, ending, thought, told
from .names import Names
from .signatures import WHOLE, Telling

Place = tuple[int, int]
"""A message and a part of it, both by number."""

_NO_RESULT = "(This call has no result.)"
_TOLD_THOUGHT = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)


class Turn(NamedTuple):
    """A point of a conversation at which the model was asked; all by number of message."""

    end: int
    """The first message that was not there yet."""
    asked: int
    """Where the person had spoken last; -1 where nowhere.

    A user's message right behind results is not the person's: agents tell of their surroundings so.
    """
    running: int
    """Where the newest round of calls began, or what the person said after it."""


class Traced(NamedTuple):
    """A prompt and what is told of it."""

    prompt: Prompt
    told: Prompt
    """With texts for all its parts; `prompt` itself where there are no others."""
    starts: Sequence[int]
    """By each message that is told, where it began in `prompt`."""
    answers: Mapping[Place, Place]
    """Which call each result in `prompt` answers."""


def rendered(prompt: Prompt, names: Names, grammar: Grammar = "json") -> Prompt:
    """The prompt with texts for all its parts; itself where there are no others."""
    return traced(prompt, names, grammar).told


def traced(prompt: Prompt, names: Names, grammar: Grammar = "json") -> Traced:
    """The prompt with texts for all its parts, and whence they come."""
    if all(_is_plain(message) for message in prompt.messages):
        return Traced(prompt, prompt, range(len(prompt.messages)), {})
    history = _History(prompt.messages, names, grammar)
    told = replace(prompt, messages=history.told())
    return Traced(prompt, told, history.starts, history.answers)


def instructed(
    prompt: Prompt,
    names: Names,
    grammar: Grammar = "json",
    telling: Telling = WHOLE,
    leading: int | None = None,
) -> Prompt:
    """The prompt with its tools told at the end of its first instructions.

    What has to be called now stands at the very end, so that the beginning stays as it is from turn
    to turn; before an unfinished answer, which has to be last. `leading` is how many messages are
    those instructions, by default all of the system's before any other.
    """
    choice = prompt.tool_choice
    if not prompt.tools or choice.mode == "none":
        return prompt
    only = [tool for tool in prompt.tools if tool.name == choice.name]
    block = told(only or prompt.tools, names, grammar, telling)
    messages = _with_block(prompt.messages, block, leading)
    out = replace(choice, name=names.out(choice.name) if choice.name else "")
    last = ending(out, one_call=prompt.one_call)
    if last:
        messages.insert(len(messages) - is_unfinished(messages[-1]), _system(last))
    return replace(prompt, messages=tuple(messages))


def answers(messages: Sequence[Message]) -> dict[Place, Place]:
    """Which call each result answers; results without a call are not in it."""
    open_calls: dict[str, list[list[Place]]] = {}
    found: dict[Place, Place] = {}
    for at, message in enumerate(messages):
        for number, part in enumerate(message.parts):
            if isinstance(part, ToolCallPart):
                turns = open_calls.setdefault(part.id, [])
                if not turns or turns[-1][0][0] != at:
                    turns.append([])
                turns[-1].append((at, number))
            elif isinstance(part, ToolResultPart) and (turns := open_calls.get(part.call_id, [])):
                found[at, number] = turns[-1].pop(0)
                if not turns[-1]:
                    turns.pop()
    return found


def is_result(message: Message) -> bool:
    """Whether a message brings results of tools."""
    return message.role == "tool" or any(isinstance(part, ToolResultPart) for part in message.parts)


def turns(messages: Sequence[Message]) -> Iterator[Turn]:
    """Every point at which the model was asked, the last one at the end."""
    asked, running, answer = -1, 0, 0
    for at, message in enumerate(messages):
        if message.role == "assistant":
            if at and messages[at - 1].role != "assistant":
                yield Turn(at, asked, running)
                answer = at
            if any(isinstance(part, ToolCallPart) for part in message.parts):
                running = max(answer, asked + 1)
        elif message.role == "user" and not any(map(is_result, messages[max(at - 1, 0) : at + 1])):
            asked = running = at
    yield Turn(len(messages), asked, running)


def last_turn(messages: Sequence[Message]) -> Turn:
    """The point at which the model is asked now."""
    *_, last = turns(messages)
    return last


def first_instructions(messages: Sequence[Message]) -> int:
    """How many messages of the system stand before any other."""
    return next(
        (at for at, message in enumerate(messages) if message.role != "system"), len(messages)
    )


def spoken(text: str) -> str:
    """A text of the assistant without thoughts at its beginning."""
    found = _TOLD_THOUGHT.match(text)
    return text[found.end() :] if found else text


def without_thoughts(message: Message) -> Message:
    """A message without what the assistant thought before it."""
    if message.role != "assistant":
        return message
    parts = [part for part in message.parts if not isinstance(part, ReasoningPart)]
    if parts and isinstance(parts[0], TextPart):
        text = spoken(parts[0].text)
        parts[:1] = [TextPart(text)] if text else []
    return replace(message, parts=tuple(parts))


def _is_plain(message: Message) -> bool:
    if message.role == "tool" or any(type(part) is not TextPart for part in message.parts):
        return False
    return message.role != "assistant" or not any(
        _TOLD_THOUGHT.match(part.text) for part in message.parts if isinstance(part, TextPart)
    )


class _History:
    """What becomes of the messages of one conversation."""

    def __init__(self, messages: Sequence[Message], names: Names, grammar: Grammar) -> None:
        running = last_turn(messages).running
        self._messages = (*map(without_thoughts, messages[:running]), *messages[running:])
        self._names = names
        self._grammar = grammar
        self.answers = answers(self._messages)
        self._untold = _calls(self._messages)
        """By its message, the calls of which no result is told yet."""
        self.starts: list[int] = []
        """Where each message that is told began."""

    def told(self) -> tuple[Message, ...]:
        out: list[Message] = []
        at = 0
        while at < len(self._messages):
            message = self._messages[at]
            if is_result(message):
                self.starts.append(at)
                joined, at = self._results(at)
                out.append(joined)
                continue
            if not _is_plain(message):
                message = replace(message, parts=self._texts(at))
            if at and self._goes_on(at) and out and out[-1].role == "assistant":
                out[-1] = replace(message, parts=out[-1].parts + message.parts)
            else:
                self.starts.append(at)
                out.append(message)
            at += 1
        return tuple(out)

    def _goes_on(self, at: int) -> bool:
        """Whether an assistant's message is more of the one before it: calls, or after thoughts.

        Responses-shaped clients send thoughts, text and each call as an item of its own.
        """
        before, message = self._messages[at - 1], self._messages[at]
        return (
            before.role == message.role == "assistant"
            and before.name == message.name
            and bool(message.parts)
            and (
                not any(isinstance(part, TextPart) for part in message.parts)
                or all(isinstance(part, ReasoningPart) for part in before.parts)
            )
        )

    def _results(self, at: int) -> tuple[Message, int]:
        """One message of all results from `at` on, and where the next message begins."""
        end = at
        while end < len(self._messages) and is_result(self._messages[end]):
            end += 1
        parts = list(self._answers(at, end))
        name = ""
        if end < len(self._messages) and self._messages[end].role == "user":
            parts += self._texts(end)
            name = self._messages[end].name
            end += 1
        return Message(role="user", parts=tuple(parts), name=name), end

    def _answers(self, at: int, end: int) -> Iterator[TextPart]:
        """The parts of these messages as texts, with a sentence for each result that is missing."""
        for place in self._in_order(at, end):
            call = self.answers.get(place, place)
            untold = self._untold.get(call[0], ())
            while untold and untold[0] <= call:
                if untold.popleft() != call:
                    yield TextPart(answered(_NO_RESULT))
            yield self._text(place)

    def _in_order(self, at: int, end: int) -> list[Place]:
        """The parts of these messages, the results among them in the order of their calls."""
        places = [(one, part) for one in range(at, end) for part in self._parts(one)]
        sent = [place for place in places if place in self.answers]
        sorted_ones = iter(sorted(sent, key=self.answers.__getitem__))
        return [next(sorted_ones) if place in self.answers else place for place in places]

    def _parts(self, at: int) -> range:
        return range(len(self._messages[at].parts))

    def _texts(self, at: int) -> tuple[TextPart, ...]:
        """The parts of a message as texts."""
        return tuple(self._text((at, number)) for number in self._parts(at))

    def _text(self, place: Place) -> TextPart:
        message = self._messages[place[0]]
        part = message.parts[place[1]]
        match part:
            case TextPart():
                return TextPart(answered(part.text)) if message.role == "tool" else part
            case ReasoningPart():
                return TextPart(thought(part.text))
            case ToolCallPart():
                name = self._names.out(part.name)
                return TextPart(called(name, part.arguments, self._grammar))
            case ToolResultPart():
                return TextPart(answered(part.text))
            case FilePart():
                raise TypeError("A file has to be named in words before this")
            case _:
                assert_never(part)


def _calls(messages: Sequence[Message]) -> dict[int, deque[Place]]:
    """The calls by the number of their message, those of several in a row together."""
    found: dict[int, deque[Place]] = {}
    for at, message in enumerate(messages):
        if message.role == "assistant" and at - 1 in found:
            found[at] = found[at - 1]
        for number, part in enumerate(message.parts):
            if isinstance(part, ToolCallPart):
                found.setdefault(at, deque()).append((at, number))
    return found


def _with_block(
    messages: Sequence[Message], block: str, leading: int | None = None
) -> list[Message]:
    """The messages with a block at the end of the last of the first instructions."""
    leading = first_instructions(messages) if leading is None else leading
    if not leading:
        return [_system(block), *messages]
    last = messages[leading - 1]
    part = TextPart(f"\n{block}" if last.parts else block)
    return [
        *messages[: leading - 1],
        replace(last, parts=(*last.parts, part)),
        *messages[leading:],
    ]


def _system(text: str) -> Message:
    return Message(role="system", parts=(TextPart(text),))
