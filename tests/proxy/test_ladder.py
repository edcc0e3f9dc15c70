"""By whom a call is made: the page, or we ourselves until the site asks for a person there."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.harness import Reply, Running, running
from tests.paper import PaperWindow, windowed
from tests.waiting import until
from tray_app.core.session import Session
from tray_app.practice import PracticeSite, acts
from tray_app.proxy import brakes
from tray_app.proxy.ladder import CLOSED_S, Ladder, PageSide
from tray_app.store.settings import Settings, TransportName

COMPLETIONS = "/api/v2/chat/completions"
AUTO = Settings(start_spacing_s=0.0, transport="auto", parallel_answers=4)
DIRECT = Settings(start_spacing_s=0.0, transport="direct")


@pytest.fixture(autouse=True)
def _no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brakes, "CAREFUL_SPACING_S", 0.0)


class Clock:
    """Monotonic seconds that can be moved."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead_s


@contextmanager
def either(
    site: PracticeSite, settings: Settings, **parts: object
) -> Iterator[tuple[Running, PaperWindow]]:
    """A proxy with a window, at a site that takes calls of both."""
    with windowed(site, settings=settings, **parts) as (proxy, window):
        site.page_only = False
        yield proxy, window


def told(proxy: Running) -> tuple[str, str]:
    transport = proxy.control("status")["transport"]
    return transport["way"], transport["why"]


def agents(site: PracticeSite, path: str = COMPLETIONS) -> list[str]:
    """Who made each call, by what it says of itself."""
    return [
        (heard.request.header("user-agent") or "").partition("/")[0]
        for heard in site.heard_on(path)
    ]


def test_the_page_makes_every_call_of_the_session_it_has(site: PracticeSite) -> None:
    with windowed(site) as (proxy, _):
        assert proxy.chat().status == 200
        site.wait_until(lambda: not site.chats)

        assert told(proxy) == ("page", "window")
        assert set(agents(site, "/api/")) == {"Paper"}


def test_a_session_that_was_pasted_needs_no_page(site: PracticeSite) -> None:
    window = PaperWindow(site)
    with running(site, window=window) as proxy:
        assert proxy.chat().status == 200
        assert told(proxy) == ("direct", "pasted")
        assert window.opened == 0
    window.stop()


def test_our_own_calls_carry_the_windows_cookies_but_for_the_one_that_renews(
    site: PracticeSite,
) -> None:
    with either(site, DIRECT) as (proxy, window):
        assert proxy.chat().status == 200
        site.wait_until(lambda: not site.chats)

        assert told(proxy) == ("direct", "chosen")
        ours = [
            one.request
            for one in site.heard
            if "Portico" in (one.request.header("user-agent") or "")
        ]
        assert len(ours) >= 3
        renewing = window.browser.jar["refresh_token"]
        for request in ours:
            assert "refresh_token" not in request.cookies
            assert renewing not in str(request)
            assert request.cookies["acw_tc"] == window.browser.jar["acw_tc"]


@pytest.mark.parametrize("act", [acts.CHALLENGE, acts.CHALLENGE_PAGE, acts.HELD])
def test_a_check_in_our_own_call_closes_those_and_the_page_goes_on(
    site: PracticeSite, act: acts.Act
) -> None:
    with either(site, AUTO) as (proxy, window):
        assert proxy.chat("by us").status == 200
        assert told(proxy) == ("direct", "quiet")
        site.will(act)
        reply = proxy.chat("by the page")

        assert (reply.status, "by the page" in reply.text) == (200, True)
        assert agents(site) == ["Portico", "Portico", "Paper"]
        assert told(proxy) == ("page", "closed")
        assert window.shown == []
        transport = proxy.control("status")["transport"]
        assert CLOSED_S[0] - 10 < transport["direct_closed_s"] <= CLOSED_S[0]
        assert proxy.control("resume") is True
        assert told(proxy) == ("direct", "quiet")


def test_our_own_calls_stay_closed_for_longer_each_time(site: PracticeSite) -> None:
    clock = Clock()
    with either(site, AUTO, clock=clock) as (proxy, _):
        for length_s in (*CLOSED_S, CLOSED_S[-1]):
            site.will(acts.CHALLENGE)
            assert proxy.chat().status == 200
            clock.ahead_s += length_s - 30
            assert told(proxy) == ("page", "closed")
            clock.ahead_s += 40
            assert told(proxy) == ("direct", "quiet")
        clock.ahead_s += CLOSED_S[-1]
        site.will(acts.CHALLENGE)
        assert proxy.chat().status == 200
        clock.ahead_s += CLOSED_S[0] + 10
        assert told(proxy) == ("direct", "quiet")


@pytest.mark.slow
def test_a_check_that_the_page_shows_is_nothing_to_calls_of_our_own(site: PracticeSite) -> None:
    with either(site, AUTO) as (proxy, window):
        site.will(acts.say("one ", "two", pace_s=1.0))
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(proxy.chat(stream=True)))
        thread.start()
        site.wait_until(lambda: site.open_streams == 1)
        window.do(window._tell(check=True))

        assert proxy.chat("beside").status == 200
        assert window.shown == []
        thread.join(20)
        assert replies[0].text == "one two"


@pytest.mark.slow
def test_several_checks_in_our_own_calls_at_once_are_one(site: PracticeSite) -> None:
    with either(site, AUTO) as (proxy, window):
        site.will(*[acts.Slow(acts.CHALLENGE, seconds) for seconds in (0.5, 0.8, 1.1)])
        replies: list[Reply] = []
        threads = [threading.Thread(target=lambda: replies.append(proxy.chat())) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert [reply.status for reply in replies] == [200, 200, 200]
        assert window.shown == []
        assert proxy.control("status")["transport"]["direct_closed_s"] <= CLOSED_S[0]


def test_a_check_in_the_page_as_well_is_put_to_the_person(site: PracticeSite) -> None:
    with either(site, AUTO) as (proxy, window):
        site.will(acts.CHALLENGE, acts.CHALLENGE)
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(proxy.chat()))
        thread.start()
        until(lambda: proxy.control("status")["state"] == "asking")
        proxy.control("resume")
        thread.join(20)

        assert replies[0].status == 200
        assert len(window.shown) == 1


def test_a_check_in_calls_that_are_to_be_our_own_is_put_to_the_person(site: PracticeSite) -> None:
    with either(site, DIRECT) as (proxy, window):
        site.challenge("json")
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(proxy.chat()))
        thread.start()
        until(lambda: proxy.control("status")["state"] == "asking")
        window.answer()
        thread.join(20)

        assert replies[0].status == 200
        assert told(proxy) == ("direct", "chosen")


def test_the_list_of_models_opens_no_window(site: PracticeSite) -> None:
    site.page_only = True
    window = PaperWindow(site)
    window.sign_in()
    session = Session("eyJ.of.page", {}, time.time() + 900, by_window=True)
    window.die()
    with running(site, session=session, window=window) as proxy:
        opened = window.opened
        assert proxy.ask("GET", "/v1/models").status == 200

        assert window.opened == opened
        [listed] = site.heard_on("/api/models")
        assert listed.request.cookies == {}
        assert listed.request.header("authorization") is None
        assert agents(site, "/api/models") == ["Portico"]
    window.stop()


@pytest.mark.parametrize("mode", ["page", "auto", "direct"])
def test_without_a_window_its_session_is_of_no_use(site: PracticeSite, mode: TransportName) -> None:
    session = Session("eyJ.of.page", {}, time.time() + 900, by_window=True)
    settings = Settings(start_spacing_s=0.0, transport=mode)
    window = PaperWindow(site)
    window.lack("webview2")
    for there in (None, window):
        with running(site, session=session, settings=settings, window=there) as proxy:
            reply = proxy.chat()

            assert (reply.status, reply.code) == (401, "not_signed_in")
            assert "portico doctor" in reply.json()["error"]["message"]
            assert told(proxy)[1] == "no_window"
    window.stop()
    assert site.heard_on(COMPLETIONS) == []


def test_what_is_said_of_it_has_the_moment_it_became_so(site: PracticeSite) -> None:
    window = PaperWindow(site)
    session = Session("t", {}, by_window=True)
    mode: list[TransportName] = ["page"]
    ladder = Ladder(
        direct=_never(),
        page=PageSide(_never(), window, _never()),
        uploader=_never(),
        mode=lambda: mode[0],
        clock=time.monotonic,
    )
    seen = [ladder.status(None, 1.0), ladder.status(session, 2.0), ladder.status(session, 3.0)]
    mode[0] = "direct"
    seen.append(ladder.status(session, 4.0))

    assert [(one.way, one.why, one.since_s) for one in seen] == [
        ("direct", "nobody", 1.0),
        ("page", "window", 2.0),
        ("page", "window", 2.0),
        ("direct", "chosen", 4.0),
    ]
    assert {one.window for one in seen} == {"closed"}
    assert ladder.challenged(session) is False
    window.stop()


def _never() -> Any:
    """A part that nothing is asked of."""
    return object()
