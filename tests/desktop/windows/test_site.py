"""The site's window, in the real web engine, and a person who uses it."""

import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.desktop.screen import Screen, is_gone
from tests.desktop.windows.siting import (
    COMPLETIONS,
    PERSON,
    STATE,
    SiteChild,
    opened,
    sign_in,
    site_of,
    typed,
)
from tests.waiting import until
from tray_app.compose import practice_site
from tray_app.desktop.windows.messages import Closed, Ping, Pong
from tray_app.desktop.windows.site_messages import (
    Hidden,
    Hide,
    Opened,
    Renew,
    Reveal,
    Stored,
    Usable,
    Visit,
)
from tray_app.practice import PracticeSite, acts

pytestmark = pytest.mark.desktop

APP = '<p id="who"></p><script type="module" src="/qwen-chat-fe/0.3.12/js/main.js"></script>'
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
    until(lambda: child.urls() == [f"{practice.origin}/auth", f"{practice.origin}/"])
    assert practice.account["email"] == PERSON[0]


def test_a_guest_is_told_as_what_is_stored_before_anybody_signs_in(
    practice: PracticeSite, start: Start
) -> None:
    practice.guest_first = True
    child = start()
    guest = child.signed_in()
    child.hear(Usable)

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


def test_the_answers_of_a_page_come_while_it_is_still_loading(
    practice: PracticeSite, child: SiteChild
) -> None:
    """A slow part of a page holds up nobody; pywebview would wait for it."""
    practice.on("models", acts.Silence())
    practice.on("page", acts.page(f'{APP}<img src="/api/models">'))
    child.say(Visit("/"))

    child.hear(Usable)
    child.answers_ping(within_s=2.0)
    assert child.ask("hello").ended().said()


def test_a_site_that_does_not_answer_is_no_window_that_is_stuck(
    screen: Screen, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        origin = f"http://127.0.0.1:{silent.getsockname()[1]}"
        child = SiteChild(screen, practice_site(origin, origin), tmp_path / "profile")
        try:
            child.hear(Opened)
            child.answers_ping(within_s=2.0)
            screen.keys("alt+F4")
            child.hear(Hidden)
            assert child.call("GET", "/api/v2/user/info").ended(20.0).why == "unusable"
        finally:
            child.stop()


def test_the_sign_in_is_kept_from_one_window_to_the_next(
    practice: PracticeSite, start: Start, child: SiteChild, tmp_path: Path
) -> None:
    cookies = child.cookies()
    assert child.leave() == 0

    again = start("/", shown=False)
    assert again.signed_in()
    again.hear(Usable)

    assert again.cookies()["refresh_token"] == cookies["refresh_token"]
    assert again.ask("hello").ended().said()


def test_the_profile_is_for_nobody_else(child: SiteChild, tmp_path: Path) -> None:
    child.cookies()
    assert child.leave() == 0

    kept = [tmp_path / "profile", *(tmp_path / "profile").rglob("*")]
    modes = {path: path.stat().st_mode & 0o777 for path in kept}
    assert any(path.name == "cookies" for path in kept)
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode & 0o177 for path, mode in modes.items() if path.is_file()} == {0}


def test_nothing_listens_while_the_window_of_the_site_is_open(child: SiteChild) -> None:
    """S101"""
    family = child.family()
    assert child.ask("hello").ended().said()

    connections = [one for process in family for one in process.net_connections("inet")]

    assert len(family) >= 3
    assert connections
    assert [one for one in connections if one.status == "LISTEN" or not one.raddr] == []


def test_no_secret_is_in_a_command_line_an_environment_or_on_stderr(child: SiteChild) -> None:
    """S105"""
    stored = {key: value for _, one in child.told if isinstance(one, Stored)
              for key, value in one.values.items()}  # fmt: skip
    secret = [token_in(stored), *(one.value for one in child.cookies().values()), "a secret prompt"]
    assert child.ask("a secret prompt").ended().said()
    child.say(Visit("/"))
    child.hear(Usable)

    told = [[*one.cmdline(), *one.environ().values()] for one in child.family()]

    assert len(told) >= 3
    assert [one for one in secret if one in str(told)] == []
    child.leave()
    assert [one for one in secret if one in child.errors.read_text()] == []


def test_cookies_are_told_with_those_that_no_script_sees(
    practice: PracticeSite, child: SiteChild
) -> None:
    cookies = child.cookies()

    assert {"refresh_token", "token", "acw_tc", "cna", "x-ap"} <= set(cookies)
    assert {one.domain for one in cookies.values()} == {"127.0.0.1"}
    assert not any(one.everywhere for one in cookies.values())


def test_a_cookie_that_was_changed_is_told_as_it_is_now(
    practice: PracticeSite, child: SiteChild
) -> None:
    before = child.cookies()["refresh_token"]
    practice.expire_tokens()

    child.say(Visit("/"))
    child.signed_in()

    until(lambda: child.cookies()["refresh_token"].value != before.value)


def test_renewing_loads_the_page_anew(practice: PracticeSite, child: SiteChild) -> None:
    old = token_in(child.stored())
    practice.expire_tokens()

    child.say(Renew())

    until(lambda: token_in(child.stored()) != old)
    child.hear(Usable)
    assert child.ask("hello").ended().said()


def test_renewing_leaves_calls_alone_that_go_on(practice: PracticeSite, child: SiteChild) -> None:
    practice.pace_s = 0.2
    calling = child.ask("a long answer please " * 4).begun()
    old = token_in(child.stored())
    practice.expire_tokens()

    child.say(Renew())

    until(lambda: token_in(child.stored()) != old)
    assert calling.answer.why is None
    assert calling.ended().why == ""
    assert calling.answer.said()
    assert child.ask("hello").ended().said()


def test_a_page_that_died_answers_no_ping(child: SiteChild) -> None:
    page = child.web_process()
    page.kill()
    until(lambda: is_gone(page))

    child.say(Ping(1))

    assert child.is_silent(Pong, 2.0)


def test_a_window_is_not_without_a_parent(child: SiteChild) -> None:
    family = child.family()
    assert child.process.stdin is not None

    child.process.stdin.close()

    assert child.process.wait(8) == 0
    until(lambda: all(map(is_gone, family)))


def test_a_gateways_page_in_the_sites_place_is_left_before_the_next_call(
    practice: PracticeSite, child: SiteChild
) -> None:
    practice.on("page", acts.Whole(b"<h1>502 Bad Gateway</h1>", 502, "text/html"))
    child.say(Visit("/"))
    child.say(Hide())
    bare = child.hear(Usable)
    practice.on("page", acts.page(APP))

    said = child.ask("hello").ended().said()

    assert (bare.script, bool(said)) == ("", True)
    assert practice.heard_on(COMPLETIONS)[0].request.header("x-practice-page")


def test_a_site_without_its_script_is_asked_all_the_same(
    practice: PracticeSite, child: SiteChild
) -> None:
    practice.on("page", acts.page("<p>Other</p>"))
    child.say(Visit("/"))
    child.say(Hide())
    child.hear(Usable)

    first, second = child.ask("hello").ended(), child.ask("hello").ended()

    assert (bool(first.said()), bool(second.said())) == (True, True)
    # Another page was tried for the first, and is not again so soon.
    assert first.head_s < 14.0
    assert second.head_s < 5.0


def test_a_page_that_could_not_be_loaded_is_loaded_anew_for_a_later_call(
    practice: PracticeSite, child: SiteChild
) -> None:
    practice.on("page", acts.Raw(b"", head=b"no HTTP at all\r\n\r\n"))
    child.say(Visit("/"))
    child.say(Hide())
    vain = child.fetch("GET", "/api/models", bearer="")
    practice.on("page", acts.page(APP))

    assert vain.why == "unusable"
    assert child.ask("hello").ended().said()
