"""Who was refused at the door today, before the request was anybody's: how many, and why.

Nothing of such a request is kept but its number, in memory alone. There is one number for each kind
of error, so whoever comes again and again makes nothing grow.
"""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

from msgspec import Struct

from tray_app.core.errors import Kind
from tray_app.store.statistics import day_of


class TurnedAwayStatus(Struct, frozen=True):
    """How many were refused, at one moment."""

    since_s: float = 0.0
    """Unix seconds: the begin of today; of the first day, when the counting began."""
    reasons: dict[str, int] = {}
    """By the code of the error, the most frequent first."""


class TurnedAway:
    """Counts them, each day anew, from any thread.

    Args:
        wall_clock: Unix seconds.
    """

    def __init__(self, wall_clock: Callable[[], float]) -> None:
        self._wall_clock = wall_clock
        self._lock = threading.Lock()
        self._since_s = 0.0
        self._day = ""
        self._reasons: Counter[str] = Counter()

    def note(self, kind: Kind) -> None:
        """Count one more."""
        with self._lock:
            self._begin_day()
            self._reasons[kind.value] += 1

    def status(self) -> TurnedAwayStatus:
        """What there is to say."""
        with self._lock:
            self._begin_day()
            return TurnedAwayStatus(self._since_s, dict(self._reasons.most_common()))

    def _begin_day(self) -> None:
        now_s = self._wall_clock()
        day = day_of(now_s)
        if day == self._day:
            return
        self._since_s = now_s
        if self._day:
            now = datetime.fromtimestamp(now_s, UTC).astimezone()
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
            self._since_s = midnight.timestamp()
        self._day, self._reasons = day, Counter()
