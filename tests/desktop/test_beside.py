"""The program with a tray that has the main thread, as on Windows and macOS; here on X11."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desktop.running import Tray, tray
from tests.desktop.xfce import Xfce
from tests.waiting import until

pytestmark = pytest.mark.desktop


@pytest.fixture
def xfce(tmp_path: Path) -> Iterator[Xfce]:
    desktop = Xfce(tmp_path)
    desktop.start(panel=True)
    yield desktop
    desktop.stop()


def state(running: Tray) -> str:
    try:
        return str(json.loads(running.portico.say("status", "--json"))["state"])
    except AssertionError:
        return ""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_shows_an_icon_serves_opens_its_window_and_ends(
    xfce: Xfce, tmp_path: Path, number: int
) -> None:
    """R43"""
    with tray(xfce, tmp_path / "portico", environ={"PORTICO_TRAY": "pystray"}) as running:
        until(xfce.icon)
        until(lambda: state(running) == "running")
        until(lambda: "Practice mode" in xfce.title())
        xfce.click()
        until(lambda: running.has_window("Portico"))
        assert running.portico.chat(running.portico.say("key", "show"))[0] == 200
        assert running.end(number) == 0


def test_a_screen_that_is_lost_leaves_the_proxy(xfce: Xfce, tmp_path: Path) -> None:
    """R63"""
    with tray(xfce, tmp_path / "portico", environ={"PORTICO_TRAY": "pystray"}) as running:
        until(xfce.icon)
        until(lambda: state(running) == "running")
        xfce.stop()

        assert running.portico.chat(running.portico.say("key", "show"))[0] == 200
        assert running.end() == 0
