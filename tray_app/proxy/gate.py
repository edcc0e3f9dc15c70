"""How many answers at once, how soon after each other, and who is next.

Slots are few, starts are spaced, and waiting is fair: first come first served within a key, the
keys in turn. Keys for whose answers nobody sits and waits come after the others, though not for
ever. Nobody waits longer than the client's patience.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from msgspec import Struct

from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import QueueClass

_REMEMBERED = 20
_PATIENT_TURNS = 4
"""After so many turns of others in a row one goes to a key of the background."""
_GUESS_S = 8.0
"""How long an answer takes, until some were seen."""


class Rules(Struct, frozen=True):
    """What the gate holds to; asked for anew at each decision."""

    slots: int
    spacing_s: float
    waiting: int


class _Waiter(Struct, eq=False):
    turn: asyncio.Future[None]
    key: str
    queue: QueueClass


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
        self._queues: dict[str, deque[_Waiter]] = {}
        self._passed_over = 0
        self._in_flight = 0
        self._next_start_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._took: deque[float] = deque(maxlen=_REMEMBERED)
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        # Asked from other threads as well, so what is counted must not change meanwhile.
        return sum(map(len, tuple(self._queues.values())))

    @property
    def in_flight(self) -> int:
        """How many have their turn now."""
        return self._in_flight

    @asynccontextmanager
    async def turn(
        self, key: str, patience_s: float, queue: QueueClass = "interactive"
    ) -> AsyncGenerator[None, None]:
        """Wait for a slot and hold it; raises `ProxyError` when there is none in time."""
        await self._enter(key, patience_s, queue)
        start_s = self._clock()
        try:
            yield
        finally:
            self._in_flight -= 1
            self._took.append(self._clock() - start_s)
            self._pump()

    async def again(self) -> None:
        """Wait, within a turn, until one start more is due."""
        start_s = max(self._clock(), self._next_start_s)
        self._next_start_s = start_s + self._rules().spacing_s
        await asyncio.sleep(start_s - self._clock())

    async def _enter(self, key: str, patience_s: float, queue: QueueClass) -> None:
        if self._closed:
            raise ProxyError(Kind.SERVER_STOPPING)
        if self.waiting >= self._rules().waiting:
            raise ProxyError(
                Kind.QUEUE_FULL,
                f"{self.waiting} requests are waiting already",
                retry_after_s=self._expected_wait_s(),
            )
        waiter = _Waiter(asyncio.get_running_loop().create_future(), key, queue)
        self._queues.setdefault(key, deque()).append(waiter)
        self._pump()
        try:
            async with asyncio.timeout(patience_s):
                await waiter.turn
        except TimeoutError:
            self._leave(waiter)
            raise ProxyError(
                Kind.TOO_SLOW,
                f"No turn came within the {patience_s:g} s that this key waits",
                retry_after_s=self._expected_wait_s(),
            ) from None
        except BaseException:
            self._leave(waiter)
            raise

    def _leave(self, waiter: _Waiter) -> None:
        """Give up a place, or the turn itself if it was granted at the same moment."""
        turn = waiter.turn
        if turn.done() and not turn.cancelled() and turn.exception() is None:
            self._in_flight -= 1
        queue = self._queues.get(waiter.key)
        if queue is not None and waiter in queue:
            queue.remove(waiter)
            if not queue:
                del self._queues[waiter.key]
        self._pump()

    def _pump(self) -> None:
        """Grant every turn that may begin now, and come back for the next one."""
        self._grant()
        self._changed()

    def _grant(self) -> None:
        rules = self._rules()
        while self._queues and self._in_flight < rules.slots:
            now_s = self._clock()
            if now_s < self._next_start_s:
                self._come_back(self._next_start_s - now_s)
                return
            waiter = self._next()
            if waiter.turn.done():
                continue
            self._in_flight += 1
            self._next_start_s = now_s + rules.spacing_s
            waiter.turn.set_result(None)

    def _next(self) -> _Waiter:
        """The first of the key whose turn it is; that key goes to the end of the row."""
        background = [key for key, queue in self._queues.items() if queue[0].queue == "background"]
        key = next((key for key in self._queues if key not in background), None)
        if key is None or (background and self._passed_over >= _PATIENT_TURNS):
            key = background[0]
            self._passed_over = 0
        else:
            self._passed_over += bool(background)
        queue = self._queues.pop(key)
        waiter = queue.popleft()
        if queue:
            self._queues[key] = queue
        return waiter

    def look(self) -> None:
        """Grant what the rules of now allow: they have changed."""
        self._pump()

    def send_away(self, error: ProxyError) -> None:
        """Refuse everybody who waits for a turn."""
        waiting = [waiter for queue in self._queues.values() for waiter in queue]
        self._queues.clear()
        for waiter in waiting:
            if not waiter.turn.done():
                waiter.turn.set_exception(error.copy())

    def _come_back(self, in_s: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(in_s, self._timed)

    def _timed(self) -> None:
        self._timer = None
        self._pump()

    def _expected_wait_s(self) -> float:
        """When a slot may be free for one more, from how long answers took lately."""
        took = sorted(self._took)
        usual = took[len(took) // 2] if took else _GUESS_S
        return usual * (self.waiting + 1) / max(1, self._rules().slots)

    def close(self) -> None:
        """Send everybody away who still waits, and everybody who comes."""
        self._closed = True
        self.send_away(ProxyError(Kind.SERVER_STOPPING))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
