"""What becomes of a fault of the program itself: a report of where it was, and one sentence.

What an exception says is left out: its text may hold anything, a key or somebody's prompt. The
report has its kind, the places in the code, and what it came from.
"""

import contextlib
import errno
import logging
import platform
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from tray_app import __version__
from tray_app.core.redact import Redactor
from tray_app.startup import NO, complain
from tray_app.store import StoreError

_log = logging.getLogger(__name__)

_FRAMES = 40
"""So many calls of each exception are told, the last ones."""
_CHAIN = 8
"""So many exceptions that one came from are told."""
_ROOTS = ("tray_app", "site-packages", "dist-packages")


class Faults:
    """Reports the faults of this process, each place once.

    Args:
        logs: The folder of the reports; None where none can be written.
    """

    def __init__(self, logs: Path | None) -> None:
        self._logs = logs
        self._known: set[str] = set()

    def report(self, error: BaseException) -> int:
        """Write a report and say so; returns the exit code of a program that ends with it."""
        place = place_of(error)
        if place in self._known:
            return NO
        self._known.add(place)
        path = self._written(error)
        if logging.getLogger().handlers:
            thread = threading.current_thread().name
            _log.critical("fault=%s thread=%s report=%s", place, thread, path and path.name)
        told = f"A report without anything private is in {path}: send it" if path else "Send this"
        end = "" if path else f": {place}"
        return complain(
            f"Something inside Portico went wrong. {told} to whoever helps you{end}.", NO
        )

    def _written(self, error: BaseException) -> Path | None:
        from tray_app.store.reports import write_report

        if self._logs is None:
            return None
        now = datetime.now(UTC)
        with contextlib.suppress(OSError, StoreError):
            return write_report(self._logs, report_of(error, now), now)
        return None

    def note(self, error: BaseException) -> None:
        """Log a fault that ended nothing."""
        if logging.getLogger().handlers:
            _log.error("fault=%s ended=nothing", place_of(error))


@contextlib.contextmanager
def watching(logs: Path | None) -> Iterator[Faults]:
    """Have whatever nobody catches reported, in every thread, until the context ends."""
    faults = Faults(logs)
    before = sys.excepthook, threading.excepthook, sys.unraisablehook

    def uncaught(_: type[BaseException], error: BaseException, __: TracebackType | None) -> None:
        faults.report(error)

    def in_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None and not isinstance(told.exc_value, SystemExit):
            faults.report(told.exc_value)

    def unraisable(told: "sys.UnraisableHookArgs") -> None:
        if told.exc_value is not None:
            faults.note(told.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, in_thread, unraisable
    try:
        yield faults
    finally:
        sys.excepthook, threading.excepthook, sys.unraisablehook = before


def place_of(error: BaseException) -> str:
    """What kind of fault it is and where it came up, in a few words."""
    frames = _frames(error)
    return f"{_kind(error)} at {frames[-1] if frames else 'nowhere'}"


def report_of(error: BaseException, now: datetime) -> str:
    """The text of a report, without what the exception says."""
    lines = [
        f"Portico {__version__}{' (built)' if getattr(sys, 'frozen', False) else ''}",
        f"Python {platform.python_version()}, {platform.platform()}",
        f"{now:%Y-%m-%d %H:%M:%S} UTC, {_role()}, thread {threading.current_thread().name}",
    ]
    lines += [line for one, how in _chain(error) for line in ("", *_told(one, how))]
    return "\n".join(map(Redactor(), lines)) + "\n"


def _role() -> str:
    """What this process was started as; its other words may be anybody's."""
    words = [word.partition("=")[0] for word in sys.argv[1:3]]
    return " ".join(words if words[:1] == ["window"] else words[:1]) or "tray"


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """An exception and those that it came from, each once."""
    waiting: list[tuple[BaseException, str]] = [(error, "")]
    seen: set[int] = set()
    while waiting and len(seen) < _CHAIN:
        one, how = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one, how
        if one.__cause__ is not None:
            waiting.append((one.__cause__, "because of "))
        elif one.__context__ is not None and not one.__suppress_context__:
            waiting.append((one.__context__, "while handling "))
        if isinstance(one, BaseExceptionGroup):
            waiting += [(inner, "with ") for inner in one.exceptions]


def _told(error: BaseException, how: str) -> Iterator[str]:
    yield f"{how}{_kind(error)}"
    yield from (f"  {frame}" for frame in _frames(error)[-_FRAMES:])


def _kind(error: BaseException) -> str:
    """The name of an exception, and what of it is surely nothing private."""
    name = type(error).__qualname__
    number = error.errno if isinstance(error, OSError) else None
    return f"{name} {errno.errorcode.get(number, '')}".rstrip() if number else name


def _frames(error: BaseException) -> list[str]:
    from traceback import walk_tb

    return [
        f"{_file(frame.f_code.co_filename)}:{line} {frame.f_code.co_qualname}"
        for frame, line in walk_tb(error.__traceback__)
    ]


def _file(name: str) -> str:
    """A file of the code without the folders of this computer."""
    parts = Path(name).parts
    for root in _ROOTS:
        if root in parts[:-1]:
            return "/".join(parts[parts.index(root) + (root != _ROOTS[0]) :])
    return parts[-1] if parts else name
