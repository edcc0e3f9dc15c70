"""How many answers at once, how soon after each other, and for whom it is too late.

Slots are few, starts are spaced, and nothing is begun that its client would not wait for: a client
that has gone by then has cost the site an answer for nothing. What counts is when the client is
told something. A whole answer is told at its end. A stream is told at its first event: from then on
its client sees it come, however long it takes.

What an answer needs is guessed from what others like it took, so all doubts are in favour of who
asks:

* Whoever finds a slot free and nobody waiting begins, whatever others took. One that was slow, or
  many, must not keep out somebody who takes nobody's place; and how else would it be seen that
  answers are quick again.
* Whoever comes and has to wait is refused at once if the places before leave too little time, for
  its client can do something better. But not somebody who sits before a stream: comments keep that
  client waiting, how long the streams before it go on is anybody's guess, and they may end early.
* When a slot is free those are refused who could not even be in time if they began now. Nobody has
  asked anything for them yet.
"""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from heapq import heapify, heapreplace
from itertools import takewhile

from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError

from .line import Line
from .place import Place, Turn, Waiter, Wish
from .tasks import TaskRef, this_task
from .usual import Usual

_MOST = (0.75, 8.0)
"""An answer is in time if so many of its like would be; so many seconds, until some were seen."""
_HALF = (0.5, 5.0)
"""Of those that hold a slot one after the other some hold it for longer and some do not."""

SOON_S = 2.0
"""So long before its turn the next one sees to what takes a moment: not for nothing, mostly."""


class Rules(Struct, frozen=True):
    """What the gate holds to; asked for anew at each decision."""

    slots: int
    spacing_s: float
    waiting: int
    is_careful: bool = False
    """Nothing is begun before it may be."""


class Gate:
    """Hands out turns; used from one event loop."""

    def __init__(
        self,
        rules: Callable[[], Rules],
        clock: Callable[[], float],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._rules = rules
        self._clock = clock
        self._changed = changed
        self._line: Line[Waiter] = Line()
        self._held: set[Turn] = set()
        self._start_s = -math.inf
        self._timer: asyncio.TimerHandle | None = None
        self._telling = Usual(clock, *_MOST)
        self._holding = Usual(clock, *_HALF)
        self._early = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._line)

    def places(self) -> dict[TaskRef, int]:
        """Who waits and at which place, 1 being the next, as far as it can be told beforehand.

        From any thread.
        """
        return {
            waiter.task: place
            for place, waiter in enumerate(self._line.order(), 1)
            if waiter.task is not None and not waiter.turn.done()
        }

    @property
    def in_flight(self) -> int:
        """How many have their turn now."""
        return len(self._held)

    @asynccontextmanager
    async def line(self, wish: Wish) -> AsyncGenerator[Place, None]:
        """Stand in line, and hold the slot that comes of it; raises `ProxyError` if it is no use.

        Whoever is next can see to what takes a moment before it may begin.
        """
        waiter = self._enter(wish)

        def left_s() -> float:
            return wish.until_s - self._clock()

        try:
            yield Place(waiter, partial(self._too_slow, wish), left_s)
        finally:
            self._leave(waiter)

    def _learn(self, turn: Turn) -> None:
        took_s = self._clock() - turn.start_s
        held_s = took_s if turn.held_s is None else turn.held_s
        if turn.has_told:
            self._holding.took(turn.like, held_s)
        else:
            # It failed, or the client has left. Only if that was late does it say something.
            self._telling.took_longer(turn.like, took_s)
            self._holding.took_longer(turn.like, held_s)

    def told(self, turn: Turn) -> None:
        """Learn from what a client was told."""
        self._telling.took(turn.like, self._clock() - turn.start_s)

    def ended(self, turn: Turn) -> None:
        """Take a slot back, if it is held."""
        if turn in self._held:
            self._held.remove(turn)
            turn.held_s = self._clock() - turn.start_s
            self._pump()

    @contextmanager
    def early(self) -> Iterator[bool]:
        """Whether who does something else before it comes in line may see to its chat meanwhile.

        No more may than could begin now, or many with slow files would make chats for nothing.
        """
        rules = self._rules()
        is_free = not self._line and len(self._held) + self._early < rules.slots
        may = is_free and not (rules.is_careful or self._closed)
        self._early += may
        try:
            yield may
        finally:
            self._early -= may

    def check(self, wish: Wish) -> None:
        """Raise `ProxyError` where somebody may not even wait for a turn now."""
        if self._closed:
            raise ProxyError(Kind.SERVER_STOPPING)
        if not wish.again and self.waiting >= self._rules().waiting:
            raise ProxyError(
                Kind.QUEUE_FULL,
                f"{self.waiting} requests are waiting already",
                retry_after_s=self._expected_wait_s(wish),
            )
        if not self._may_be_in_time(wish):
            raise self._too_slow(wish)

    def _may_be_in_time(self, wish: Wish) -> bool:
        rules = self._rules()
        if self._clock() >= wish.until_s:
            return False
        is_watched = wish.like.streams and wish.queue == "interactive"
        # Without any slot something is awaited that nobody can foresee.
        if is_watched or not rules.slots or self._is_free(rules):
            return True
        loop = asyncio.get_running_loop()
        one = Waiter(wish, loop.create_future(), loop.create_future())
        before = None if wish.again else one
        return self._is_in_time(one, self._expected_start_s(rules, before))

    def _is_free(self, rules: Rules) -> bool:
        return len(self._held) < rules.slots and not self._line

    def _is_in_time(self, waiter: Waiter, start_s: float) -> bool:
        wish = waiter.wish
        return waiter.is_alone or start_s + self._telling.seconds(wish.like) <= wish.until_s

    def _expected_start_s(self, rules: Rules, newcomer: Waiter | None = None) -> float:
        """When somebody begins, if all before take as long as usual and nobody else comes.

        Without a newcomer it is whoever is next.
        """
        now_s, due_s, usual = self._clock(), self._due_s(rules), self._holding
        ends_s = sorted(max(now_s, turn.start_s + usual.seconds(turn.like)) for turn in self._held)
        # Where the slots became fewer, those who end first leave none.
        free_s = ends_s[-rules.slots :] + [now_s] * (rules.slots - len(ends_s))
        heapify(free_s)
        line = [] if newcomer is None else self._line.order(newcomer)
        for waiter in takewhile(lambda one: one is not newcomer, line):
            start_s = max(free_s[0], due_s)
            if not waiter.turn.done() and self._is_in_time(waiter, start_s):
                heapreplace(free_s, start_s + usual.seconds(waiter.wish.like))
                due_s = start_s + rules.spacing_s
        return max(free_s[0], due_s)

    async def again(self) -> None:
        """Wait, within a turn, until one start more is due."""
        self._start_s = start_s = max(self._clock(), self._due_s(self._rules()))
        await asyncio.sleep(start_s - self._clock())

    def _enter(self, wish: Wish) -> Waiter:
        self.check(wish)
        loop = asyncio.get_running_loop()
        is_alone = self._is_free(self._rules())
        waiter = Waiter(wish, loop.create_future(), loop.create_future(), this_task(), is_alone)
        if wish.again:
            self._line.put_back(waiter, waiter.comes_before)
        else:
            self._line.add(waiter)
        self._pump()
        return waiter

    def _leave(self, waiter: Waiter) -> None:
        """Give up a place, or the turn that came of it."""
        coming = waiter.turn
        if coming.done() and not coming.cancelled() and coming.exception() is None:
            turn = coming.result()
            self._learn(turn)
            turn.end()
            return
        coming.cancel()
        self._line.remove(waiter)
        self._pump()

    def _pump(self) -> None:
        """Grant every turn that may begin now, and come back for the next one."""
        self._grant()
        self._tell_next()
        self._changed()

    def _tell_next(self) -> None:
        """Let whoever is next know soon before its turn, if that will come in time."""
        if not self._line:
            return
        rules = self._rules()
        if not rules.slots or rules.is_careful:
            return
        waiter = self._line.first()
        start_s = self._expected_start_s(rules)
        if waiter.nears.done() or not self._is_in_time(waiter, start_s):
            return
        left_s = start_s - SOON_S - self._clock()
        if left_s > 0:
            self._come_back(left_s)
        else:
            waiter.nears.set_result(None)

    def _grant(self) -> None:
        if not self._line:
            return
        rules = self._rules()
        while self._line and len(self._held) < rules.slots:
            now_s = self._clock()
            due_s = self._due_s(rules)
            if now_s < due_s:
                self._come_back(due_s - now_s)
                return
            if self._refuse_late(now_s):
                continue
            waiter = self._line.next()
            if waiter.turn.done():
                continue
            turn = Turn(waiter.wish.like, now_s, self)
            self._held.add(turn)
            self._start_s = now_s
            waiter.come(turn)

    def _refuse_late(self, now_s: float) -> bool:
        """Refuse everybody who would be late even if they began now; returns whether any was."""
        late = [waiter for waiter in self._line if not self._is_in_time(waiter, now_s)]
        for waiter in late:
            self._line.remove(waiter)
            waiter.refuse(self._too_slow(waiter.wish))
        return bool(late)

    def _due_s(self, rules: Rules) -> float:
        """When the next may start, by the spacing of now."""
        return self._start_s + rules.spacing_s

    def look(self) -> None:
        """Grant what the rules of now allow: they have changed."""
        self._pump()

    def send_away(self, error: ProxyError) -> None:
        """Refuse everybody who waits for a turn."""
        waiting = list(self._line)
        self._line.clear()
        for waiter in waiting:
            waiter.refuse(error.copy())

    def _come_back(self, in_s: float) -> None:
        # The one before may be of a spacing that was longer.
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(in_s, self._timed)

    def _timed(self) -> None:
        self._timer = None
        self._pump()

    def _too_slow(self, wish: Wish) -> ProxyError:
        return ProxyError(
            Kind.TOO_SLOW,
            f"No turn comes in time for the {wish.patience_s:g} s that {wish.whose}",
            retry_after_s=self._expected_wait_s(wish),
        )

    def _expected_wait_s(self, wish: Wish) -> float:
        """When a slot may be free for one more, from how long answers took lately."""
        usual_s = self._holding.seconds(wish.like)
        return usual_s * (self.waiting + 1) / max(1, self._rules().slots)

    def close(self) -> None:
        """Send everybody away who still waits, and everybody who comes."""
        self._closed = True
        self.send_away(ProxyError(Kind.SERVER_STOPPING))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
