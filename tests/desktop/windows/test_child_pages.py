"""A window's child whose page dies, hangs, or never comes to be."""

import pytest

from tests.desktop.screen import Screen, is_gone, screen_in
from tests.desktop.windows.views import STATUS, VIEWS
from tests.desktop.windows.window_child import Child, shown
from tests.waiting import until
from tray_app.desktop.windows.child import LOST_PAGE
from tray_app.desktop.windows.messages import Closed, Failed, Ping, Pong, Show

pytestmark = pytest.mark.desktop


def test_it_says_whether_its_page_works(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, STATUS)
    child.say(Ping(1))
    assert child.hear() == Pong(1)

    engine = [one for one in child.family() if "WebProcess" in one.name()]
    engine[0].kill()

    assert child.rest() == [Failed("lost_page"), Closed()]
    assert child.code() == LOST_PAGE


_WITHOUT_SCRIPT = """
import os, pathlib, sys
read = pathlib.Path.read_text
pathlib.Path.read_text = lambda file, *a, **k: "" if file.name == "page.js" else read(file, *a, **k)
sys.path.remove(os.path.dirname(__file__))
del sys.modules["bottle"]
import bottle
"""


def test_a_page_that_never_was_is_not_left_empty(screen: Screen, children: list[Child]) -> None:
    empty = screen.folder / "empty"
    empty.mkdir()
    (empty / "bottle.py").write_text(_WITHOUT_SCRIPT)
    child = Child(screen, "status", PYTHONPATH=str(empty))
    children.append(child)
    child.say(Show(STATUS))

    assert child.rest() == [Failed("lost_page"), Closed()]


def test_a_page_that_hangs_keeps_no_window_without_a_parent(
    screen: Screen, children: list[Child]
) -> None:
    child = shown(screen, children, STATUS)
    family = child.family()
    hanging = [one for one in family if "WebProcess" in one.name()]
    hanging[0].suspend()

    child.say(Ping(1))
    child.hang_up()

    assert child.code() == 0
    hanging[0].resume()
    until(lambda: all(map(is_gone, family)))


def test_a_window_is_no_larger_than_a_small_screen(
    tmp_path_factory: pytest.TempPathFactory, children: list[Child]
) -> None:
    with screen_in(tmp_path_factory.mktemp("small"), "1024x600x24") as small:
        child = shown(small, children, VIEWS["activity"])
        [window] = until(lambda: small.windows(VIEWS["activity"].title))
        told = small.run("xdotool", "getwindowgeometry", "--shell", window)
        sides = dict(line.split("=") for line in told.split())
        child.stop()
        children.clear()

    assert (int(sides["WIDTH"]), int(sides["HEIGHT"])) == (922, 510)
