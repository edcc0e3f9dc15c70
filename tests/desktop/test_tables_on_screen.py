"""Watching requests and models in a whole program on a real screen, opened from its menu."""

from pathlib import Path

import pytest

from tests.desktop.running import Tray
from tests.desktop.test_acts import running as running
from tests.desktop.test_panes import opened, press
from tests.waiting import until
from tray_app.desktop.words import Words

pytestmark = pytest.mark.desktop
EN = Words("en")


def focused(running: Tray) -> list[str]:
    return [name for _, name, _, states in running.eyes.read() if "focused" in states]


def walked_to(running: Tray, beginning: str) -> bool:
    """Whether something whose name begins like this is reached by the keyboard."""
    for _ in range(40):
        if any(name.startswith(beginning) for name in focused(running)):
            return True
        running.eyes.keys("Tab")
    return False


def test_a_request_appears_while_somebody_watches(running: Tray) -> None:
    opened(running, "Activity…", "Portico - Activity")
    until(lambda: "All apps" in running.eyes.names())
    key = running.portico.say("key", "show")

    running.portico.chat(key, "Hello")

    until(lambda: "default Requests in 30 days: 1" in running.eyes.names())
    press(running, "Keep texts for an hour")
    until(lambda: "Stop and forget" in running.eyes.names())
    running.portico.chat(key, "A question for the window")
    until(lambda: "default Requests in 30 days: 2" in running.eyes.names())
    assert walked_to(running, "Show: default, ")
    running.eyes.keys("space")
    assert walked_to(running, "Asked")
    running.eyes.keys("Escape")
    until(lambda: not running.has_window("Portico - Activity"))


def test_a_model_and_what_portico_is_are_looked_at(running: Tray) -> None:
    opened(running, "What models can do…", "Portico - Models")
    until(lambda: "Sees pictures" in running.eyes.names())
    press(running, "Ask Qwen for the list")
    until(lambda: [one for one in running.eyes.names() if one.startswith("Qwen offers")])
    running.eyes.keys("Escape")
    opened(running, "About and diagnostics…", "Portico - About")
    running.eyes.click("Diagnostics")
    press(running, "Gather it")

    until(lambda: "What would be saved" in running.eyes.names(), 60)
    press(running, "Save it")
    home = Path(running.environment["HOME"])
    [saved] = until(lambda: [*home.rglob("portico-diagnostics-*.txt")])
    assert "ok    windows: the web engine is there" in saved.read_text()


def test_a_session_is_pasted_in_a_window_and_what_is_wrong_with_it_is_told(
    running: Tray,
) -> None:
    running.portico.say("session", "clear")
    opened(running, "Activity…", "Portico - Activity")
    running.eyes.click("Bring a browser's session…")
    until(lambda: running.has_window(EN("ask.sign_in.title")))
    until(lambda: running.eyes.active() == EN("ask.sign_in.title"))

    running.eyes.run("xdotool", "type", "--delay", "30", "no session at all")
    running.eyes.click(EN("ask.sign_in.yes"))

    said = "There is no session in this."
    until(lambda: [one for one in running.eyes.names() if one.startswith(said)])
    assert running.has_window(EN("ask.sign_in.title"))
    running.eyes.keys("Escape")
    until(lambda: not running.has_window(EN("ask.sign_in.title")))
