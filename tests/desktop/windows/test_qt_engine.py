"""The site's window in Qt's web engine, where that is installed: it does what WebKitGTK does."""

import importlib.util
import time
from collections.abc import Callable

import pytest

from tests.desktop.screen import Screen
from tests.desktop.windows.siting import PERSON, STATE, SiteChild, opened
from tests.waiting import until
from tray_app.desktop.windows.site_messages import (
    At,
    Check,
    Hide,
    Renew,
    Reveal,
    Stored,
    Usable,
    Visit,
)
from tray_app.practice import PracticeSite, acts

pytestmark = [
    pytest.mark.qt,
    pytest.mark.skipif(
        importlib.util.find_spec("PyQt6") is None, reason="pip install PyQt6 PyQt6-WebEngine qtpy"
    ),
]
QT = {
    "PYWEBVIEW_GUI": "qt",
    "QT_QPA_PLATFORM": "xcb",
    "QTWEBENGINE_DISABLE_SANDBOX": "1",
    "QTWEBENGINE_CHROMIUM_FLAGS": "--no-sandbox --disable-gpu",
}
Start = Callable[..., SiteChild]


def sign_in(child: SiteChild, screen: Screen) -> None:
    """Fill in the form by the keyboard; no screen reader sees into this engine here."""
    opened(child)
    window = until(lambda: screen.run("xdotool", "search", "--name", "Practice - http").split())
    screen.run("xdotool", "windowactivate", "--sync", window[-1])
    screen.run("xdotool", "mousemove", "640", "290")
    screen.run("xdotool", "click", "1")
    time.sleep(0.5)
    screen.run("xdotool", "type", "--delay", "40", PERSON[0])
    screen.keys("Tab")
    screen.run("xdotool", "type", "--delay", "40", PERSON[1])
    screen.keys("Return")
    child.signed_in()
    child.hear(Usable)


def test_the_whole_of_it_works_in_qt(practice: PracticeSite, start: Start, screen: Screen) -> None:
    child = start("/auth", more=QT)
    sign_in(child, screen)
    cookies = child.cookies()
    text = "漢字 \U0001f600 \u2028 </script> `${1}`"
    said = child.ask(text).ended()
    child.say(Hide())
    streams = [child.ask(f"hidden {at}") for at in range(4)]
    hidden = [stream.ended().why for stream in streams]
    long = child.fetch("POST", "/api/v2/chats/new", {"models": ["x" * (2 << 20)]})

    assert {"refresh_token", "acw_tc"} <= set(cookies)
    assert said.why == ""
    assert text in practice.heard_on("/api/v2/chat/completions")[0].request.body.decode()
    assert hidden == [""] * 4
    assert long.why == ""
    child.answers_ping()
    assert child.leave() == 0


def test_the_sign_in_is_there_again_in_qt_and_renews_itself(
    practice: PracticeSite, start: Start, screen: Screen
) -> None:
    first = start("/auth", more=QT)
    sign_in(first, screen)
    # The engine writes cookies down every half a minute.
    time.sleep(34.0)
    first.leave()

    again = start("/", more=QT, shown=False)
    opened(again)

    assert STATE in again.stored()
    practice.expire_tokens()
    again.say(Renew())
    again.hear(Stored)
    assert again.fetch("GET", "/api/v2/users/user/settings").why == ""


def test_a_check_is_seen_and_a_page_renewed_in_qt(
    practice: PracticeSite, start: Start, screen: Screen
) -> None:
    child = start("/auth", more=QT)
    sign_in(child, screen)
    chat = child.new_chat()
    practice.challenge("modal")
    held = child.ask("held back", chat)
    child.hear(Check, visible=True)
    child.say(Visit("/"))
    child.hear(At)

    assert held.ended().why == "left"
    practice.expire_tokens()
    child.say(Renew())
    child.hear(Stored)


def test_a_window_that_a_page_opens_ends_nothing_in_qt(
    practice: PracticeSite, start: Start
) -> None:
    """S98"""
    page = (
        '<script type="module" src="/qwen-chat-fe/0.3.12/js/main.js"></script>'
        "<script>setTimeout(() => { open('https://elsewhere.example/'); alert(1); confirm(1);"
        " location = 'file:///etc/passwd' }, 1000)</script>"
    )
    practice.on("page", acts.page(page))
    child = start("/auth", more=QT)
    child.hear(Usable)
    time.sleep(2.5)

    child.answers_ping()
    child.say(Reveal("Still here"))
    until(lambda: child.screen.windows("Still here.*"))
    assert set(child.urls()) == {f"{practice.origin}/auth"}
