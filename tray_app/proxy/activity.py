"""What clients ask and what comes of it: who, which model, how long, how it ended; never what."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.deeds import LEFT, OK, DaySum, Deed
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.model import (
    TOKEN_BYTES,
    Event,
    ImageReady,
    Prompt,
    ReasoningDelta,
    TextDelta,
    ToolCallDelta,
    Usage,
    utf8_bytes,
)
from tray_app.core.ports import Encoder
from tray_app.store.statistics import Statistics

from .bodies import Bodies, Body
from .tasks import TaskRef, this_task
from .turned_away import TurnedAway

KEPT = 10
HISTORY = 500
"""So many are kept for whoever wants to see more than the latest."""
_TOKENS = frozenset({TextDelta, ReasoningDelta, ToolCallDelta, ImageReady})
_NAME_CHARS = 80
_MOST_TOKENS = 10**9
"""What the site tells beyond that is nonsense."""


Step = Literal["preparing", "waiting", "asked", "answering"]


class Live(Struct, frozen=True):
    """A request that is being answered at this moment."""

    number: int
    """Tells it from the others as long as the program runs."""
    at_s: float
    """Unix seconds at which it came."""
    key: str
    model: str
    """Empty until it is known."""
    step: Step
    position: int
    """Of one that waits: 1 is the next; else 0."""
    age_s: float
    first_s: float | None
    output_tokens: int
    """Guessed from the size of what went out so far."""


class _Going:
    """A request that is being answered."""

    def __init__(self, number: int, deed: Deed, clock: Callable[[], float]) -> None:
        self.number = number
        self.deed = deed
        self.sent_bytes = 0
        self.is_counted = False
        self.body: Body | None = None
        self.told_calls = 0
        """Of work for several requests: so many of its calls were noted as one of theirs."""
        self._task = this_task()
        self._clock = clock
        self._began_s = clock()
        self._work: _Going | None = None

    @property
    def task(self) -> TaskRef | None:
        """Who waits for a turn to answer it."""
        return self._task if self._work is None else self._work.task

    def beside(self) -> "_Going":
        """The same, for work that goes on when this one is over."""
        other = _Going(self.number, replace(self.deed), self._clock)
        other.body = self.body
        return other

    def take_up(self) -> None:
        """This task works for it, and what is noted from now on is noted of it."""
        self._task = this_task()
        _going.set(self)

    def follow(self, work: "_Going") -> None:
        """From now on it gets what comes of that work, as others do."""
        self._work = work
        if self.body is not None and work.body is not None:
            self.body.pieces = work.body.pieces

    def live(self, position: int) -> Live:
        """How far it is, if so many are to be answered before it and with it."""
        deed, work = self.deed, self._work or self
        return Live(
            self.number, deed.at_s, deed.key, work.deed.model, work._step(position), position,
            self.age_s, self._first_s, work.sent_tokens,
        )  # fmt: skip

    @property
    def _first_s(self) -> float | None:
        """How long the first token took; one that was there before took no time."""
        work, first_s = self._work, self.deed.first_s
        if work is None or work.deed.first_s is None:
            return first_s
        return max(0.0, round(work._began_s + work.deed.first_s - self._began_s, 3))

    @property
    def sent_tokens(self) -> int:
        """Guessed from the size of what went out so far."""
        return self.sent_bytes // TOKEN_BYTES

    def end(self) -> None:
        """Note how long it took, and what went out where nobody counted that."""
        self.deed.took_s = self.age_s
        if self._work is not None:
            self._take(self._work)
        if not self.is_counted and self.sent_tokens:
            self.deed.output_tokens, self.deed.estimated = self.sent_tokens, True

    def _take(self, work: "_Going") -> None:
        """Note what came of work for several: each got the answer, one made the calls."""
        deed, done = self.deed, work.deed
        deed.model, deed.transport, deed.first_s = done.model, done.transport, self._first_s
        deed.calls, work.told_calls = done.calls - work.told_calls, done.calls
        deed.input_tokens, deed.output_tokens = done.input_tokens, done.output_tokens
        deed.estimated = done.estimated
        self.sent_bytes, self.is_counted = work.sent_bytes, work.is_counted
        if deed.outcome == OK:
            deed.outcome = done.outcome

    def _step(self, position: int) -> Step:
        if position:
            return "waiting"
        if self.deed.first_s is not None:
            return "answering"
        return "asked" if self.deed.calls else "preparing"

    @property
    def age_s(self) -> float:
        return round(self._clock() - self._began_s, 3)


_going: ContextVar[_Going] = ContextVar("_going")
"""The request that the work of this task is for."""


def note_call(transport: str) -> None:
    """Note a call to the site, by this transport, for the request that is being answered here."""
    going = _going.get(None)
    if going is not None:
        going.deed.calls += 1
        going.deed.transport = transport


def note_asked(model: str) -> None:
    """Note the name of a model, as a client wrote it, for the request that is being answered here.

    Its beginning is enough to know it by.
    """
    going = _going.get(None)
    if going is not None:
        going.deed.asked = model[:_NAME_CHARS]


class Common:
    """What is noted of work for several requests: it is told of each of them.

    Make it while the first of them is answered.
    """

    def __init__(self) -> None:
        self._going = _going.get().beside()
        self.deed = self._going.deed

    def take_up(self) -> None:
        """The work is done by this task."""
        self._going.take_up()

    def follow(self) -> None:
        """The request that is being answered here gets what comes of the work."""
        _going.get().follow(self._going)


def request_here() -> str:
    """The id of the request that is being answered here; `-` where none is."""
    going = _going.get(None)
    return going.deed.request or "-" if going is not None else "-"


class Noted:
    """An encoder that notes of the request being answered here when it got its first token, and
    its tokens.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.content_type = encoder.content_type
        self.close = encoder.close
        self.fail = encoder.fail
        self._feed = encoder.feed
        self._going = _going.get()
        self._has_begun = False

    def feed(self, event: Event) -> bytes:
        """What the encoder sends for this event."""
        kind = type(event)
        if not self._has_begun and kind in _TOKENS:
            self._has_begun = True
            if self._going.deed.first_s is None:
                self._going.deed.first_s = self._going.age_s
        if type(event) is TextDelta or type(event) is ReasoningDelta:
            self._sent(event.text)
        elif type(event) is ToolCallDelta:
            self._sent(event.name + event.arguments)
        elif type(event) is Usage:
            self._count(event)
        return self._feed(event)

    def _sent(self, text: str) -> None:
        self._going.sent_bytes += utf8_bytes(text)
        if self._going.body is not None:
            self._going.body.add(text)

    def _count(self, usage: Usage) -> None:
        deed = self._going.deed
        self._going.is_counted = True
        deed.input_tokens += min(max(0, usage.input_tokens), _MOST_TOKENS)
        deed.output_tokens += min(max(0, usage.output_tokens), _MOST_TOKENS)
        deed.estimated = deed.estimated or usage.estimated


class Activity:
    """The last requests, the newest first.

    Args:
        clock: Monotonic seconds.
        wall_clock: Unix seconds.
        changed: Called when a request came, and after it.
        statistics: Counts every request; in memory alone where there are none.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        changed: Callable[[], None] = lambda: None,
        statistics: Statistics | None = None,
    ) -> None:
        self._clock = clock
        self._wall_clock = wall_clock
        self._changed = changed
        self.statistics = statistics or Statistics()
        self._deeds: deque[Deed] = deque(maxlen=HISTORY)
        self.bodies = Bodies(clock)
        self._turned_away = TurnedAway(wall_clock)
        self.turned_away = self._turned_away.status
        self._going: dict[int, _Going] = {}
        self._numbers = itertools.count(1)

    def recent(self) -> list[Deed]:
        """What ended last."""
        return self.history()[:KEPT]

    def history(self) -> list[Deed]:
        """What ended since the start, the newest first; from any thread."""
        return list(self._deeds)

    def live(self, places: "Mapping[TaskRef, int]") -> list[Live]:
        """What is being answered, the oldest first; from any thread.

        Args:
            places: Of the tasks that wait for their turn.
        """
        going = tuple(self._going.values())
        return [one.live(places.get(one.task, 0) if one.task else 0) for one in going]

    def today(self) -> DaySum:
        """What today came to so far; from any thread."""
        return self.statistics.today(self._wall_clock())

    def turn_away(self, kind: Kind) -> None:
        """Count a request that was refused before it was anybody's."""
        self._turned_away.note(kind)
        self._changed()

    def keep(self, prompts: tuple[Prompt, ...]) -> None:
        """Keep what the request that is answered here asks, where a person wants to see it."""
        going = _going.get()
        deed = going.deed
        going.body = self.bodies.keep(going.number, deed.at_s, deed.key, prompts)

    @contextmanager
    def noting(self, key: str, route: str = "", request: str = "") -> Iterator[Deed]:
        """Note a request of this key, whose outcome is that of the context."""
        deed = Deed(self._wall_clock(), key, route=route, request=request)
        going = _Going(next(self._numbers), deed, self._clock)
        before = _going.set(going)
        self._going[going.number] = going
        self._changed()
        try:
            yield deed
        except ProxyError as error:
            deed.fail(error)
            raise
        except (ConnectionError, asyncio.CancelledError):
            deed.outcome = LEFT
            raise
        except Exception:
            deed.outcome = Kind.INTERNAL_ERROR.value
            raise
        finally:
            _going.reset(before)
            del self._going[going.number]
            going.end()
            self._deeds.appendleft(deed)
            self.statistics.note(deed)
            self._changed()
