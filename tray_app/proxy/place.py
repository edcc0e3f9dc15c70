"""Who asks for a turn at the gate, where they stand, and the slot that they get."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from msgspec import Struct

from tray_app.core.errors import ProxyError
from tray_app.core.ports import QueueClass

from .tasks import TaskRef
from .usual import Like

T = TypeVar("T")


class Wish(Struct, frozen=True):
    """Who asks for a turn, what for, and how long that is of use."""

    key: str
    queue: QueueClass
    like: Like
    since_s: float
    """On the gate's clock: when the client began to wait."""
    patience_s: float
    whose: str = "this key waits"
    """Whose patience it is, in the words of a refusal."""
    again: bool = False
    """It had a place before, and takes it again."""
    joined_s: Callable[[], float] | None = None
    """When the last client came to wait for the same, where several may."""

    @property
    def until_s(self) -> float:
        """When the client gives up, or the last of several."""
        since_s = self.since_s
        if self.joined_s is not None:
            since_s = max(since_s, self.joined_s())
        return since_s + self.patience_s


class _Gate(Protocol):
    def told(self, turn: "Turn") -> None: ...

    def ended(self, turn: "Turn") -> None: ...


class Turn:
    """A slot that is held."""

    def __init__(self, like: Like, start_s: float, gate: "_Gate") -> None:
        self.like = like
        self.start_s = start_s
        self.has_told = False
        self.is_used = False
        """Something was asked in it."""
        self.held_s: float | None = None
        """For how long, once it is given back."""
        self._gate = gate

    def told(self) -> None:
        """Note that the client has what it waited for: a stream's first event, or its answer."""
        if not self.has_told:
            self.has_told = True
            self._gate.told(self)

    def end(self) -> None:
        """Give the slot back, once: what is left to do asks nothing of anybody's patience."""
        self._gate.ended(self)


class Waiter(Struct, eq=False):
    wish: Wish
    turn: asyncio.Future[Turn]
    nears: asyncio.Future[None]
    """Done when it is the next to begin, or cannot."""
    task: TaskRef | None = None
    is_alone: bool = False
    """It came when a slot was free and nobody waited."""

    @property
    def key(self) -> str:
        return self.wish.key

    @property
    def queue(self) -> QueueClass:
        return self.wish.queue

    def comes_before(self, other: "Waiter") -> bool:
        """Whether it was there before, having had a place that it takes again."""
        return not other.wish.again or self.wish.since_s < other.wish.since_s

    def come(self, turn: Turn) -> None:
        """Its turn has come."""
        self.turn.set_result(turn)
        self._near()

    def refuse(self, error: ProxyError) -> None:
        """No turn will come."""
        if not self.turn.done():
            self.turn.set_exception(error)
            # Whoever has left does not ask any more.
            self.turn.exception()
            self._near()

    def _near(self) -> None:
        if not self.nears.done():
            self.nears.set_result(None)


class Place:
    """Where somebody stands in the line."""

    def __init__(
        self, waiter: Waiter, enough: Callable[[], ProxyError], left_s: Callable[[], float]
    ) -> None:
        self._waiter = waiter
        self._enough = enough
        self._left_s = left_s

    @property
    def is_over(self) -> bool:
        """Whether the slot that came of it was given back."""
        turn = self._waiter.turn
        is_come = turn.done() and turn.exception() is None
        return is_come and turn.result().held_s is not None

    async def next(self) -> None:
        """Wait until nobody is before it, or a slot is there; raises `ProxyError`."""
        await self._come(self._waiter.nears)
        if self._waiter.turn.done():
            self._waiter.turn.result()

    async def turn(self) -> Turn:
        """Wait for the slot, which it has from then on; raises `ProxyError`."""
        return await self._come(self._waiter.turn)

    async def meanwhile(self, wait: Callable[[], Awaitable[None]]) -> None:
        """Wait for something else first, which may be begun anew; raises `ProxyError`."""
        while True:
            try:
                async with asyncio.timeout(self._left_s()):
                    return await wait()
            except TimeoutError:
                if self._left_s() <= 0:
                    raise self._enough() from None

    async def _come(self, coming: asyncio.Future[T]) -> T:
        # Meanwhile somebody may come to wait for the same, who has more time.
        while not coming.done():
            if (left_s := self._left_s()) <= 0:
                raise self._enough()
            await asyncio.wait((coming,), timeout=left_s)
        return coming.result()
