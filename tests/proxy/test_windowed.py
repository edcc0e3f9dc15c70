"""The session that a window has: taken up, renewed by its page, and kept without what renews it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.harness import QUICK, Reply, Running, running
from tests.paper import PaperWindow, windowed
from tests.rings import MemoryRing, keeper
from tests.waiting import until
from tray_app.compose import practice_site
from tray_app.core.errors import ProxyError
from tray_app.core.session import Session
from tray_app.practice import PracticeSite, acts
from tray_app.proxy import windowed as windowed_session
from tray_app.proxy.window import PageCookie
from tray_app.proxy.windowed import WindowedSession, session_with
from tray_app.upstreams.qwen import QWEN, SITE

MANY = QUICK.__class__(start_spacing_s=0.0, parallel_answers=8)
REFRESH = "/api/v2/auths/refresh"


@contextmanager
def ageing(**parts: Any) -> Iterator[tuple[Running, PaperWindow, list[float]]]:
    """A window that is signed in, and the clock that it, the site and the proxy go by."""
    now = [time.time()]
    site = PracticeSite(pace_s=0.0, clock=lambda: now[0])
    site.start()
    with windowed(site, wall_clock=lambda: now[0], **parts) as (proxy, window):
        yield proxy, window, now
    site.stop()


def ask(proxy: Running, count: int) -> list[Reply]:
    """So many requests at the same time."""
    replies: list[Reply] = []
    threads = [threading.Thread(target=lambda: replies.append(proxy.chat())) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return replies


def told(proxy: Running) -> str:
    found: str = proxy.control("session", what="show")["state"]
    return found


def token(proxy: Running) -> str:
    session = proxy.service.parts.person.owner.session
    assert session is not None
    return session.token


def test_however_many_wait_the_page_renews_once(site: PracticeSite) -> None:
    """R39"""
    with windowed(site, settings=MANY) as (proxy, window):
        site.expire_tokens()
        replies = ask(proxy, 5)

        assert [reply.status for reply in replies] == [200] * 5
        assert window.renewals == 1
        assert len(site.heard_on(REFRESH)) == 1


def test_a_token_that_ends_is_renewed_before_it_is_used() -> None:
    """R39"""
    with ageing(settings=MANY) as (proxy, window, now):
        now[0] += 896
        replies = ask(proxy, 3)

        assert [reply.status for reply in replies] == [200] * 3
        assert window.renewals == 1
        assert b"Token has expired" not in b"".join(reply.body for reply in replies)


def test_a_page_that_found_its_token_good_enough_is_loaded_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R39"""
    monkeypatch.setattr(windowed_session, "TAKES_S", 1.0)
    with ageing(settings=MANY) as (proxy, window, now):
        window.vain = 1
        now[0] += 896
        before = proxy.chat()
        now[0] += 10
        after = proxy.chat()

        assert [before.status, after.status] == [200, 200]
        assert window.renewals == 2
        assert len(window.site.heard_on(REFRESH)) == 1


def test_a_session_that_the_site_ended_is_said_to_be_for_all_who_wait(site: PracticeSite) -> None:
    """R39"""
    with windowed(site, settings=MANY) as (proxy, window):
        site.revoke()
        replies = ask(proxy, 5)

        assert {(reply.status, reply.code) for reply in replies} == {(401, "session_ended")}
        assert window.renewals == 1
        assert told(proxy) == "revoked"
        # Nobody asks the site again until somebody signs in.
        before = len(site.heard)
        assert proxy.chat().code == "session_ended"
        assert len(site.heard) == before


@pytest.mark.slow
def test_a_renewal_that_hangs_ends_in_time_and_ends_nothing_else(site: PracticeSite) -> None:
    """R39"""
    with windowed(site, settings=MANY) as (proxy, window):
        window.renew_s = 1.0
        site.on("refresh", acts.Silence())
        site.expire_tokens()
        began_s = time.monotonic()
        replies = ask(proxy, 3)

        assert {(reply.status, reply.code) for reply in replies} == {(504, "upstream_timeout")}
        assert time.monotonic() - began_s < 10
        assert told(proxy) == "signed_in"
        assert proxy.chat().status == 200


@pytest.mark.slow
def test_a_page_that_has_nothing_has_no_session(site: PracticeSite) -> None:
    """R39"""
    with windowed(site, hurry=8.0) as (proxy, window):
        window.renew_s = 1.0
        window.browser.storage.clear()
        window.browser.jar.clear()
        window.die()
        site.expire_tokens()

        assert proxy.chat().code == "session_ended"
        assert told(proxy) == "revoked"


def test_what_the_page_renewed_by_itself_is_taken_up(site: PracticeSite) -> None:
    ring = MemoryRing()
    with windowed(site, keeper=keeper(ring)) as (proxy, window):
        before = token(proxy)
        site.expire_tokens()
        window.go("/")
        until(lambda: token(proxy) != before)

        assert window.renewals == 0
        until(lambda: token(proxy) in str(ring.entries))


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (PaperWindow.sign_out_at_site, "session_ended"),
        (PaperWindow.become_guest, "guest_session"),
    ],
    ids=["signed out", "guest"],
)
def test_a_page_that_has_the_session_no_more_ends_it(
    site: PracticeSite, happens: Callable[[PaperWindow], None], code: str
) -> None:
    with windowed(site, hurry=8.0) as (proxy, window):
        happens(window)
        until(lambda: told(proxy) != "signed_in")
        before = len(site.heard)
        reply = proxy.chat()

        assert (reply.status, reply.code) == (401, code)
        assert len(site.heard) == before


def test_who_looks_at_the_page_to_sign_in_and_leaves_it_stays_signed_in() -> None:
    with ageing() as (proxy, window, now):
        window.go("/auth")
        # What the page said is heard by now.
        assert told(proxy) == "signed_in"
        window.go("/")
        assert told(proxy) == "signed_in"
        now[0] += 1200

        assert proxy.chat().status == 200
        assert told(proxy) == "signed_in"


def shown_at_sign_in(window: PaperWindow) -> None:
    """Let somebody sit before the page where people sign in."""
    window.show("/auth")
    until(lambda: window.status.state == "shown")


def renews_unseen(window: PaperWindow) -> None:
    """Have the page go home and renew its session, which is all seen at once."""
    window.do(window.browser.load_beside())
    window.do(window._tell(url=f"{window.site.origin}/"))


def test_a_hidden_page_that_was_left_at_the_sign_in_stays_signed_in(site: PracticeSite) -> None:
    """R39"""
    with windowed(site) as (proxy, window):
        before = token(proxy)
        site.expire_tokens()
        window.go("/auth")
        renews_unseen(window)
        until(lambda: token(proxy) != before)

        assert told(proxy) == "signed_in"
        assert proxy.chat().status == 200


def test_a_session_that_is_told_after_its_page_moved_on_is_asked_about_first(
    site: PracticeSite,
) -> None:
    """S99"""
    with windowed(site, hurry=8.0) as (proxy, window):
        shown_at_sign_in(window)
        before = dict(window.browser.storage)
        window.do(window.browser.sign_in("other@practice.example"))
        window.do(window._tell(url=f"{site.origin}/", stored=before))
        # What the page said is heard by now.
        assert told(proxy) == "signed_in"
        window.do(window._tell())
        until(lambda: told(proxy) == "revoked")


@pytest.mark.parametrize("how", ["goes home", "closes it"])
def test_who_left_the_page_to_sign_in_a_while_ago_stays_signed_in(
    site: PracticeSite, how: str
) -> None:
    now = [time.time()]
    with windowed(site, wall_clock=lambda: now[0]) as (proxy, window):
        shown_at_sign_in(window)
        if how == "closes it":
            window.close_by_person()
        else:
            window.do(window._tell(url=f"{site.origin}/"))
        assert told(proxy) == "signed_in"
        before, now[0] = token(proxy), now[0] + 5
        site.expire_tokens()
        renews_unseen(window)
        until(lambda: token(proxy) != before)

        assert told(proxy) == "signed_in"


def test_who_signs_in_by_way_of_another_site_is_asked_about_first(site: PracticeSite) -> None:
    """S99"""
    with windowed(site, hurry=8.0) as (proxy, window):
        shown_at_sign_in(window)
        window.do(window._tell(url="https://accounts.google.com/signin"))
        # What the page said is heard by now.
        assert told(proxy) == "signed_in"
        window.sign_in("other@practice.example")
        until(lambda: told(proxy) == "revoked")
        asked = proxy.control("session", what="adopt")

        assert asked == {"other": "other@practice.example", "before": "person@practice.example"}


@pytest.mark.parametrize(
    ("email", "told_first"),
    [("other@practice.example", "other"), ("person@practice.example", "account")],
)
def test_who_signs_in_over_a_session_is_asked_about_first_as_well(
    site: PracticeSite, email: str, told_first: str
) -> None:
    """S99"""
    with windowed(site, hurry=8.0) as (proxy, window):
        shown_at_sign_in(window)
        assert proxy.chat().status == 200
        site.wait_until(lambda: not site.chats)
        window.sign_in(email)
        until(lambda: told(proxy) == "revoked")
        before = len(site.heard)
        refused = proxy.chat()
        assert len(site.heard) == before
        asked = proxy.control("session", what="adopt")
        taken = proxy.control("session", what="adopt", confirmed=True)

        assert refused.code == "session_ended"
        assert asked[told_first] == email
        assert taken["account"] == email
        assert proxy.chat().status == 200
        # What the page renews from then on is taken up as ever.
        site.expire_tokens()
        renews_unseen(window)
        assert told(proxy) == "signed_in"
        assert proxy.chat().status == 200


@pytest.mark.parametrize("is_asked", [False, True])
def test_a_token_of_somebody_else_renews_nothing(site: PracticeSite, *, is_asked: bool) -> None:
    """S99"""
    with windowed(site, hurry=8.0) as (proxy, window):
        before = token(proxy)
        window.do(window.browser.sign_in("other@practice.example"))
        if is_asked:
            site.expire_tokens()
        else:
            window.do(window._tell())
            until(lambda: told(proxy) == "revoked")

        assert proxy.chat().code == "session_ended"
        assert (told(proxy), token(proxy)) == ("revoked", before)


async def test_cookies_of_somebody_else_go_with_no_call(site: PracticeSite) -> None:
    """S99"""
    with windowed(site) as (proxy, window):
        its = WindowedSession(window, SITE, QWEN, proxy.service.parts.person.owner, time.time)
        with pytest.raises(ProxyError, match="signed out"):
            await its.with_cookies(Session("theirs", {}, by_window=True, who="7"))


@pytest.mark.slow
def test_whoever_signs_in_after_that_is_asked_about_first(site: PracticeSite) -> None:
    with windowed(site, hurry=8.0) as (proxy, window):
        window.sign_out_at_site()
        until(lambda: told(proxy) == "revoked")
        window.sign_in("other@practice.example")
        proxy.let_pass(1.0)
        assert told(proxy) == "revoked"
        asked = proxy.control("session", what="adopt")
        still = told(proxy)
        taken = proxy.control("session", what="adopt", confirmed=True)

        assert asked == {"other": "other@practice.example", "before": "person@practice.example"}
        assert still == "revoked"
        assert taken["account"] == "other@practice.example"
        assert proxy.chat().status == 200


def test_the_keyring_gets_the_token_and_the_account_and_nothing_else(site: PracticeSite) -> None:
    ring = MemoryRing()
    with windowed(site, keeper=keeper(ring)) as (proxy, window):
        proxy.key = proxy.control("key", what="show")["secret"]
        assert proxy.chat().status == 200
        secrets = [value for name, value in window.browser.jar.items() if name != "x-ap"]
        kept = str(ring.entries)

        assert token(proxy) in kept
        assert not [secret for secret in secrets if secret in kept]
        session = proxy.service.parts.person.owner.session
        assert session is not None
        assert (session.cookies, session.own) == ({}, {})


def test_a_session_of_a_window_is_there_after_a_restart(site: PracticeSite) -> None:
    """R64"""
    ring = MemoryRing()
    with windowed(site, keeper=keeper(ring)) as (proxy, window):
        kept = token(proxy)
        jar, storage = dict(window.browser.jar), dict(window.browser.storage)
    window = PaperWindow(site)
    window.browser.jar, window.browser.storage = jar, storage
    with running(site, session=None, window=window, keeper=keeper(ring)) as proxy:
        proxy.key = proxy.control("key", what="show")["secret"]
        shown = proxy.control("session", what="show")

        assert (shown["state"], shown["by_window"]) == ("signed_in", True)
        assert shown["account"] == "person@practice.example"
        assert token(proxy) == kept
        assert window.opened == 0
        assert proxy.chat().status == 200
        assert window.opened == 1
    window.stop()


def cookie(name: str, domain: str) -> PageCookie:
    return PageCookie(name, f"{name} of {domain}", domain, everywhere=True)


def test_each_host_gets_its_own_cookies_and_nobody_the_one_that_renews() -> None:
    cookies = [
        cookie("acw_tc", "chat.qwen.ai"),
        cookie("acw_tc", "auth.qwen.ai"),
        cookie("cna", "qwen.ai"),
        cookie("refresh_token", "qwen.ai"),
        cookie("refresh_token", "auth.qwen.ai"),
    ]
    session = session_with(Session("t", {}, by_window=True), cookies, SITE)

    assert session.cookies_at("chat") == {
        "acw_tc": "acw_tc of chat.qwen.ai",
        "cna": "cna of qwen.ai",
    }
    assert session.cookies_at("auth")["acw_tc"] == "acw_tc of auth.qwen.ai"
    assert "refresh_token" not in {**session.cookies_at("chat"), **session.cookies_at("auth")}


def test_hosts_that_are_one_to_a_browser_share_its_cookies() -> None:
    site = practice_site("http://127.0.0.1:1", "http://127.0.0.1:2")
    session = session_with(Session("t", {}), [cookie("acw_tc", "127.0.0.1")], site)

    assert session.cookies_at("chat") == session.cookies_at("auth") == session.cookies
