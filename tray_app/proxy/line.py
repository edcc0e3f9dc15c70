"""Who is next: first come first served within a key, and the keys in turn.

Keys for whose answers nobody sits and waits come after the others, though not for ever.
"""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, Protocol, TypeVar

from tray_app.core.ports import QueueClass

PATIENT_TURNS = 4
"""After so many turns of others in a row one goes to a key of the background."""


class _Standing(Protocol):
    @property
    def key(self) -> str: ...

    @property
    def queue(self) -> QueueClass: ...


T = TypeVar("T", bound=_Standing)


class Line(Generic[T]):
    """Those who wait; changed from one thread."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[T]] = {}
        self._passed_over = 0

    def __len__(self) -> int:
        # Asked from other threads as well, so what is counted must not change meanwhile.
        return sum(map(len, tuple(self._queues.values())))

    def __iter__(self) -> Iterator[T]:
        return iter([one for queue in self._queues.values() for one in queue])

    def add(self, one: T) -> None:
        """Let somebody stand behind all others of the key."""
        self._queues.setdefault(one.key, deque()).append(one)

    def put_back(self, one: T, comes_later: Callable[[T], bool]) -> None:
        """Let somebody stand before the first of the key who comes later."""
        queue = self._queues.setdefault(one.key, deque())
        at = next((at for at, other in enumerate(queue) if comes_later(other)), len(queue))
        queue.insert(at, one)

    def remove(self, one: T) -> None:
        """Let somebody go, who may be gone already."""
        queue = self._queues.get(one.key)
        if queue is not None and one in queue:
            queue.remove(one)
            if not queue:
                del self._queues[one.key]

    def clear(self) -> None:
        """Let everybody go."""
        self._queues.clear()

    def first(self) -> T:
        """Who would be taken out next."""
        return self._queues[self._next_key()[0]][0]

    def next(self) -> T:
        """Take out the first of the key whose turn it is; that key goes to the end of the row."""
        key, self._passed_over = self._next_key()
        queue = self._queues.pop(key)
        one = queue.popleft()
        if queue:
            self._queues[key] = queue
        return one

    def _next_key(self) -> tuple[str, int]:
        """Whose turn it is, and how many of others in a row it is then."""
        background = [key for key, queue in self._queues.items() if queue[0].queue == "background"]
        key = next((key for key in self._queues if key not in background), None)
        if key is None or (background and self._passed_over >= PATIENT_TURNS):
            return background[0], 0
        return key, self._passed_over + bool(background)

    def order(self, *behind: T) -> list[T]:
        """Everybody, as their turns come if nobody else does; from any thread.

        Args:
            behind: Who might stand there as well, after those who do.
        """
        same: Line[T] = Line()
        queues = [(key, tuple(queue)) for key, queue in tuple(self._queues.items())]
        same._queues = {key: deque(queue) for key, queue in queues if queue}
        same._passed_over = self._passed_over
        for one in behind:
            same.add(one)
        return [same.next() for _ in range(len(same))]
