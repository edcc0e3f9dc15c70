"""Makes a prompt with tools short enough: old results first, then thoughts, then the tools.

What the model needs now stays letter by letter: the system's text, what the person said, the round
of calls that runs, and of every tool its name, parameters, types and choices. Each step goes only
as far as needed, and what it makes of a text depends on that text alone, so that the next turn of
the conversation shows the model the same past.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import msgspec
from msgspec.structs import replace

from tray_app.core.model import (
    Message,
    Prompt,
    ToolCallPart,
    ToolResultPart,
)

from .form import Grammar
from .history import Place, answers, instructed, last_turn, rendered, without_thoughts
from .names import Names
from .signatures import Level, Telling

RESULTS = "tool-results"
THOUGHTS = "reasoning"
SCHEMAS = "tool-schemas"
DESCRIPTIONS = "tool-descriptions"

_LEVELS = (
    (SCHEMAS, Level.CLEAN),
    (SCHEMAS, Level.TYPED),
    (DESCRIPTIONS, Level.KNOWN),
    (DESCRIPTIONS, Level.BRIEF),
)
_LARGE_BYTES = 16_000
_LONG_BYTES = 4_000
_END_BYTES = 1_000
_REPEAT_CHARS = 400
_QUOTED_CHARS = 60
_FAILED = re.compile(r"\b(?:error|failed|failure|invalid|denied|not found)\b", re.IGNORECASE)
_FAILED_CHARS = 200

_encode = msgspec.json.Encoder().encode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


def fitted(
    prompt: Prompt,
    names: Names,
    grammar: Grammar,
    weigh: Callable[[Prompt], int],
    budget: int,
) -> tuple[Prompt, tuple[str, ...]]:
    """The prompt as texts alone, its tools told, and the names of what had to be shortened.

    `weigh` takes such prompts and gives bytes, as `budget` is. Where no form is light enough it is
    the shortest that is returned.
    """

    def show(shorter: Prompt, telling: Telling) -> Prompt:
        return instructed(rendered(shorter, names, grammar), names, grammar, telling)

    fitting = _Fitting(prompt, show, weigh, budget)
    shortened = fitting.shorten()
    return fitting.shown, shortened


class _Fitting:
    """One prompt on its way to a shorter one."""

    def __init__(
        self,
        prompt: Prompt,
        show: Callable[[Prompt, Telling], Prompt],
        weigh: Callable[[Prompt], int],
        budget: int,
    ) -> None:
        self._prompt = prompt
        self._telling = Telling()
        self._show = show
        self._weigh = weigh
        self._budget = budget
        self._running = last_turn(prompt.messages).running
        self.shown = show(prompt, self._telling)
        self._over = weigh(self.shown) - budget

    def shorten(self) -> tuple[str, ...]:
        """Go on while `shown` is too heavy; the names of what was shortened."""
        names: dict[str, None] = {}
        for name, step in self._steps():
            if self._over <= 0:
                break
            before = self.shown
            step()
            self.shown = self._show(self._prompt, self._telling)
            if self.shown != before:
                names[name] = None
                self._over = self._weigh(self.shown) - self._budget
        return tuple(names)

    def _steps(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """What can be done, the least harmful first."""
        yield RESULTS, self._note_repeats
        # What a cut saves is measured exactly; only tags that lose their number change it.
        for share in (1, 2, math.inf):
            yield RESULTS, partial(self._cut_results, share)
        yield THOUGHTS, self._drop_thoughts
        for name, level in _LEVELS if self._prompt.tools else ():
            yield name, partial(self._tell, level)

    def _tell(self, level: Level) -> None:
        used = self._telling.used or _used(self._prompt.messages)
        self._telling = Telling(level, used)

    def _note_repeats(self) -> None:
        """Say of a long old result that the same came again, and keep the newest."""
        last = {part.text: place for place, part in self._results(len(self._prompt.messages))}
        self._rewrite(
            {
                place: _repeated(part.text)
                for place, part in self._results(self._running)
                if len(part.text) > _REPEAT_CHARS and last[part.text] != place
            }
        )

    def _cut_results(self, share: float) -> None:
        """Cut long old results, the large before the rest, the oldest first."""
        wanted = self._over * share
        texts = {place: part.text for place, part in self._results(self._running)}
        sizes = {place: len(text.encode()) for place, text in texts.items()}
        cuts: dict[Place, str] = {}
        for place in sorted(texts, key=lambda place: (sizes[place] <= _LARGE_BYTES, place)):
            if wanted > 0 and sizes[place] > _LONG_BYTES:
                cuts[place] = _ends(texts[place])
                wanted -= len(_encode(texts[place])) - len(_encode(cuts[place]))
        self._rewrite(cuts)

    def _drop_thoughts(self) -> None:
        messages = tuple(map(without_thoughts, self._prompt.messages))
        self._prompt = replace(self._prompt, messages=messages)

    def _results(self, end: int) -> Iterator[tuple[Place, ToolResultPart]]:
        """Every result in the messages before `end`, oldest first."""
        for at, message in enumerate(self._prompt.messages[:end]):
            for number, part in enumerate(message.parts):
                if isinstance(part, ToolResultPart):
                    yield (at, number), part

    def _rewrite(self, texts: Mapping[Place, str]) -> None:
        """Give results other texts."""
        messages = list(self._prompt.messages)
        for (at, number), text in texts.items():
            parts = list(messages[at].parts)
            parts[number] = replace(parts[number], text=text)
            messages[at] = replace(messages[at], parts=tuple(parts))
        self._prompt = replace(self._prompt, messages=tuple(messages))


def _repeated(text: str) -> str:
    beginning = " ".join(text[:_QUOTED_CHARS].split())
    return f"[The same text as in a later result, which begins with: {beginning}]"


def _ends(text: str) -> str:
    """The first and the last part of a text, and how much there was between them."""
    data = text.encode()
    head, tail = (
        data[:_END_BYTES].decode(errors="ignore"),
        data[-_END_BYTES:].decode(errors="ignore"),
    )
    left_out = len(data) - len(head.encode()) - len(tail.encode())
    return f"{head}\n[… {left_out} bytes of this result are left out here …]\n{tail}"


def _used(messages: Sequence[Message]) -> dict[str, set[str]]:
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


def _keys(arguments: str) -> Sequence[str]:
    try:
        return tuple(_object.decode(arguments))
    except (msgspec.DecodeError, RecursionError):
        return ()
