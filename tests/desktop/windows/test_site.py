"""The site's window, in the real web engine, and a person who uses it."""

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.desktop.screen import Screen, is_gone
from tests.desktop.windows.siting import (
    COMPLETIONS,
    NEW,
    PERSON,
    STATE,
    SiteChild,
    opened,
    sign_in,
    site_of,
    typed,
)
from tests.waiting import until
from tray_app.desktop.windows.messages import Closed, Ping, Pong
from tray_app.desktop.windows.site_messages import (
    At,
    Check,
    Hidden,
    Hide,
    Opened,
    Renew,
    Reveal,
    Stored,
    Usable,
    Visit,
)
from tray_app.practice import PracticeSite

pytestmark = pytest.mark.desktop

Start = Callable[..., SiteChild]


def token_in(stored: dict[str, str]) -> str:
    token: str = json.loads(stored[STATE])["token"]
    return token


def test_a_person_signs_in_by_the_keyboard_and_it_is_told_at_once(
    screen: Screen, practice: PracticeSite, start: Start
) -> None:
    child = opened(start())
    typed(screen, *PERSON)

    practice.wait_until(lambda: practice.heard_on("/api/v2/auths/signin"))
    signed_in_s = time.monotonic()
    stored = child.signed_in(3.0)

    assert time.monotonic() - signed_in_s < 3.0
    assert token_in(stored).count(".") == 2
    assert child.urls() == [f"{practice.origin}/auth", f"{practice.origin}/"]
    assert practice.account["email"] == PERSON[0]


def test_a_guest_is_told_as_what_is_stored_before_anybody_signs_in(
    practice: PracticeSite, start: Start
) -> None:
    practice.guest_first = True
    child = opened(start())
    guest = child.signed_in()

    practice.guest_first = False
    assert token_in(sign_in(child)) != token_in(guest)


def test_the_page_makes_calls_that_nobody_else_could(
    practice: PracticeSite, child: SiteChild
) -> None:
    answer = child.ask("hello").ended()

    assert answer.head is not None
    assert (answer.head.status, answer.why) == (200, "")
    assert answer.head.headers["content-type"].startswith("text/event-stream")
    assert answer.said()
    heard = practice.heard_on(COMPLETIONS)[0].request
    assert heard.header("x-practice-page")
    assert heard.header("authorization").startswith("Bearer ")  # type: ignore[union-attr]
    assert "Portico" not in str(heard.header("user-agent"))


def test_the_frame_says_whose_page_it_is(
    screen: Screen, practice: PracticeSite, start: Start
) -> None:  # fmt: skip
    """S98"""
    opened(start())

    until(lambda: screen.windows(re.escape(f"Practice - {practice.origin}")))


def test_a_window_that_begins_hidden_makes_calls_and_is_shown_later(
    screen: Screen, practice: PracticeSite, start: Start, child: SiteChild
) -> None:
    child.leave()
    again = opened(start("/", shown=False))

    assert again.ask("hello").ended().said()
    assert screen.windows("Practice.*") == []
    again.say(Reveal("Qwen asks"))

    until(lambda: screen.active() == f"Qwen asks - {practice.origin}")
    x, y = map(int, re.findall(r"Position: (-?\d+),(-?\d+)", screen.run(
        "xdotool", "getwindowgeometry", screen.windows("Qwen asks.*")[0]))[0])  # fmt: skip
    assert 0 <= x < 1280
    assert 0 <= y < 900
    again.say(Hide())
    until(lambda: screen.windows("Qwen asks.*") == [])
    again.say(Reveal("Once more"))
    until(lambda: screen.active() == f"Once more - {practice.origin}")
    assert again.ask("hello").ended().said()


def test_a_person_who_closes_the_window_only_hides_it(
    screen: Screen, practice: PracticeSite, child: SiteChild
) -> None:
    screen.keys("alt+F4")

    child.hear(Hidden)
    until(lambda: screen.windows("Practice.*") == [])
    assert child.ask("hello").ended().said()
    assert child.leave() == 0
    child.hear(Closed)


def test_it_comes_to_the_front_of_what_covers_it(
    screen: Screen, practice: PracticeSite, start: Start, tmp_path: Path
) -> None:
    below = opened(start())
    other = SiteChild(screen, site_of(practice), tmp_path / "other")
    try:
        opened(other)
        below.say(Reveal("Below"))

        until(lambda: screen.active() == f"Below - {practice.origin}")
    finally:
        other.stop()

