"""What a window does on its way out, and when there is more to say than it has room for."""

import pytest
from msgspec.structs import replace

from tests.desktop.screen import Screen
from tests.desktop.windows.views import QUESTION, SETTINGS
from tests.desktop.windows.window_child import Child, shown
from tests.waiting import until
from tray_app.desktop.windows.messages import Closed, Pressed, Show

pytestmark = pytest.mark.desktop


@pytest.mark.parametrize(
    ("tabs", "told"), [(4, Pressed("set:number", "81")), (6, Pressed("set:text", "81"))]
)
def test_what_was_typed_is_told_by_a_window_that_the_person_closes(
    screen: Screen, children: list[Child], tabs: int, told: Pressed
) -> None:
    child = shown(screen, children, SETTINGS)
    until(lambda: screen.active() == SETTINGS.title)

    screen.keys(*["Tab"] * tabs, "ctrl+a", "8", "1", "alt+F4")

    assert child.rest() == [told, Closed()]
    assert child.code() == 0


def test_what_nobody_changed_is_not_told(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, SETTINGS)
    until(lambda: screen.active() == SETTINGS.title)

    screen.keys(*["Tab"] * 4, "alt+F4")

    assert child.rest() == [Closed()]


def test_a_page_that_hangs_is_closed_all_the_same(screen: Screen, children: list[Child]) -> None:
    child = shown(screen, children, SETTINGS)
    until(lambda: screen.active() == SETTINGS.title)
    [hanging] = [one for one in child.family() if "WebProcess" in one.name()]
    hanging.suspend()

    screen.keys("alt+F4")

    until(lambda: not screen.windows(SETTINGS.title), 5)
    hanging.resume()
    assert child.rest()[-1] == Closed()


def test_a_question_that_has_more_to_say_keeps_its_answers_in_sight(
    screen: Screen, children: list[Child]
) -> None:
    child = shown(screen, children, QUESTION)
    until(lambda: screen.active() == QUESTION.title)
    _, _, before, _ = screen.find("Allow", "button")
    longer = replace(QUESTION, text="It could ask anything in your name.\n" * 12, field="Paste it")

    child.say(Show(longer))

    def bottoms() -> tuple[int, int]:
        geometry = screen.run("xdotool", "getactivewindow", "getwindowgeometry", "--shell")
        place = dict(one.split("=") for one in geometry.split())
        _, _, (_, y, _, height), _ = screen.find("Allow", "button")
        return y + height, int(place["Y"]) + int(place["HEIGHT"])

    until(lambda: screen.find("Allow", "button")[2][1] != before[1])
    until(lambda: bottoms()[0] <= bottoms()[1] <= 900)
