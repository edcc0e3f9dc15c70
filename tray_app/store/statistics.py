"""Statistics that survive: what was asked, how often, how long it took; never what it was about.

Whoever counts only notes; one thread writes, a moment later and many at a time, so neither an
answer nor a stop waits for a disk. What today comes to is kept in memory, so it is known at once,
and goes on being counted where the disk takes nothing: then that is logged once, and tried again.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from tray_app.core.deeds import DaySum, Deed, Tally

from .files import StoreError

if TYPE_CHECKING:
    from .ledger import By, Ledger

_log = logging.getLogger(__name__)

SINGLE_DAYS = 30
ROLLED_DAYS = 400
"""So long it is kept what a day came to."""
GATHER_S = 0.5
"""How long a request may wait for others to be written with."""
RETRY_S = 10.0
LAST_S = 0.5
"""How long the last writing may take at the end."""
WAITING = 10_000
"""So many requests wait for a disk that takes nothing; the oldest are not kept then."""
_LEAP_DAYS = 7


def day_of(at_s: float) -> str:
    """The day of a moment in unix seconds, by the calendar of this computer, as 2026-11-21."""
    return datetime.fromtimestamp(at_s, UTC).astimezone().date().isoformat()


def first_of(day: str, days: int) -> str:
    """The first of so many days of which `day` is the last."""
    return (date.fromisoformat(day) - timedelta(days - 1)).isoformat()


def _believed(today: str, before: str) -> str:
    """The day from which it is reckoned what is old.

    A clock may be wrong by years for a moment, so a leap counts for a few days only, until another
    day bears it out.

    Args:
        today: By the clock.
        before: The latest day before it on which anything was counted; empty for none.
    """
    return min(today, first_of(before, -_LEAP_DAYS)) if before else today


class _Due(Struct):
    """What the thread has to do at a time."""

    deeds: list[tuple[str, Deed]]
    """Emptied when they are written."""
    unread: tuple[str, ...]
    prune: tuple[str, int]
    """Today, and how many days of single requests are kept."""


class Statistics:
    """The statistics of one data folder; everything public returns at once, from any thread.

    Args:
        path: The file, which is made with the first request; None for memory alone.
        days: How long single requests are kept; 0 for not at all.
        retry_s: When a disk that took nothing is tried again.
    """

    def __init__(
        self, path: Path | None = None, days: int = SINGLE_DAYS, *, retry_s: float = RETRY_S
    ) -> None:
        self._path = path
        self._days = days
        self._retry_s = retry_s
        self._noticed = threading.Condition()
        self._tallies: dict[str, Tally] = {}
        self._unread: list[str] = []
        self._waiting: list[tuple[str, Deed]] = []
        self._today = ""
        self._pruned = ("", days)
        self._closing = False
        self._is_failing = False
        self._ledger: Ledger | None = None
        self._thread: threading.Thread | None = None

    def latest(self, count: int) -> list[Deed]:
        """So many requests that the file has, the newest first; raises `StoreError`.

        What was noted a moment ago may not be among them. It reads a disk, so whoever answers
        others calls it from another thread.
        """
        from .ledger import reading

        if self._path is None:
            return []
        with reading(self._path) as reader:
            return reader.latest(count) if reader else []

    def tallies(self, first: str, by: "By" = "day") -> dict[str, Tally]:
        """What the file has of the days since this one; called and failing as `latest`.

        By the names of days, keys or models, in their order.
        """
        from .ledger import reading

        if self._path is None:
            return {}
        with reading(self._path) as reader:
            return reader.tallies(first, by) if reader else {}

    @contextmanager
    def every(self) -> Iterator[Iterator[tuple[str, Deed]]]:
        """Every request that the file has with its day, the oldest first; called as `latest`.

        They are read one after the other, since there may be a million of them.
        """
        from .ledger import reading

        if self._path is None:
            yield iter(())
            return
        with reading(self._path) as reader:
            yield reader.deeds("") if reader else iter(())

    def worked(self) -> dict[str, float]:
        """When each model last answered, in unix seconds, as far as the file has it.

        Called and failing as `latest`.
        """
        from .ledger import reading

        if self._path is None:
            return {}
        with reading(self._path) as reader:
            return reader.worked() if reader else {}

    def note(self, deed: Deed) -> None:
        """Count a request that is over and is not changed any more."""
        day = day_of(deed.at_s)
        with self._noticed:
            self._today = day_of(deed.at_s + deed.took_s)
            self._tally(day).add(deed)
            if self._path is not None and not self._closing:
                self._waiting.append((day, deed))
                self._begin(self._path)

    def today(self, now_s: float) -> DaySum:
        """What the day of this moment, in unix seconds, came to so far."""
        day = day_of(now_s)
        with self._noticed:
            self._today = day
            return self._tally(day).sum_of(day)

    def keep_days(self, days: int) -> None:
        """From now on keep single requests for so long."""
        with self._noticed:
            self._days = days
            if self._path is not None and self._is_behind() and self._path.exists():
                self._begin(self._path)

    def close(self) -> None:
        """Write what is not written yet; nothing is written any more after that."""
        with self._noticed:
            self._closing = True
            self._noticed.notify_all()
        if self._thread is not None:
            self._thread.join(LAST_S)

    def _tally(self, day: str) -> Tally:
        """What is counted of a day; what the file has of it is added when that is read."""
        tally = self._tallies.get(day)
        if tally is None:
            tally = self._tallies[day] = Tally()
            if self._path is not None and not self._closing and self._path.exists():
                self._unread.append(day)
                self._begin(self._path)
        return tally

    def _begin(self, path: Path) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._run, args=(path,), name="portico-statistics", daemon=True
            )
            self._thread.start()
        self._noticed.notify_all()

    def _run(self, path: Path) -> None:
        while (due := self._next()) is not None:
            try:
                self._do(path, due)
            except (StoreError, OSError) as error:
                self._failed(error)
            except Exception:  # noqa: BLE001  the thread outlives whatever goes wrong
                _log.exception("statistics=lost requests=%d", len(due.deeds))
                due.deeds.clear()
            else:
                self._done(due)
            with self._noticed:
                self._waiting = [*due.deeds, *self._waiting][-WAITING:]
        self._let_go()

    def _next(self) -> _Due | None:
        """Sleep until something is to be done; None at the end."""
        with self._noticed:
            if self._is_failing:
                self._noticed.wait_for(lambda: self._closing, self._retry_s)
            self._noticed.wait_for(lambda: self._closing or self._is_behind())
            if not self._unread:
                self._noticed.wait_for(lambda: self._closing, GATHER_S)
            if not self._is_behind() or (self._closing and self._is_failing):
                return None
            deeds, self._waiting = self._waiting, []
            today = self._today or day_of(datetime.now(UTC).timestamp())
            return _Due(deeds, tuple(self._unread), (today, self._days))

    def _is_behind(self) -> bool:
        return bool(self._waiting or self._unread) or self._pruned[1] != self._days

    def _do(self, path: Path, due: _Due) -> None:
        """Read and write what is due; begins a new file where this one turns out to be broken."""
        from .ledger import LedgerError, move_aside

        try:
            self._catch_up(path, due)
        except LedgerError as error:
            if not error.is_broken:
                raise
            self._let_go()
            _moved(error.reason, move_aside(path, datetime.now(UTC)))
            self._catch_up(path, due)

    def _catch_up(self, path: Path, due: _Due) -> None:
        ledger = self._opened(path)
        for day in due.unread:
            before = ledger.tally(day)
            with self._noticed:
                if day in self._unread:
                    self._tallies[day].merge(before)
                    self._unread.remove(day)
        if due.deeds:
            ledger.write(due.deeds, singly=due.prune[1] > 0)
            # What goes wrong from here on must not have them counted twice.
            due.deeds.clear()
        if due.prune != self._pruned:
            today, days = due.prune
            believed = _believed(today, ledger.day_before(today))
            singles = first_of(believed if days else today, days)
            ledger.prune(singles, first_of(believed, ROLLED_DAYS))
            self._pruned = due.prune

    def _opened(self, path: Path) -> "Ledger":
        from .ledger import open_ledger

        if self._ledger is not None and not path.exists():
            # Somebody removed it, and means that.
            self._let_go()
        if self._ledger is None:
            self._ledger = open_ledger(path, lambda: datetime.now(UTC), _moved)
        return self._ledger

    def _let_go(self) -> None:
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def _failed(self, error: Exception) -> None:
        self._let_go()
        if not self._is_failing:
            self._is_failing = True
            reason = getattr(error, "reason", type(error).__name__)
            _log.warning("statistics=in-memory reason=%s", reason)

    def _done(self, due: _Due) -> None:
        if self._is_failing:
            self._is_failing = False
            _log.info("statistics=written")
        with self._noticed:
            if not self._waiting and not self._unread:
                # A day that comes again, after a jump of the clock, is read again.
                kept = {self._today, due.prune[0]}
                self._tallies = {day: one for day, one in self._tallies.items() if day in kept}


def _moved(reason: str, kept: Path) -> None:
    _log.warning("statistics=begun-anew reason=%s kept=%s", reason, kept.name)
