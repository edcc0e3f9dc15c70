"""Windows, their processes and the one that starts them, on a real screen."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psutil
import pytest

from tests.desktop.screen import Screen, is_gone, screen_in
from tests.desktop.windows.views import QUESTION, STATUS, status
from tests.waiting import until
from tray_app.desktop.launcher import End, Launcher
from tray_app.desktop.windows import WindowName

pytestmark = pytest.mark.desktop
ROOT = Path(__file__).parents[2]
PING_S = 0.4


@pytest.fixture(scope="module")
def the_screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with screen_in(tmp_path_factory.mktemp("screen")) as started:
        yield started


@pytest.fixture
def screen(the_screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A screen that the processes of this test use."""
    for name, value in the_screen.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(ROOT)
    return the_screen


class Parent:
    """A launcher and what it told."""

    def __init__(self) -> None:
        self.pressed: list[tuple[WindowName, int | str, str]] = []
        self.ended: list[tuple[WindowName, End]] = []
        self.launcher = Launcher(
            lambda *told: self.pressed.append(told),
            lambda *told: self.ended.append(told),
            ping_s=PING_S,
        )


@asynccontextmanager
async def parent() -> AsyncIterator[Parent]:
    """A launcher that closes its windows in the end, and leaves no process."""
    started = Parent()
    try:
        yield started
    finally:
        await started.launcher.close_all()
        assert engines() == []


def family() -> list[tuple[psutil.Process, list[str]]]:
    """Every process that came from this one, with its command line."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            found.append((one, one.cmdline()))
    return found


def windows() -> list[psutil.Process]:
    return [one for one, words in family() if "window" in words]


def engines() -> list[psutil.Process]:
    return [one for one, words in family() if words and "WebKitWebProcess" in words[0]]


async def comes(holds: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait until it is so; what is asked may wait for other processes."""
    async with asyncio.timeout(within_s):
        while not await asyncio.to_thread(holds):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_window_opens_is_updated_and_closes(screen: Screen) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        assert here.launcher.is_open("status")
        await comes(lambda: "Quit" in screen.names())

        here.launcher.update("status", status(title="Portico has stopped"))
        await comes(lambda: screen.windows("Portico has stopped"))
        here.launcher.close("status")
        assert not here.launcher.is_open("status")

        await comes(lambda: not windows())
        assert here.ended == []


async def test_what_is_pressed_is_told_with_its_window(screen: Screen) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: screen.active() == STATUS.title)
        here.launcher.open("question", QUESTION)

        await comes(lambda: "Not now" in screen.names())
        await asyncio.to_thread(screen.keys, "Escape")
        await comes(lambda: here.pressed)
        here.launcher.close("question")
        await comes(lambda: not screen.windows(".*Let.*"))
        await asyncio.to_thread(screen.click, "Copy endpoint")

        await comes(lambda: len(here.pressed) == 2)
        assert here.pressed == [("question", "no", ""), ("status", 2, "")]


async def test_a_window_that_is_open_comes_to_the_front(screen: Screen) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: screen.active() == STATUS.title)
        here.launcher.open("question", QUESTION)
        await comes(lambda: screen.active() == QUESTION.title)

        here.launcher.open("status", status(title="Portico again"))

        await comes(lambda: screen.active() == "Portico again")
        assert len(windows()) == 2


async def test_a_window_that_the_person_closes_is_told_and_can_be_opened_again(
    screen: Screen,
) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: screen.active() == STATUS.title)
        await asyncio.to_thread(screen.keys, "alt+F4")
        await comes(lambda: here.ended)

        assert here.ended == [("status", "closed")]
        assert not here.launcher.is_open("status")
        here.launcher.open("status", STATUS)
        await comes(lambda: screen.windows(STATUS.title))


async def test_closing_and_opening_at_once_gives_a_new_window(screen: Screen) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: screen.windows(STATUS.title))

        here.launcher.close("status")
        here.launcher.open("status", status(title="Portico anew"))

        await comes(lambda: screen.windows("Portico anew") and not screen.windows(STATUS.title))
        assert here.launcher.is_open("status")


async def test_a_window_whose_page_died_is_started_anew(screen: Screen) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: "Quit" in screen.names())
        before = windows()[0].pid
        here.launcher.update("status", status(tip="It was told later"))
        engines()[0].kill()

        await comes(lambda: {one.pid for one in windows()} - {before})

        await comes(lambda: "It was told later" in screen.names())
        assert here.ended == []


async def test_a_window_whose_page_hangs_is_started_anew(screen: Screen) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: "Quit" in screen.names())
        before, page = windows()[0].pid, engines()[0]
        page.suspend()

        await comes(lambda: {one.pid for one in windows()} - {before})

        await comes(lambda: "Quit" in screen.names())
        assert is_gone(page)


async def test_a_window_that_is_well_is_left_alone(screen: Screen) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: "Quit" in screen.names())
        before = windows()[0].pid

        await asyncio.sleep(PING_S * 8)

        assert [one.pid for one in windows()] == [before]


async def test_a_window_that_dies_twice_is_not_tried_again(screen: Screen) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        for _ in range(2):
            await comes(lambda: "Quit" in screen.names())
            dying = windows()[0]
            dying.kill()
            await comes(lambda dying=dying: is_gone(dying))  # type: ignore[misc]

        await comes(lambda: here.ended)
        assert here.ended == [("status", "failed")]
        assert not here.launcher.is_open("status")


async def test_a_child_that_fails_at_its_start_is_told_of_in_the_log(
    screen: Screen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    (tmp_path / "webview").mkdir()
    (tmp_path / "webview" / "__init__.py").write_text("raise RuntimeError('a broken engine')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: here.ended)

    assert here.ended == [("status", "failed")]
    assert caplog.text.count("Something inside Portico went wrong") == 2
    assert "a broken engine" not in caplog.text


async def test_what_is_no_message_is_logged_and_left_out(
    screen: Screen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "print('noise', '{\"told\":\"run\"}', 'x' * 3_000_000, sep='\\n', flush=True)"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: "Quit" in screen.names())

        assert caplog.text.count("said something odd") >= 2
        assert "too long" in caplog.text
        assert here.launcher.is_open("status")


async def test_a_missing_engine_is_told_as_a_code_and_tried_once(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("DISPLAY")
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: here.ended)

        assert here.ended == [("status", "no_display")]
        assert caplog.text.count("missing=no_display") == 1
        assert not here.launcher.is_open("status")


async def test_the_loop_never_waits_for_a_window(screen: Screen) -> None:
    loop = asyncio.get_running_loop()
    longest_s = 0.0
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(engines)
        before_s = loop.time()
        engines()[0].suspend()
        for at in range(200):
            here.launcher.update("status", status(tip=f"{at}" * 1000))
            await asyncio.sleep(0.005)
            now_s = loop.time()
            longest_s, before_s = max(longest_s, now_s - before_s), now_s
    assert longest_s < 1.0


_PARENT = """
import asyncio
from tests.desktop.windows.views import STATUS
from tray_app.desktop.launcher import Launcher
async def main():
    Launcher(print, print).open("status", STATUS)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_window_outlives_its_parent(screen: Screen, number: int) -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT]) as started:
        try:
            until(lambda: screen.windows(STATUS.title))
            children = psutil.Process(started.pid).children(recursive=True)
            assert len(children) >= 3
        finally:
            started.send_signal(number)
    started.wait()

    until(lambda: all(map(is_gone, children)))
    assert not screen.windows(STATUS.title)


async def test_a_view_that_cannot_be_said_is_logged_and_the_last_one_stays(
    screen: Screen, caplog: pytest.LogCaptureFixture
) -> None:
    async with parent() as here:
        here.launcher.open("status", STATUS)
        await comes(lambda: "Quit" in screen.names())

        here.launcher.update("status", status(tip="x" * (1 << 20)))

        await comes(lambda: "cannot be told" in caplog.text)
        assert "Nobody waits" in await asyncio.to_thread(screen.names)
        assert os.getpid() not in [one.pid for one in windows()]
