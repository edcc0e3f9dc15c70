"""The log's own thread: nobody who answers waits for a disk, and no last word is lost."""

import logging
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.waiting import until
from tray_app.store import log_queue as module
from tray_app.store.log_queue import Beside


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log's thread may be held up for as long as it is."""
    monkeypatch.setattr(module, "_FLUSH_S", 60.0)


class Slow(logging.Handler):
    """Writes nothing until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()
        self.said: list[tuple[str, str]] = []
        self.flushed: list[int] = []
        """How much was said each time."""

    def emit(self, record: logging.LogRecord) -> None:
        self.may.wait(30)
        self.said.append((record.getMessage(), threading.current_thread().name))

    def flush(self) -> None:
        self.flushed.append(len(self.said))


def record(text: object, level: int = logging.INFO) -> logging.LogRecord:
    return logging.LogRecord("x", level, __file__, 1, text, None, None)


def test_nobody_waits_for_a_disk_that_hangs() -> None:
    slow = Slow()
    log = Beside([slow])
    for number in range(100):
        log.handle(record(number))
    assert slow.said == []

    slow.may.set()
    log.close()

    assert slow.said == [(str(number), "log") for number in range(100)]


def test_a_disk_that_hangs_holds_up_once_and_what_is_too_much_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_FLUSH_S", 1.0)
    slow = Slow()
    log = Beside([slow])
    for number in range(2000):
        log.handle(record(number))
    log.handle(record("what broke", logging.ERROR))
    began_s = time.monotonic()
    for number in range(200):
        log.handle(record(f"over {number}", logging.ERROR if number % 2 else logging.INFO))
    # Each of them would wait a second.
    assert time.monotonic() - began_s < 60

    slow.may.set()
    until(lambda: slow.said[-1][0].startswith("disk=slow"))
    monkeypatch.setattr(module, "_FLUSH_S", 60.0)
    log.handle(record("well again", logging.ERROR))
    log.close()

    said = [text for text, _ in slow.said]
    lost = int(said[-2].removeprefix("disk=slow lines_lost="))
    assert said[:2000] == [str(number) for number in range(2000)]
    assert said[-1] == "well again"
    assert len(said) == 2201 - lost + 2


def test_what_is_said_is_put_together_in_the_logs_own_thread() -> None:
    class Late:
        def __str__(self) -> str:
            return threading.current_thread().name

    slow = Slow()
    slow.may.set()
    log = Beside([slow])
    log.handle(record(Late()))
    log.close()

    assert slow.said == [("log", "log")]


def test_an_error_is_written_when_whoever_logs_it_goes_on_and_after_all_before_it() -> None:
    slow = Slow()
    slow.may.set()
    log = Beside([slow])
    for number in range(100):
        log.handle(record(number))
    log.handle(record("last", logging.ERROR))

    assert [text for text, _ in slow.said] == [*map(str, range(100)), "last"]
    log.close()


def test_what_is_said_together_is_written_at_once_and_an_error_does_not_wait_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_GATHER_S", 600.0)
    slow = Slow()
    slow.may.set()
    log = Beside([slow])
    for number in range(100):
        log.handle(record(number))
    log.handle(record("last", logging.ERROR))
    assert slow.flushed[:1] == [100]

    # The thread may have taken the first already, with which it waits for more.
    for number in range(502):
        log.handle(record(number))
    until(lambda: slow.flushed[-1] > 101)
    log.flush()
    assert len(slow.said) == 603
    log.close()


def test_more_than_can_wait_is_neither_lost_nor_kept_in_memory() -> None:
    slow = Slow()
    slow.may.set()
    log = Beside([slow])
    for number in range(10_000):
        log.handle(record(number))
    log.close()

    assert [text for text, _ in slow.said] == [str(number) for number in range(10_000)]


def test_what_comes_after_the_end_is_written_at_once() -> None:
    slow = Slow()
    slow.may.set()
    log = Beside([slow])
    log.handle(record("before"))
    log.close()
    log.handle(record("after"))

    assert [text for text, _ in slow.said] == ["before", "after"]


ENDS = """
import logging, os, pathlib, sys
from tray_app.core.redact import Redactor
from tray_app.store import log_queue
from tray_app.store.logs import start_logging
log_queue._FLUSH_S = 60.0
start_logging(pathlib.Path(sys.argv[1]), "info", Redactor())
for number in range(100):
    logging.info("number %d", number)
if sys.argv[2] == "executed":
    logging.critical("anew")
    os.execv(sys.executable, [sys.executable, "-c", ""])
"""


def test_a_program_that_ends_or_is_replaced_has_said_all(tmp_path: Path) -> None:
    said = {}
    for how in ("ended", "executed"):
        folder = tmp_path / how
        folder.mkdir()
        subprocess.run([sys.executable, "-c", ENDS, str(folder), how], check=True, timeout=60)
        said[how] = (folder / "portico.log").read_text().splitlines()

    assert len(said["ended"]) == 100
    assert len(said["executed"]) == 101
    assert said["executed"][-1].endswith("anew")


def test_what_is_logged_in_the_middle_of_logging_waits_for_nothing_that_is_held() -> None:
    """A handler of a signal may log, and so may what is collected as rubbish, at every line."""
    slow = Slow()
    slow.may.set()
    log = Beside([slow])
    log.handle(record("first"))

    def interrupted(frame: FrameType, *_: object) -> Any:
        if frame.f_code.co_filename == module.__file__ or frame.f_code.co_name == "set":
            log.handle(record("between", logging.ERROR))
        return interrupted

    def logs() -> None:
        sys.settrace(interrupted)
        log.flush()

    logging_one = threading.Thread(target=logs, daemon=True)
    logging_one.start()
    logging_one.join(10)
    assert not logging_one.is_alive()
    assert ("between", logging_one.name) in slow.said
    log.close()


class Sluggish(Slow):
    """Takes everything at once, and as long as it is told to for the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.may.set()
        self.turns = threading.Semaphore(0)

    def flush(self) -> None:
        super().flush()
        self.turns.acquire(timeout=30)


def test_a_disk_that_hangs_again_before_it_has_caught_up_holds_up_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_FLUSH_S", 0.1)
    slow = Sluggish()
    log = Beside([slow])
    log.handle(record("one"))
    until(lambda: slow.flushed == [1])
    log.handle(record("two", logging.ERROR))
    monkeypatch.setattr(module, "_FLUSH_S", 60.0)

    for turn in range(2, 5):
        slow.turns.release()
        until(lambda: len(slow.flushed) == turn)  # noqa: B023
        began_s = time.monotonic()
        log.handle(record("more", logging.ERROR))
        assert time.monotonic() - began_s < 10
    slow.turns.release(100)
    log.close()
    assert [said for said, _ in slow.said] == ["one", "two", "more", "more", "more"]


class Broken(logging.Handler):
    """Fails at what it is told to."""

    def __init__(self, fails_at: str) -> None:
        super().__init__()
        self._fails_at = fails_at

    def emit(self, record: logging.LogRecord) -> None:
        if self._fails_at == "emit":
            raise BrokenPipeError(record.getMessage())

    def flush(self) -> None:
        if self._fails_at == "flush":
            raise BrokenPipeError


@pytest.mark.parametrize("fails_at", ["emit", "flush"])
def test_a_handler_that_fails_fails_neither_the_others_nor_whoever_logs(
    monkeypatch: pytest.MonkeyPatch, fails_at: str
) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    slow = Slow()
    slow.may.set()
    log = Beside([Broken(fails_at), slow])
    log.handle(record("one"))
    log.flush()
    log.handle(record("two", logging.ERROR))
    log.handle(record("three"))
    log.close()

    assert [said for said, _ in slow.said] == ["one", "two", "three"]
    assert slow.said[2][1] == "log"
