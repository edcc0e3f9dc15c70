"""The file of the statistics: every request for a while, and what each day came to for longer.

One process writes it and others may read meanwhile. Both counts are written in one transaction, so
they always agree, and a killed process leaves what was written before. A file that cannot be read,
is another program's or a newer Portico's is moved aside and never lost. A day is one of this
computer's calendar at the moment of the request, however long the clocks make it.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from tray_app.core.deeds import OK, Deed, Tally, step_of

from .files import StoreError, open_private

STEPS = (
    """
    CREATE TABLE deeds (
        id INTEGER PRIMARY KEY, day TEXT NOT NULL, at_s REAL NOT NULL, key TEXT NOT NULL,
        route TEXT NOT NULL, model TEXT NOT NULL, outcome TEXT NOT NULL,
        input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, estimated INTEGER NOT NULL,
        first_s REAL, took_s REAL NOT NULL, transport TEXT NOT NULL, calls INTEGER NOT NULL
    );
    CREATE INDEX deeds_by_day ON deeds (day);
    CREATE TABLE days (
        day TEXT, key TEXT, model TEXT, input_tokens INTEGER NOT NULL,
        output_tokens INTEGER NOT NULL, estimated INTEGER NOT NULL, calls INTEGER NOT NULL,
        PRIMARY KEY (day, key, model)
    ) WITHOUT ROWID;
    CREATE TABLE outcomes (
        day TEXT, key TEXT, model TEXT, outcome TEXT, requests INTEGER NOT NULL,
        PRIMARY KEY (day, key, model, outcome)
    ) WITHOUT ROWID;
    CREATE TABLE times (
        day TEXT, key TEXT, model TEXT, what TEXT, step INTEGER, requests INTEGER NOT NULL,
        PRIMARY KEY (day, key, model, what, step)
    ) WITHOUT ROWID
    """,
)
"""The statements that make a file of each version one of the next; with none there is no file."""
By = Literal["day", "key", "model"]
MARK = 0x506F7274
"""What SQLite calls the application's id: tells our files from those of others."""
CACHE_KIB = 256
"""So much of the file stays in memory."""
BUSY_S = 2.0
"""How long a reader of a file that has no write-ahead log may keep the writer waiting."""
_BESIDE = ("-wal", "-shm", "-journal")
_DEED = (
    "day, at_s, key, route, model, outcome, input_tokens, output_tokens, estimated, first_s,"
    " took_s, transport, calls"
)
_DAYS = (
    "INSERT INTO days VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
    " input_tokens = input_tokens + excluded.input_tokens,"
    " output_tokens = output_tokens + excluded.output_tokens,"
    " estimated = estimated + excluded.estimated, calls = calls + excluded.calls"
)
_OUTCOMES = (
    "INSERT INTO outcomes VALUES (?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET requests = requests + 1"
)
_TIMES = (
    "INSERT INTO times VALUES (?, ?, ?, ?, ?, 1) ON CONFLICT DO UPDATE SET requests = requests + 1"
)


class LedgerError(StoreError):
    """The file cannot be used now; `is_broken` where it never can be."""

    def __init__(self, reason: str, *, is_broken: bool = False) -> None:
        super().__init__(f"The statistics cannot be used: {reason}. Check the disk.")
        self.reason = reason
        self.is_broken = is_broken


class Ledger:
    """An open file, for its one writer; used and closed in one thread.

    Every method raises `LedgerError`.

    Args:
        path: A plain file; an empty one is begun.
        steps: What makes it one of this version.
    """

    def __init__(self, path: Path, steps: Sequence[str] = STEPS) -> None:
        with _told():
            self._file = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None)
        try:
            with _told():
                self._take_up(steps)
        except BaseException:
            self._file.close()
            raise

    def _take_up(self, steps: Sequence[str]) -> None:
        version = _version_of(self._file)
        if version is not None and version > len(steps):
            raise LedgerError("newer", is_broken=True)
        if version is not None and self._first("PRAGMA quick_check(1)") != "ok":
            raise LedgerError("corrupt", is_broken=True)
        # A folder that does not let it have a log beside it still lets it be written.
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = NORMAL")
        # What is written is hardly ever read again, so it need not stay in memory as well.
        self._file.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        if version != len(steps):
            with self._whole():
                for statement in ";".join(steps[version or 0 :]).split(";"):
                    self._file.execute(statement)
                self._file.execute(f"PRAGMA application_id = {MARK}")
                self._file.execute(f"PRAGMA user_version = {len(steps)}")

    def _first(self, question: str) -> object:
        return self._file.execute(question).fetchone()[0]

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """All of it or nothing."""
        self._file.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._file.execute("COMMIT")
        except BaseException:
            # A full disk may have ended it already.
            with suppress(sqlite3.Error):
                self._file.execute("ROLLBACK")
            raise

    def write(self, deeds: Iterable[tuple[str, Deed]], *, singly: bool = True) -> None:
        """Count requests, each with its day; all of them or none.

        Args:
            deeds: Oldest first.
            singly: Keep each of them too, and not only what their days come to.
        """
        with _told(), self._whole():
            for day, deed in deeds:
                self._count(day, deed)
                if singly:
                    self._keep(day, deed)

    def _count(self, day: str, deed: Deed) -> None:
        whose, run = (day, deed.key, deed.model), self._file.execute
        run(
            _DAYS,
            (*whose, deed.input_tokens, deed.output_tokens, deed.estimated, deed.calls),
        )
        run(_OUTCOMES, (*whose, deed.outcome))
        if deed.first_s is not None:
            run(_TIMES, (*whose, "first", step_of(deed.first_s)))
        if deed.outcome == OK:
            run(_TIMES, (*whose, "took", step_of(deed.took_s)))

    def _keep(self, day: str, deed: Deed) -> None:
        values = (
            day, deed.at_s, deed.key, deed.route, deed.model, deed.outcome, deed.input_tokens,
            deed.output_tokens, deed.estimated, deed.first_s, deed.took_s, deed.transport,
            deed.calls,
        )  # fmt: skip
        self._file.execute(
            f"INSERT INTO deeds ({_DEED}) VALUES ({', '.join('?' * len(values))})",  # noqa: S608
            values,
        )

    def tally(self, day: str) -> Tally:
        """What a day comes to."""
        with _told():
            return _tallies(self._file, day, day).get(day, Tally())

    def day_before(self, day: str) -> str:
        """The latest day before this one on which anything was counted; empty for none."""
        with _told():
            [[found]] = self._file.execute("SELECT max(day) FROM days WHERE day < ?", (day,))
        return found or ""

    def prune(self, first_deeds: str, first_days: str) -> None:
        """Forget the requests of days before the one, and the days before the other."""
        with _told(), self._whole():
            self._file.execute("DELETE FROM deeds WHERE day < ?", (first_deeds,))
            for table in ("days", "outcomes", "times"):
                self._file.execute(f"DELETE FROM {table} WHERE day < ?", (first_days,))  # noqa: S608

    def close(self) -> None:
        """Close it; what is in the log beside it is taken into the file."""
        with suppress(sqlite3.Error):
            self._file.close()


class Reader:
    """An open file for looking only, also while another process writes it.

    Every method raises `LedgerError`.
    """

    def __init__(self, file: sqlite3.Connection) -> None:
        self._file = file

    def tallies(self, first: str, by: By = "day") -> dict[str, Tally]:
        """What the days since this one come to: each day, or all that is of each key or model.

        In the order of their names, which for days is that of time.
        """
        with _told():
            return _tallies(self._file, first, "9999", by)

    def deeds(self, first: str) -> Iterator[tuple[str, Deed]]:
        """Every request since this day with its day, the oldest first."""
        with _told():
            found = self._file.execute(
                f"SELECT {_DEED} FROM deeds WHERE day >= ? ORDER BY id",  # noqa: S608
                (first,),
            )
            yield from map(_read, found)

    def latest(self, count: int) -> list[Deed]:
        """So many requests that ended last, the newest first."""
        with _told():
            found = self._file.execute(
                f"SELECT {_DEED} FROM deeds ORDER BY id DESC LIMIT ?",  # noqa: S608
                (count,),
            )
            return [_read(row)[1] for row in found]

    def worked(self) -> dict[str, float]:
        """When each model was last asked something that it answered, in unix seconds."""
        with _told():
            asked = "SELECT model, max(at_s) FROM deeds WHERE outcome = ? GROUP BY model"
            return dict(self._file.execute(asked, (OK,)).fetchall())


def _read(row: tuple[Any, ...]) -> tuple[str, Deed]:
    """A request with its day."""
    day, at_s, key, route, model, outcome, taken, given, guessed, *more = row
    first_s, took_s, transport, calls = more
    return (
        day,
        Deed(
            at_s, key, model, outcome, took_s, route, taken, given, bool(guessed), first_s,
            transport, calls,
        ),
    )  # fmt: skip


@contextmanager
def reading(path: Path) -> Iterator[Reader | None]:
    """The file for looking only; None where nothing was ever counted. Raises `StoreError`."""
    if not path.exists():
        yield None
        return
    with _told():
        file = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_S)
    try:
        version = _read_version(file)
        if version is not None and version != len(STEPS):
            age = "a newer" if version > len(STEPS) else "an older"
            raise StoreError(f"The statistics are of {age} Portico. Start the newest one once.")
        yield None if version is None else Reader(file)
    finally:
        file.close()


def open_ledger(
    path: Path,
    now: Callable[[], datetime],
    moved: Callable[[str, Path], None],
    steps: Sequence[str] = STEPS,
) -> Ledger:
    """The file for its one writer; raises `StoreError`.

    Args:
        path: Made where there is none, for its owner alone.
        now: UTC, for the name under which a file that cannot be used is kept.
        moved: Told why a file was moved aside, and where to.
        steps: What makes it one of this version.
    """
    _make(path)
    try:
        return Ledger(path, steps)
    except LedgerError as error:
        if not error.is_broken:
            raise
        moved(error.reason, move_aside(path, now()))
    _make(path)
    return Ledger(path, steps)


def move_aside(path: Path, now: datetime) -> Path:
    """Give a file another name, with what SQLite has beside it; raises `LedgerError`."""
    kept = path.with_name(f"{path.name}.kept-{now:%Y%m%dT%H%M%SZ}")
    try:
        # A log that stayed behind alone would be read into the next file.
        for beside in _BESIDE:
            with suppress(FileNotFoundError):
                path.with_name(path.name + beside).replace(f"{kept}{beside}")
        path.replace(kept)
    except OSError as error:
        raise LedgerError(type(error).__name__) from error
    return kept


def _make(path: Path) -> None:
    try:
        os.close(open_private(path, os.O_RDWR))
    except OSError as error:
        raise LedgerError(type(error).__name__) from error


def _read_version(file: sqlite3.Connection) -> int | None:
    """The same for people."""
    try:
        with _told():
            return _version_of(file)
    except LedgerError as error:
        if not error.is_broken:
            raise
        raise StoreError(
            "The statistics cannot be read. Start Portico: it keeps that file and begins a new one."
        ) from error


def _version_of(file: sqlite3.Connection) -> int | None:
    """The version of a file of ours; None for one that is not begun. Raises `LedgerError`."""
    # In one statement, so that a file that is begun meanwhile is not taken for somebody else's.
    [[mark, version, tables]] = file.execute(
        "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)"
        " FROM pragma_application_id, pragma_user_version"
    )
    if not (mark or version or tables):
        return None
    if mark != MARK:
        raise LedgerError("foreign", is_broken=True)
    return int(version)


def _tallies(file: sqlite3.Connection, first: str, last: str, by: By = "day") -> dict[str, Tally]:
    found: dict[str, Tally] = {}

    def rows(table: str, what: str, group: str) -> sqlite3.Cursor:
        asked = f"SELECT {by}, {what} FROM {table} WHERE day BETWEEN ? AND ? GROUP BY {group}"  # noqa: S608
        return file.execute(asked, (first, last))

    sums = "sum(input_tokens), sum(output_tokens), sum(estimated), sum(calls)"
    for name, *counts in rows("days", sums, f"{by} ORDER BY {by}"):
        tally = found[name] = Tally()
        tally.input_tokens, tally.output_tokens, tally.estimated, tally.calls = counts
    for name, outcome, requests in rows("outcomes", "outcome, sum(requests)", f"{by}, outcome"):
        found[name].outcomes[outcome] = requests
    for name, what, step, requests in rows(
        "times", "what, step, sum(requests)", f"{by}, what, step"
    ):
        counted = found[name].first if what == "first" else found[name].took
        counted[step] = requests
    return found


@contextmanager
def _told() -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        is_broken = code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
        raise LedgerError(name, is_broken=is_broken) from error
