"""Makes a prompt with tools short enough: its past first, then the tools, last what runs now.

What the model needs now stays letter by letter as long as it can: the system's text, what the
person said first and last, the round of calls that runs, and of every tool its name, parameters,
types and choices. The past and the tools are told as they were in the turn before, wherever that is
short enough still: see `past`.
"""

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model import Message, Prompt, TextPart, ToolCallPart, ToolResultPart

from .filling import filling, level
from .form import Grammar
from .history import Place, Turn, answers, instructed, rendered, turns, without_thoughts
from .names import Names
from .past import Past, Piece, Way, Weighed, least, weighed, weight_of
from .shorter import ends
from .signatures import Level, Telling

RESULTS = "tool-results"
ARGUMENTS = "tool-arguments"
HISTORY = "history"
THOUGHTS = "reasoning"
SCHEMAS = "tool-schemas"
DESCRIPTIONS = "tool-descriptions"

_WAYS = {
    Way.REPEATED: RESULTS,
    Way.RESULT: RESULTS,
    Way.ARGUMENTS: ARGUMENTS,
    Way.BRIEF_RESULT: RESULTS,
    Way.PROSE: HISTORY,
}
_LEAST_RUNNING_BYTES = 1_000
_UNUSED_SHARE = 4
_UNSURE_SHARE = 16
"""Weights of pieces are not surer than this."""
_TRIES = 4
_SPARE_BYTES = 64
_SPARE_SHARE = 8
_FAILED = re.compile(r"\b(?:error|failed|failure|invalid|denied|not found)\b", re.IGNORECASE)
_FAILED_CHARS = 200
_FRAME = tuple(Message(role=role, parts=(TextPart("."),)) for role in ("system", "user"))

_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Fitted(Struct, frozen=True):
    """A prompt as texts alone, its tools told."""

    prompt: Prompt
    weight: int
    shortened: tuple[str, ...] = ()
    """The names of what had to be shortened."""


def fitted(
    prompt: Prompt,
    names: Names,
    grammar: Grammar,
    weigh: Callable[[Prompt], int],
    budget: int,
) -> Fitted | None:
    """A prompt that is too heavy in a form that is light enough; None where no form is.

    `weigh` takes such prompts and gives bytes, as `budget` is.
    """

    def show(shorter: Prompt, telling: Telling) -> Prompt:
        return instructed(rendered(shorter, names, grammar), names, grammar, telling)

    return _Fitting(prompt, show, weigh, budget).shorten()


def tools_alone(
    prompt: Prompt, names: Names, grammar: Grammar, weigh: Callable[[Prompt], int]
) -> int:
    """What the tools weigh without any message, told as short as they can be."""
    bare = replace(prompt, messages=_FRAME)
    return weigh(instructed(bare, names, grammar, Telling(max(Level)))) if prompt.tools else 0


def well_used(messages: Sequence[Message]) -> dict[str, set[str]]:
    """The parameters of each tool that were in a call whose result tells of no failure."""
    used: dict[str, set[str]] = {}
    for (result_at, result), (call_at, call) in answers(messages).items():
        answer, made = messages[result_at].parts[result], messages[call_at].parts[call]
        went_well = isinstance(answer, ToolResultPart) and not _FAILED.search(
            answer.text, 0, _FAILED_CHARS
        )
        if went_well and isinstance(made, ToolCallPart):
            used.setdefault(made.name, set()).update(_keys(made.arguments))
    return used


class _Fitting:
    """One prompt that is too heavy."""

    def __init__(
        self,
        prompt: Prompt,
        show: Callable[[Prompt, Telling], Prompt],
        weigh: Callable[[Prompt], int],
        budget: int,
    ) -> None:
        self._prompt = prompt
        self._show = show
        self._weigh = weigh
        self._budget = budget

        self._frames: dict[tuple[Level, str], int] = {}

    def shorten(self) -> Fitted | None:
        """The prompt in the first form that is light enough."""
        weights = weighed(self._prompt.messages)
        tools = self._frame(Telling(max(Level))) if self._prompt.tools else 0
        if least(weights) + tools > self._budget + self._budget // _UNSURE_SHARE:
            return None
        limit = self._budget
        for _ in range(_TRIES):
            plan = _Plan(self._prompt, weights, self._frame, limit)
            if not plan.fits:
                break
            shown = self._show(plan.shorter(), plan.telling)
            over = self._weigh(shown) - self._budget
            if over <= 0:
                return self._filled(plan, Fitted(shown, self._budget + over, plan.names()))
            limit -= over + _SPARE_BYTES
        return self._with_running_cut(_Plan(self._prompt, weights, self._frame, limit))

    def _frame(self, telling: Telling) -> int:
        """What all but the messages weighs."""
        key = telling.level, repr(sorted((name, sorted(of)) for name, of in telling.used.items()))
        if key not in self._frames:
            bare = replace(self._prompt, messages=_FRAME)
            self._frames[key] = self._weigh(self._show(bare, telling))
        return self._frames[key]

    def _with_running_cut(self, plan: "_Plan") -> Fitted | None:
        """The prompt with the results that run now cut as well, as little as does."""
        prompt = plan.shorter()
        pieces = {
            (at, number): Piece((at, number), part.text, weight_of(part.text), {})
            for at in range(plan.running, len(prompt.messages))
            for number, part in enumerate(prompt.messages[at].parts)
            if isinstance(part, ToolResultPart)
        }
        weights = [piece.weight for piece in pieces.values()]
        room = sum(weights) - plan.over - _SPARE_BYTES
        names = tuple(dict.fromkeys((*plan.names(), RESULTS)))
        for _ in range(_TRIES):
            most = max(level(weights, room), _LEAST_RUNNING_BYTES)
            cut = {place: _short(one, most) for place, one in pieces.items() if one.weight > most}
            shown = self._show(_with_texts(prompt, cut), plan.telling)
            over = self._weigh(shown) - self._budget
            if over <= 0:
                return Fitted(shown, self._budget + over, names)
            if most == _LEAST_RUNNING_BYTES:
                break
            room -= over + _SPARE_BYTES
        return None

    def _filled(self, plan: "_Plan", found: Fitted) -> Fitted:
        """The prompt with more of very long texts, the newest first, where much room is left.

        So one of these does not leave the room empty. All others stay as they were in the turn
        before.
        """
        texts = dict(plan.past.texts)
        for place, piece in sorted(plan.past.by_ends.items(), reverse=True):
            left = self._budget - found.weight - _SPARE_BYTES
            if min(left, piece.weight) < self._budget // _UNUSED_SHARE:
                continue
            more = _short(piece, weight_of(texts[place]) + left)
            shown = self._show(plan.shorter({**texts, place: more}), plan.telling)
            weight = self._weigh(shown)
            if weight <= self._budget:
                texts[place] = more
                found = replace(found, prompt=shown, weight=weight)
        return found


class _Plan:
    """How every part of a conversation is told, decided turn by turn."""

    def __init__(
        self,
        prompt: Prompt,
        weights: Sequence[Weighed],
        frame: Callable[[Telling], int],
        limit: int,
    ) -> None:
        self._prompt = prompt
        self._frame = frame
        self.limit = limit
        """What it may weigh by the weights of its pieces, which are not exact."""
        self.past = Past(weights)
        """What it tells shorter of what is over."""
        self._tools = frame(Telling())
        self._tools_names: dict[str, None] = {}
        self._drops_thoughts = False
        self.telling = Telling()
        """How the tools are told."""
        self.fits = True
        """Whether it is light enough now, as far as weights of its pieces can tell."""
        self.over = 0
        """By how much it is too heavy, likewise."""
        self.running = 0
        """Where what runs now begins."""
        for turn in turns(prompt.messages):
            self._take(turn)

    def shorter(self, texts: Mapping[Place, str] | None = None) -> Prompt:
        """The prompt with the texts of its past as they are told now, or as given."""
        prompt = _with_texts(self._prompt, self.past.texts if texts is None else texts)
        if self._drops_thoughts:
            messages = tuple(map(without_thoughts, prompt.messages))
            prompt = replace(prompt, messages=messages)
        return prompt

    def names(self) -> tuple[str, ...]:
        """What is shorter than the client sent it."""
        past = dict.fromkeys(_WAYS[way] for way in sorted(self.past.ways))
        return (*past, *([THOUGHTS] if self._drops_thoughts else ()), *self._tools_names)

    def _take(self, turn: Turn) -> None:
        """Decide what has to be shorter from this turn on."""
        self.past.reach(turn)
        thoughts = self.past.thoughts(turn)
        over = self._tools + self.past.weight + thoughts - self.limit
        if over > 0:
            over -= self.past.free(over, self.limit // _SPARE_SHARE)
        self._drops_thoughts = over > 0 and thoughts > 0
        if over > 0:
            over -= thoughts
        while over > 0 and self._prompt.tools and self.telling.level < max(Level):
            over -= self._tell_shorter(turn)
        self.running = turn.running
        self.over = max(over, 0)
        self.fits = over <= 0

    def _tell_shorter(self, turn: Turn) -> int:
        """Tell the tools at the next level; what that saves."""
        level = Level(self.telling.level + 1)
        used = well_used(self._prompt.messages[: turn.end]) if level >= Level.KNOWN else {}
        self.telling = Telling(level, used)
        before, self._tools = self._tools, self._frame(self.telling)
        if self._tools < before:
            self._tools_names[SCHEMAS if level < Level.KNOWN else DESCRIPTIONS] = None
        return before - self._tools


def _short(piece: Piece, most: int) -> str:
    """A text, or its ends where it weighs more than `most`."""
    if piece.weight <= most:
        return piece.text
    what = "this result" if piece.is_result else ""
    return filling(piece.text, most, lambda size: ends(piece.text, size // 2, what))


def _with_texts(prompt: Prompt, texts: Mapping[Place, str]) -> Prompt:
    """The prompt with other texts at these places."""
    messages = list(prompt.messages)
    for (at, number), text in texts.items():
        parts = list(messages[at].parts)
        part = parts[number]
        is_call = isinstance(part, ToolCallPart)
        parts[number] = replace(part, arguments=text) if is_call else replace(part, text=text)
        messages[at] = replace(messages[at], parts=tuple(parts))
    return replace(prompt, messages=tuple(messages))


def _keys(arguments: str) -> Sequence[str]:
    try:
        return tuple(_object.decode(arguments))
    except (msgspec.DecodeError, RecursionError):
        return ()
