"""The pages in the web engine that draws them, with a listener for what their policy refuses."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.desktop.screen import Screen
from tests.desktop.windows.views import (
    HOSTILE,
    PASTE,
    VIEWS,
    hostile_pane,
    hostile_question,
    hostile_status,
)
from tray_app.desktop.windows import NAMES, WindowName
from tray_app.desktop.windows.messages import Show, View, line
from tray_app.desktop.windows.page import page

pytestmark = pytest.mark.desktop
ROOT = Path(__file__).parents[3]
WITHIN_S = 30.0


_ENGINE = """
import json, sys, threading, time, webview
from tray_app.desktop.windows import engine
assert engine.missing(dict(DISPLAY="x")) is None
document, width, *scripts = json.load(sys.stdin)
window = webview.create_window("Page", html=document, width=width, text_select=True)
def drive():
    window.events.loaded.wait()
    def run(script):
        return window.run_js(script) if isinstance(script, str) else time.sleep(script)
    print(json.dumps([run(script) for script in scripts]))
    window.destroy()
threading.Thread(target=drive, daemon=True).start()
webview.start(gui="gtk", private_mode=True)
"""
_WATCH = """window.violated = [];
addEventListener("securitypolicyviolation", (event) => violated.push(event.violatedDirective));"""


def looked_at(
    screen: Screen, name: WindowName, *scripts: str | float, width: int = 800
) -> list[Any]:
    """What these scripts find in a page that also notes what its policy refuses.

    A number is a pause of so many seconds.
    """
    nonce = "n0nce"
    watch = f'<script nonce="{nonce}">{_WATCH}</script><style'
    document = page(name, nonce).replace("<style", watch, 1)
    ended = subprocess.run(
        [sys.executable, "-c", _ENGINE], cwd=ROOT, env=screen.environment,
        input=json.dumps([document, width, *scripts]), capture_output=True, text=True, check=True,
        timeout=WITHIN_S,
    )  # fmt: skip
    found: list[Any] = json.loads(ended.stdout)
    return found


def showing(view: View) -> str:
    said = json.loads(line(Show(view)))["view"]
    return f"portico.show({json.dumps(said)})"


@pytest.mark.parametrize("name", NAMES)
def test_no_page_does_what_its_policy_forbids(screen: Screen, name: WindowName) -> None:
    """S95"""
    press = "for (const one of document.querySelectorAll('button')) one.click()"
    forbidden = "document.head.append(document.createElement('style')); 1"
    tell = "JSON.stringify(violated)"
    scripts = (showing(VIEWS[name]), press, "1", tell, forbidden, "1", tell)

    found = looked_at(screen, name, *scripts)

    assert found[3] == "[]"
    assert "style-src" in found[6]


def test_what_an_answer_began_is_said_until_something_else_is_shown(screen: Screen) -> None:
    line = "document.querySelector('#busy').innerText.trim()"
    again = showing(msgspec.structs.replace(PASTE, facts=("That was wrong.",)))
    press = "document.querySelectorAll('#answers button')[{}].click()"
    safe, went_on = press.format(1), press.format(2)
    scripts: tuple[str | float, ...] = (
        showing(PASTE), line, went_on, 1.2, line, again, line, safe, line,
    )  # fmt: skip

    found = looked_at(screen, "question", *scripts)

    assert found[1] == ""
    assert found[4].split("\n")[0].startswith("Asking Qwen…")
    assert "0:01" in found[4]
    assert (found[6], found[8]) == ("", "")


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("status", hostile_status()),
        ("question", hostile_question()),
        ("connect", hostile_pane()),
    ],
)
def test_whatever_a_text_says_it_is_text(screen: Screen, name: WindowName, view: View) -> None:
    """S94, S95: that a record of the log is one line is shown in the store's tests."""
    told = json.dumps(HOSTILE)
    texts = f"JSON.stringify({told}.map((one) => document.body.textContent.includes(one)))"
    odd = "document.querySelectorAll('main img:not(#icon), main script, main a, main b').length"
    icon = "document.querySelector('#icon')?.getAttribute('src') ?? 'none'"
    tell = "JSON.stringify(violated)"

    found = looked_at(screen, name, showing(view), texts, odd, icon, tell)

    assert json.loads(found[1]) == [True for _ in HOSTILE]
    assert found[2:] == [0, "none", "[]"]


def test_what_was_wrong_stands_apart_and_is_spoken(screen: Screen) -> None:
    fault = "document.querySelector('[role=alert]').textContent"
    wrong = msgspec.structs.replace(PASTE, fault="There is no session in this.")

    found = looked_at(screen, "question", showing(PASTE), fault, showing(wrong), fault)

    assert (found[1], found[3]) == ("", "There is no session in this.")
