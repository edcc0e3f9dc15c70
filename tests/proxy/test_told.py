"""What clients are told in each state of the session and the transport, by app and by window."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from msgspec import Struct

from tests.harness import QUICK, Reply, Running, running
from tests.paper import PaperWindow, windowed
from tests.waiting import until
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits

Happens = Callable[[Running, PaperWindow], object]
HURRY = 4.0
SOON = Limits(asking_s=2.0, tick_s=0.2)
IMPATIENT = Limits(asking_s=2.0, headers_s=4.0, tick_s=0.2)
"""For who waits for what does not come."""


class Row(Struct, frozen=True):
    """A state, how it comes about, and what is told then."""

    name: str
    happens: Happens
    status: int
    code: str
    said: str
    in_app: bool = True
    in_window: bool = True
    retry_after: int | None = None
    limits: Limits = SOON


def nothing(_: Running, __: PaperWindow) -> None:
    """All is well."""


def ends(proxy: Running, _: PaperWindow) -> None:
    proxy.site.revoke()


def ages(proxy: Running, _: PaperWindow) -> None:
    proxy.site.expire_tokens()


def leaves(proxy: Running, _: PaperWindow) -> None:
    proxy.control("session", what="clear")


def is_guest(proxy: Running, window: PaperWindow) -> None:
    window.become_guest()
    until(lambda: proxy.control("session", what="show")["state"] == "guest")


def site_says(*script: acts.Act) -> Happens:
    return lambda proxy, _: proxy.site.will(*script)


def asks(proxy: Running, window: PaperWindow) -> None:
    if proxy.control("session", what="show")["by_window"]:
        proxy.site.challenge("json")
    else:
        proxy.site.will(acts.CHALLENGE)


def asked(proxy: Running, window: PaperWindow) -> None:
    asks(proxy, window)
    assert proxy.chat().code == "verification_needed"


def is_offline(proxy: Running, window: PaperWindow) -> None:
    proxy.site.stop()


def lacks(proxy: Running, window: PaperWindow) -> None:
    window.lack()


def hangs(proxy: Running, window: PaperWindow) -> None:
    window.is_hung = True


def closes(proxy: Running, window: PaperWindow) -> None:
    window.die()


ROWS = [
    Row("well", nothing, 200, "", ""),
    Row("renewed", ages, 200, "", ""),
    Row("nobody", leaves, 401, "not_signed_in", "Sign in to Qwen Chat from Portico"),
    Row("guest", is_guest, 401, "guest_session", "a guest's", in_app=False),
    Row("ended", ends, 401, "session_ended", "Sign in again"),
    Row("asked", asks, 503, "verification_needed", "person", retry_after=30),
    Row("held", site_says(acts.HELD), 503, "verification_needed", "person", retry_after=30),
    Row("paused", asked, 503, "cooling_down", "pauses for about 10 more min", retry_after=30),
    Row("empty", site_says(acts.EMPTY), 502, "upstream_empty", "answered nothing"),
    Row("no bytes", site_says(acts.Raw(b"")), 502, "upstream_empty", "answered nothing"),
    Row("limit", site_says(acts.refused("RateLimited", "daily usage limit", num=7)),
        429, "daily_limit", "7 hours"),
    Row("region", site_says(acts.refused("forbidden", "", 403)), 403, "account_forbidden",
        "refuses this account"),
    Row("changed", site_says(acts.refused("Bad_Request", "Something wrong with request!")),
        502, "protocol_changed", "Look for an update"),
    Row("too long", site_says(acts.refused("invalid_input", "maximum context length")),
        400, "context_length_exceeded", "maximum context length"),
    Row("silent", site_says(acts.Silence()), 504, "upstream_timeout", "in time", limits=IMPATIENT),
    Row("broken", site_says(acts.Drop(), acts.Drop()), 502, "upstream_disconnected", "Ask again"),
    Row("closed", closes, 200, "", "", in_app=False),
    Row("no engine", lacks, 401, "not_signed_in", "portico doctor", in_app=False),
    Row("hung", hangs, 504, "window_stuck", "Ask again", in_app=False),
    Row("offline", is_offline, 502, "upstream_unreachable", "internet connection"),
]  # fmt: skip
CASES = [(row, by) for row in ROWS for by in ("app", "window")
         if (row.in_app if by == "app" else row.in_window)]  # fmt: skip


@contextmanager
def signed_in(
    site: PracticeSite, by: str, limits: Limits = SOON
) -> Iterator[tuple[Running, PaperWindow]]:
    if by == "window":
        with windowed(site, hurry=HURRY, limits=limits) as made:
            yield made
        return
    window = PaperWindow(site)
    with running(site, hurry=HURRY, limits=limits) as proxy:
        yield proxy, window
    window.stop()


@pytest.mark.parametrize(("row", "by"), CASES, ids=[f"{row.name}-{by}" for row, by in CASES])
def test_each_state_is_told_in_one_sentence_and_one_action(
    site: PracticeSite, row: Row, by: str
) -> None:
    """R35, R36, R39"""
    with signed_in(site, by, row.limits) as (proxy, window):
        row.happens(proxy, window)
        reply = proxy.chat()

        assert reply.status == row.status, reply.body
        if row.status != 200:
            check_told(reply, row)


def check_told(reply: Reply, row: Row) -> None:
    error = reply.json()["error"]
    kind = Kind(row.code)
    assert error["code"] == row.code
    assert row.said in error["message"]
    assert error["message"].endswith(kind.row.advice)
    assert len(error["message"]) <= 240
    assert not re.search(
        r"<|https?://|x5sec|eyJ|_____tmd", error["message"].replace("chat.qwen.ai", "")
    )
    wait = reply.headers.get("retry-after")
    assert (None if wait is None else int(wait)) == row.retry_after
    assert (reply.headers.get("x-should-retry") == "false") is kind.row.hopeless


@pytest.mark.parametrize("by", ["app", "window"])
def test_a_stream_that_breaks_is_told_in_a_frame(site: PracticeSite, by: str) -> None:
    """R19"""
    with signed_in(site, by) as (proxy, _):
        site.will(acts.say("begun ", finished=False, then="cut"))
        reply = proxy.chat(stream=True)

        assert (reply.status, reply.text) == (200, "begun ")
        assert reply.error["code"] in {"upstream_disconnected", "upstream_truncated"}
        assert reply.frames[-1] == "[DONE]"


def test_what_a_pause_says_is_said_quickly_and_costs_the_site_nothing(site: PracticeSite) -> None:
    """R35"""
    with windowed(site, hurry=8.0, limits=SOON, settings=QUICK) as (proxy, window):
        asked(proxy, window)
        until(lambda: window.asks)
        before, replies, took_s = len(site.heard), [], []
        for _ in range(20):
            began_s = time.monotonic()
            replies.append(proxy.chat())
            took_s.append(time.monotonic() - began_s)

        assert {reply.code for reply in replies} == {"cooling_down"}
        # As a rule: the machine may hold up some of them.
        assert sorted(took_s)[5] < 0.05
        assert len(site.heard) == before
        assert ProxyError(Kind.COOLING_DOWN).wait_s == 30
