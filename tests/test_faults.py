"""Faults that nobody caught, in real processes: what is told, and what never is."""

import logging
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.test_headless import environ
from tray_app.core.redact import Redactor
from tray_app.faults import Faults, place_of, report_of, watching
from tray_app.store.logs import start_logging, stop_logging

pytestmark = pytest.mark.slow

CANARY = "canary-7f3a9b1c5d2e"
BREAK = f"""
import sys
import tray_app.__main__ as program
{{how}}
def fail(*_, **__):
    raise ValueError("{CANARY}") from KeyError("{CANARY}")
sys.argv = ["portico", *{{words!r}}]
sys.exit(program.main())
"""
PLACES: dict[str, tuple[str, str, list[str]]] = {
    "commands": ("tray_app.commands", "run", ["status"]),
    "headless": ("tray_app.headless", "_run", ["--headless"]),
    "tray": ("tray_app.tray", "_serve", []),
    "window": ("tray_app.desktop.windows.child", "run", ["window", "status"]),
}
"""What to break, and how the program is started then."""
THREAD = f"""
import sys, threading
import tray_app.__main__ as program
import tray_app.headless as headless
serve = headless.Over.wait
def wait(over):
    def fail():
        raise RuntimeError("{CANARY}")
    for _ in range(3):
        failing = threading.Thread(target=fail, name="failing")
        failing.start()
        failing.join()
    serve(over)
headless.Over.wait = wait
sys.argv = ["portico", "--headless", "--practice", "--port", sys.argv[1]]
sys.exit(program.main())
"""


def broken(place: str) -> str:
    """A program of which this place fails."""
    module, name, words = PLACES[place]
    how = f"import {module} as there\nthere.{name} = lambda *_: fail()"
    return BREAK.format(how=how, words=words)


def started(home: Path, code: str, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *words], env=environ(home, {"DISPLAY": ":0"}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def everything(home: Path) -> str:
    """All that is in the files of a folder."""
    return "\n".join(
        path.read_bytes().decode(errors="replace") for path in home.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_fault_is_one_sentence_and_a_report_without_what_it_said(
    tmp_path: Path, place: str
) -> None:
    """S108, S106"""
    process = started(tmp_path, broken(place))
    words = PLACES[place][2]

    out, err = process.communicate(timeout=20)

    [report] = (tmp_path / "logs").glob("fault-*.txt")
    told = report.read_text()
    assert process.returncode == 1
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("portico: Something inside Portico went wrong. ")
    assert str(report) in err
    assert "ValueError\n" in told
    assert "because of KeyError" in told
    assert "tray_app/__main__.py:" in told
    assert f", {' '.join(words) or 'tray'}, " in told
    assert CANARY not in out + err + everything(tmp_path)


def test_a_thread_that_dies_is_reported_once_and_the_next_start_tells_of_it(tmp_path: Path) -> None:
    """S108, S106"""
    process = started(tmp_path, THREAD, str(free_port()))
    assert process.stdout is not None
    ready = process.stdout.readline()
    process.terminate()
    _, err = process.communicate(timeout=20)
    again = started(tmp_path, THREAD.replace("range(3)", "range(0)"), str(free_port()))
    assert again.stdout is not None
    again.stdout.readline()
    again.terminate()
    _, told = again.communicate(timeout=20)

    [report] = (tmp_path / "logs").glob("fault-*.txt")
    assert ready.startswith("Portico ready")
    assert process.returncode == 0
    assert err.count("went wrong") == 1
    assert "Something inside Portico went wrong lately." in told
    assert str(report) in told
    assert "fault=RuntimeError at <string>:" in (tmp_path / "logs" / "portico.log").read_text()
    assert CANARY not in err + told + everything(tmp_path)


def test_a_process_without_any_stream_reports_as_well(tmp_path: Path) -> None:
    """S108, R60"""
    silent = "import sys; sys.stdin = sys.stdout = sys.stderr = None\n"
    process = started(tmp_path, silent + broken("headless"))

    out, err = process.communicate(timeout=20)

    assert (process.returncode, out, err) == (1, "", "")
    assert len(list((tmp_path / "logs").glob("fault-*.txt"))) == 1


def raised(error: Exception) -> Exception:
    """The same, after it came up."""
    try:
        raise error
    except Exception as caught:  # noqa: BLE001  whatever came up is what was asked for
        return caught


def test_every_fault_that_one_came_from_is_named_and_nothing_that_it_said() -> None:
    inner = raised(OSError(28, CANARY, f"/home/{CANARY}"))
    outer = raised(ExceptionGroup(CANARY, [ValueError(CANARY), inner]))
    outer.__context__ = raised(UnicodeDecodeError(CANARY, b"x", 0, 1, CANARY))

    told = report_of(outer, datetime.now(UTC))

    for line in ("ExceptionGroup", "with ValueError", "with OSError ENOSPC",
                 "while handling UnicodeDecodeError", "  test_faults.py:"):  # fmt: skip
        assert line in told
    assert CANARY not in told


def test_a_fault_that_never_came_up_has_no_place() -> None:
    assert place_of(ValueError(CANARY)) == "ValueError at nowhere"


def test_a_fault_without_end_is_told_in_part() -> None:
    def deeper() -> None:
        deeper()

    with pytest.raises(RecursionError) as caught:
        deeper()

    assert len(report_of(caught.value, datetime.now(UTC)).splitlines()) < 60


def test_what_cannot_be_written_is_told_where_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file")

    assert Faults(tmp_path / "logs").report(raised(KeyError(CANARY))) == 1
    assert Faults(None).report(raised(KeyError(CANARY))) == 1

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("Send this to whoever helps you: KeyError at " in line for line in lines)


class _Failing:
    def __del__(self) -> None:
        raise KeyError(CANARY)


def test_what_ends_nothing_is_a_line_of_the_log(tmp_path: Path) -> None:
    start_logging(tmp_path, "info", Redactor())
    try:
        with watching(tmp_path):
            assert threading.excepthook.__module__ == "tray_app.faults"
            _Failing()
            logging.getLogger("next").info("next")
    finally:
        stop_logging()

    first, _ = (tmp_path / "portico.log").read_text().splitlines()
    assert "fault=KeyError at " in first
    assert CANARY not in first
    assert threading.excepthook.__module__ != "tray_app.faults"
    assert list(tmp_path.glob("fault-*")) == []
