"""The tray by pystray in a real panel of X11."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import psutil
import pytest

from tests.desktop.pystray_child import COLOURS, STORM
from tests.desktop.xfce import Xfce, xfce
from tests.waiting import until

pytestmark = pytest.mark.desktop

WAIT_S = 10.0
IDLE_S = 3.0


class Child:
    """The tray in a process of its own."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.desktop.pystray_child"],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._lines: Queue[str] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def says(self) -> str:
        """The next line."""
        return self._lines.get(timeout=WAIT_S)

    def tell(self, line: str) -> None:
        """Have it do something, and wait until that is done."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.says() == "done"

    def switches(self) -> int:
        """How often any of its threads has begun to wait."""
        lines = [
            line
            for status in Path(f"/proc/{self.process.pid}/task").glob("*/status")
            for line in status.read_text().splitlines()
        ]
        return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary"))

    def end(self) -> None:
        """Be done with it."""
        self.process.kill()
        self.process.communicate()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line.strip())


@contextmanager
def child_of(environment: dict[str, str], folder: Path) -> Iterator[Child]:
    child = Child(environment, folder / "tray.log")
    try:
        yield child
    finally:
        child.end()


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Xfce]:
    """A panel of this test's own."""
    with xfce(tmp_path / "desktop") as started:
        yield started


@pytest.fixture
def tray(desktop: Xfce, tmp_path: Path) -> Iterator[Child]:
    """A tray that shows itself in that panel."""
    with child_of(desktop.environment, tmp_path) as child:
        child.tell("show calm")
        until(desktop.icon)
        yield child


def test_the_icon_sits_in_the_panel_and_shows_what_it_is_told(desktop: Xfce, tray: Child) -> None:
    until(lambda: desktop.colour() == COLOURS["running"])

    tray.tell("show busy")

    until(lambda: desktop.colour() == COLOURS["busy"])
    assert desktop.title() == "Portico – busy"


def test_a_click_is_told_even_after_one_that_failed(desktop: Xfce, tray: Child) -> None:
    desktop.click()
    assert tray.says() == "pressed 0"

    desktop.click()

    assert tray.says() == "pressed 0"
    assert "ValueError" in tray.log.read_text()


def test_a_storm_of_looks_ends_in_the_last_one(desktop: Xfce, tray: Child) -> None:
    begun_s = time.monotonic()
    tray.tell("storm")
    sys.stdout.write(f"{STORM} looks were taken in {time.monotonic() - begun_s:.3f} s\n")

    until(lambda: desktop.colour() == COLOURS["error"])
    until(lambda: "the last one" in desktop.title())
    assert desktop.is_panel_alive()
    desktop.click()
    assert tray.says() == "pressed 0"


def test_it_ends_when_told(tray: Child) -> None:
    begun_s = time.monotonic()
    tray.tell("stop")

    assert tray.says() == "over"
    assert time.monotonic() - begun_s < 1.0
    assert tray.process.wait(WAIT_S) == 0


def test_nothing_runs_while_nothing_changes(desktop: Xfce, tray: Child) -> None:
    process = psutil.Process(tray.process.pid)
    until(lambda: desktop.colour() == COLOURS["running"])
    time.sleep(1.0)

    spent, switches = process.cpu_times(), tray.switches()
    time.sleep(IDLE_S)
    later = process.cpu_times()

    used_s = later.user + later.system - spent.user - spent.system
    sys.stdout.write(f"idle: {used_s:.2f} s of processor time in {IDLE_S:.0f} s\n")
    assert tray.switches() - switches < IDLE_S
    assert used_s < 1.0


def test_without_a_panel_it_lives_and_ends_all_the_same(tmp_path: Path) -> None:
    with xfce(tmp_path / "bare", panel=False) as bare, child_of(bare.environment, tmp_path) as tray:
        tray.tell("show calm")
        tray.tell("notify something")
        until(lambda: "notice=unshown" in tray.log.read_text())
        assert bare.icon() is None

        tray.tell("stop")

        assert tray.says() == "over"


def test_a_panel_that_starts_anew_gets_the_icon_again(desktop: Xfce, tray: Child) -> None:
    desktop.stop_panel()
    until(lambda: desktop.icon() is None)

    desktop.start_panel()

    until(desktop.icon)
    until(lambda: desktop.colour() == COLOURS["running"])
    desktop.click()
    assert tray.says() == "pressed 0"


def test_a_screen_that_goes_away_ends_it(desktop: Xfce, tray: Child) -> None:
    desktop.stop()

    assert tray.says() == "over"
    assert tray.process.wait(WAIT_S) == 0
    assert "tray=lost" in tray.log.read_text()
