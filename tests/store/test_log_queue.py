"""The log's own thread: nobody who answers waits for a disk, and no last word is lost."""

import logging
import subprocess
import sys
import threading
import time
from pathlib import Path

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

    for number in range(501):
        log.handle(record(number))
    until(lambda: slow.flushed[-1] > 101)
    log.flush()
    assert len(slow.said) == 602
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
