"""Calls that the window's page makes, as they arrive at the site and as they come back."""

import threading
import time

import pytest

from tests.harness import QUICK, Reply, Running
from tests.paper import PaperWindow, windowed
from tests.proxy.equals import Clock
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits

COMPLETIONS = "/api/v2/chat/completions"
NEW = "/api/v2/chats/new"
OURS = {
    "accept", "source", "version", "timezone", "x-request-id", "content-type", "x-accel-buffering",
}  # fmt: skip


def ended(window: PaperWindow) -> bool:
    """Whether the page has nothing more to do."""
    return not window._calls


def beside(proxy: Running, *, stream: bool = True) -> tuple[threading.Thread, list[Reply]]:
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(proxy.chat(stream=stream)))
    thread.start()
    return thread, replies


def test_a_call_has_the_headers_that_the_pages_own_code_sets_and_no_others(
    site: PracticeSite,
) -> None:
    """S116"""
    with windowed(site) as (proxy, window):
        proxy.chat(
            headers={"Cookie": "a=b", "X-Forwarded-For": "1.2.3.4", "Origin": "null"}, key=None
        )
        assert proxy.chat("Grüße, 世界 🙂 \u2028").text.endswith("Grüße, 世界 🙂 \u2028")
        until(lambda: ended(window))

        assert {name.lower() for call in window.made for name in call.headers} == OURS
        assert {call.bearer for call in window.made} == {"qwen_access_token_state"}
        assert proxy.key not in str(window.made)
        [asked] = site.heard_on(COMPLETIONS)
        assert asked.request.header("user-agent") == "Paper/1"


@pytest.mark.parametrize("path", ["completions", "new"])
def test_a_redirect_is_not_followed(site: PracticeSite, path: str) -> None:
    """S115"""
    with windowed(site, hurry=8.0) as (proxy, _):
        away = acts.Whole(b"", 302, headers=(("Location", "http://127.0.0.1:9/"),))
        site.on(path, away)
        reply = proxy.chat()

        assert (reply.status, reply.code) == (502, "upstream_redirect")


def test_a_whole_answer_that_is_too_large_is_not_read_to_its_end(site: PracticeSite) -> None:
    with windowed(site, limits=Limits(answer_bytes=10_000)) as (proxy, window):
        site.on("new", acts.Raw(b" " * 100_000, content_type="application/json", then="hang"))
        reply = proxy.chat()

        assert (reply.status, reply.code) == (502, "upstream_bad_response")
        until(lambda: ended(window))


def test_a_whole_answer_that_stops_in_the_middle_ends_in_time(site: PracticeSite) -> None:
    """R16"""
    settings = QUICK.__class__(start_spacing_s=0.0, first_event_timeout_s=1.0)
    with windowed(site, hurry=8.0, settings=settings) as (proxy, _):
        site.on("new", acts.Raw(b'{"success":', content_type="application/json", then="hang"))
        began_s = time.monotonic()
        reply = proxy.chat()

        assert (reply.status, reply.code) == (504, "upstream_timeout")
        assert time.monotonic() - began_s < 7


@pytest.mark.parametrize("path", ["completions", "new"])
def test_an_answer_that_does_not_begin_ends_in_time(site: PracticeSite, path: str) -> None:
    """R16"""
    with windowed(site, hurry=8.0, limits=Limits(headers_s=1.0)) as (proxy, window):
        site.on(path, acts.Silence())
        began_s = time.monotonic()
        reply = proxy.chat()

        assert (reply.status, reply.code) == (504, "upstream_timeout")
        # Its first event would be waited for that long.
        assert time.monotonic() - began_s < 7
        until(lambda: ended(window))


@pytest.mark.slow
def test_a_client_that_leaves_ends_the_call_of_the_page(site: PracticeSite) -> None:
    """R1"""
    with windowed(site, hurry=8.0) as (proxy, window):
        site.will(acts.say("one ", finished=False, then="hang"))
        body = b'{"model": "qwen3.7-plus", "stream": true, "messages": [{"role": "user"}]}'
        body = body.replace(b'"user"', b'"user", "content": "Hello"')
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:{proxy.port}\r\n"
            f"Authorization: Bearer {proxy.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        proxy.raw(head.encode() + body, timeout_s=1.0)
        left_s = time.monotonic()
        site.wait_until(lambda: site.open_streams == 0)

        assert time.monotonic() - left_s < 2
        until(lambda: ended(window))
        until(lambda: not site.chats)


def test_a_stall_in_the_page_ends_as_any_other(site: PracticeSite) -> None:
    """R18"""
    clock, limits = Clock(), Limits(tick_s=0.05)
    settings = QUICK.__class__(start_spacing_s=0.0, idle_timeout_s=20.0)
    with windowed(site, clock=clock, limits=limits, settings=settings) as (proxy, _):
        site.will(acts.say("one ", finished=False, then="hang"))
        thread, replies = beside(proxy)
        until(lambda: [one.first_s is not None for one in proxy.service.status.live] == [True])
        # What is still looked at when the clock is moved counts as heard just then.
        for _ in range(20):
            if thread.is_alive():
                clock.ahead_s += 21
                thread.join(1)
        [reply] = replies

        assert reply.text == "one "
        assert reply.error["code"] == "upstream_stalled"


def test_a_connection_of_the_page_that_breaks_is_told(site: PracticeSite) -> None:
    """R19"""
    with windowed(site, hurry=8.0) as (proxy, _):
        site.will(acts.Drop(), acts.say("one ", finished=False, then="reset"))
        first, second = proxy.chat(), proxy.chat(stream=True)

        assert (first.status, first.code) == (502, "upstream_disconnected")
        assert (second.text, second.error["code"]) == ("one ", "upstream_disconnected")


def test_a_window_that_does_not_answer_is_told(site: PracticeSite) -> None:
    """R65"""
    with windowed(site) as (proxy, window):
        window.is_hung = True
        reply = proxy.chat()
        window.is_hung = False

        assert (reply.status, reply.code) == (504, "window_stuck")
        assert proxy.chat().status == 200


@pytest.mark.slow
def test_answers_come_piece_by_piece(site: PracticeSite) -> None:
    with windowed(site) as (proxy, _):
        site.will(acts.say("begun ", "ended", pace_s=1.5))
        thread, replies = beside(proxy)
        site.wait_until(lambda: site.open_streams == 1)
        until(lambda: proxy.control("status")["queue"]["in_flight"] == 1)
        thread.join(20)

        assert replies[0].text == "begun ended"
