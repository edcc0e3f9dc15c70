"""How long answers of one kind take, as far as lately seen."""

import math
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from tray_app.core.model import Variant

FEW = 4
"""With fewer seen, guesses stand for the others: what one took is no rule yet."""
_REMEMBERED = 20
_FRESH_S = 900.0
"""What is older says nothing of now: a site that was slow in the evening is not in the morning."""
_LIKES = 100


class Like(Struct, frozen=True):
    """What takes about as long as others of the same."""

    model: str
    variant: Variant
    streams: bool
    """Then it is known by its first event, and otherwise by its end."""


class Usual:
    """What most answers took.

    Args:
        clock: Monotonic seconds.
        share: How many of all took no longer than what is called usual, from 0 to 1.
        guess_s: What is called so until some were seen.
    """

    def __init__(self, clock: Callable[[], float], share: float, guess_s: float) -> None:
        self._clock = clock
        self._share = share
        self._guess_s = guess_s
        self._seen: dict[Like, deque[tuple[float, float]]] = {}

    def took(self, like: Like, seconds: float) -> None:
        """Learn how long one took."""
        seen = self._seen.pop(like, None)
        if seen is None:
            seen = deque(maxlen=_REMEMBERED)
        # What was not asked for the longest time comes first, and goes first.
        self._seen[like] = seen
        seen.append((self._clock(), seconds))
        while len(self._seen) > _LIKES:
            del self._seen[next(iter(self._seen))]

    def took_longer(self, like: Like, seconds: float) -> None:
        """Learn that one was not over after so long; it tells something if that is unusual."""
        if seconds > self.seconds(like):
            self.took(like, seconds)

    def seconds(self, like: Like) -> float:
        """How long one usually takes."""
        since_s = self._clock() - _FRESH_S
        fresh = [took_s for at_s, took_s in self._seen.get(like, ()) if at_s >= since_s]
        fresh += [self._guess_s] * (FEW - len(fresh))
        fresh.sort()
        return fresh[math.ceil(len(fresh) * self._share) - 1]
