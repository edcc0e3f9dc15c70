"""Logs: one line a record, no secrets, bounded, and never in anybody's way: see `log_queue`.

Secrets are taken out of the finished line, after arguments and tracebacks were put in: a filter on
a logger would miss what other loggers, exceptions and libraries write (measured: 2026-11-20).
"""

import contextlib
import logging
import os
import sys
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from tray_app.core.redact import Redactor

from .files import StoreError, open_private
from .log_queue import Beside

_FILE_BYTES = 2 << 20
_FILES = 4
_LINE_CHARS = 8192
_TAIL_CHARS = 3072
"""How much of the end of a long line stays: a traceback says there what it is about."""
_AT_ONCE_CHARS = 1 << 16
"""So much of the log is kept until it is flushed."""
_QUIET = ("asyncio", "aiohttp", "charset_normalizer")


class _OneLine(logging.Formatter):
    """A record as one line without secrets."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")
        self._redactor = redactor

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        moment = datetime.fromtimestamp(record.created, UTC)
        return moment.isoformat(timespec="milliseconds")

    def format(self, record: logging.LogRecord) -> str:
        line = self._redactor(self._told(record))
        if len(line) > _LINE_CHARS:
            line = f"{line[: _LINE_CHARS - _TAIL_CHARS]} … {line[-_TAIL_CHARS:]}"
        if line.isprintable():
            return line
        return "".join(
            char if char.isprintable() else char.encode("unicode_escape").decode() for char in line
        )

    def _told(self, record: logging.LogRecord) -> str:
        """What a record says; one whose arguments do not fit must not fail whoever wrote it."""
        try:
            return super().format(record)
        except Exception as error:  # noqa: BLE001  whatever an argument does when it is told
            why = type(error).__name__
            place = f"{record.module}:{record.lineno}"
            return f"{self.formatTime(record)} ERROR {record.name} log=misused at={place} {why}"


class _PrivateFile(RotatingFileHandler):
    """A rotating file that only its owner reads; a disk that refuses it is told once.

    Its lines are on the disk when it was flushed.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=_FILE_BYTES, backupCount=_FILES, delay=True)
        self.has_failed = False
        self._lines: list[str] = []
        self._chars = 0

    def _open(self) -> TextIOWrapper:
        opened = open_private(Path(self.baseFilename), os.O_WRONLY | os.O_APPEND)
        return TextIOWrapper(os.fdopen(opened, "ab"), "utf-8", "backslashreplace")

    def emit(self, record: logging.LogRecord) -> None:
        line = f"{self.format(record)}\n"
        self._lines.append(line)
        self._chars += len(line)
        if self._chars > _AT_ONCE_CHARS:
            self.flush()

    def flush(self) -> None:
        self.acquire()
        try:
            if self._lines:
                lines, self._lines, self._chars = "".join(self._lines), [], 0
                self._write(lines)
        except (OSError, ValueError, StoreError):
            self._tell()
        finally:
            self.release()

    def _write(self, lines: str) -> None:
        stream = self._current()
        if os.fstat(stream.fileno()).st_size + len(lines) > self.maxBytes:
            self.doRollover()
            stream = self._current()
        stream.write(lines)
        stream.flush()

    def _current(self) -> TextIOWrapper:
        """The open log, opened anew if its name means no file or another one now."""
        if self.stream is not None:
            with contextlib.suppress(FileNotFoundError):
                named = Path(self.baseFilename).lstat()
                if os.path.samestat(named, os.fstat(self.stream.fileno())):
                    return self.stream
            self.close()
        self.stream = stream = self._open()
        return stream

    def doRollover(self) -> None:  # noqa: N802
        """Move every file on by one; one that another program holds open moves none of them."""
        self.close()
        base = Path(self.baseFilename)
        names = [base, *(base.with_name(f"{base.name}.{at}") for at in range(1, _FILES + 1))]
        aside = base.with_name(f"{base.name}.new")
        base.replace(aside)
        with contextlib.suppress(OSError):
            for older, old in zip(names[:1:-1], names[-2:0:-1], strict=True):
                if old.exists():
                    old.replace(older)
        try:
            aside.replace(names[1])
        except OSError:
            aside.unlink(missing_ok=True)
            raise

    def close(self) -> None:
        try:
            super().close()
        except OSError:
            self._tell()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        self._tell()

    def _tell(self) -> None:
        if self.has_failed:
            return
        self.has_failed = True
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write("portico: the log cannot be written. Check the disk.\n")


def start_logging(folder: Path, level: str, redactor: Redactor, *, stderr: bool = False) -> None:
    """Log to a file of this folder, and to stderr if wanted; what was set up before is replaced.

    Args:
        folder: Must exist.
        level: A name; one that is none means info.
        redactor: Takes the secrets out; may learn more of them later.
        stderr: Also to stderr, where there is one.
    """
    stop_logging()
    logging.raiseExceptions = False
    handlers: list[logging.Handler] = [
        _PrivateFile(folder / "portico.log"),
    ]
    if stderr and sys.stderr is not None:
        handlers.append(logging.StreamHandler(sys.stderr))
    root = logging.getLogger()
    for handler in handlers:
        handler.setFormatter(_OneLine(redactor))
    root.addHandler(Beside(handlers))
    numbers = logging.getLevelNamesMapping()
    root.setLevel(numbers.get(level.upper(), logging.INFO))
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    logging.captureWarnings(capture=True)


def has_failed() -> bool:
    """Whether something that was said could not be written since the log was started."""
    besides = (one for one in logging.getLogger().handlers if isinstance(one, Beside))
    files = (file for one in besides for file in one.handlers if isinstance(file, _PrivateFile))
    return any(file.has_failed for file in files)


def stop_logging() -> None:
    """Close the log."""
    logging.captureWarnings(capture=False)
    root = logging.getLogger()
    for handler in tuple(root.handlers):
        if isinstance(handler, Beside):
            root.removeHandler(handler)
            handler.close()
