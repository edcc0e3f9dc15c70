"""What happens when the site asks for a person whom a window can ask: R35, R65."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import pytest

from tests.harness import QUICK, Reply, Running, running
from tests.paper import PaperWindow, windowed
from tests.proxy.equals import Held, steps
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.practice.checks import Shape
from tray_app.proxy import brakes
from tray_app.proxy.asking import COOKIE_S
from tray_app.proxy.limits import Limits

COMPLETIONS = "/api/v2/chat/completions"
SOON = Limits(commit_s=0.5, heartbeat_s=0.5, tick_s=0.2, sweep_s=0.2, sweep_again_s=0.2)
BRIEF = Limits(asking_s=1.5, tick_s=0.2, commit_s=0.5)
FOUR = QUICK.__class__(start_spacing_s=0.0, parallel_answers=4)


@pytest.fixture(autouse=True)
def _no_spacing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brakes, "CAREFUL_SPACING_S", 0.0)


class Crowd:
    """Requests at the same time."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.took_s: list[float] = []
        self._threads: list[threading.Thread] = []

    def ask(self, proxy: Running, text: str = "Hello", *, stream: bool = False) -> None:
        def run() -> None:
            began_s = time.monotonic()
            self.replies.append(proxy.chat(text, stream=stream))
            self.took_s.append(time.monotonic() - began_s)

        self._threads.append(threading.Thread(target=run))
        self._threads[-1].start()

    def gather(self) -> list[Reply]:
        for thread in self._threads:
            thread.join(30)
        assert len(self.replies) == len(self._threads)
        return self.replies


@contextmanager
def crowd() -> Iterator[Crowd]:
    made = Crowd()
    yield made
    made.gather()


def state(proxy: Running) -> str:
    found: str = proxy.control("status")["state"]
    return found


def asks(proxy: Running) -> None:
    until(lambda: state(proxy) == "asking")


def completions(site: PracticeSite) -> int:
    return len(site.heard_on(COMPLETIONS))


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("shape", ["json", "held", "html", "navigation", "modal"])
def test_whoever_met_a_check_gets_the_answer_after_the_person_has_answered(
    site: PracticeSite, shape: Shape, stream: bool
) -> None:
    """R35"""
    with windowed(site, limits=SOON) as (proxy, window), crowd() as people:
        site.challenge(shape)
        people.ask(proxy, "what was held up", stream=stream)
        asks(proxy)
        until(lambda: window.asks)
        assert proxy.control("status")["hold"]["kind"] == "asking"
        window.answer()
        [reply] = people.gather()

        assert reply.status == 200
        assert "what was held up" in reply.text
        # Once to meet the check, and once more after it; the page's own wall stands before both.
        assert completions(site) == (1 if shape == "html" else 2)
        assert site.calls_while_challenged == 0
        until(lambda: window.status.state == "hidden")
        until(lambda: state(proxy) == "running")
        until(lambda: not site.chats)


def test_a_call_that_the_page_holds_back_is_not_sent_again_by_us(site: PracticeSite) -> None:
    """R35"""
    with windowed(site) as (proxy, window), crowd() as people:
        site.challenge("modal")
        people.ask(proxy)
        asks(proxy)
        window.answer()
        [reply] = people.gather()

        assert reply.status == 200
        assert [call.path for call in window.made if COMPLETIONS in call.path][1:] == []
        assert window.shown == [None]


@pytest.mark.slow
def test_who_waits_for_a_stream_is_kept_waiting_and_who_waits_for_a_whole_is_told_nothing(
    site: PracticeSite,
) -> None:
    """R35, R77"""
    with (
        windowed(site, hurry=8.0, limits=SOON, settings=FOUR) as (proxy, window),
        crowd() as people,
    ):
        site.challenge("json")
        for stream in (True, False):
            people.ask(proxy, "waits", stream=stream)
        asks(proxy)
        people.ask(proxy, "comes later", stream=True)
        until(lambda: len(steps(proxy)) == 3)
        proxy.let_pass(2.0)
        queue = proxy.control("status")["queue"]
        window.answer()
        replies = people.gather()

        assert queue["waiting"] >= 1
        assert [reply.status for reply in replies] == [200, 200, 200]
        streamed = [reply for reply in replies if b"data:" in reply.body]
        assert [reply.body.startswith(b":") for reply in streamed] == [True, True]
        assert [reply.body[:1] for reply in replies if reply not in streamed] == [b"{"]
        assert site.calls_while_challenged <= 1


@pytest.mark.slow
def test_while_a_person_is_asked_nothing_is_asked_of_the_site(
    site: PracticeSite,
) -> None:
    """R35"""
    with windowed(site, hurry=8.0, limits=SOON, settings=FOUR) as (proxy, window):
        with crowd() as people:
            act = Held(acts.say("one ", "two "), first=2)
            site.will(act)
            people.ask(proxy, "goes on", stream=True)
            site.wait_until(lambda: site.open_streams == 1)
            site.challenge("modal")
            people.ask(proxy, "meets it")
            asks(proxy)
            until(lambda: window.asks)
            before = len(site.heard)
            people.ask(proxy, "comes later")
            assert proxy.ask("GET", "/v1/models").status == 200
            until(lambda: len(steps(proxy)) == 3)
            act.may.set()
            until(lambda: people.replies)
            proxy.let_pass(4.0)

            assert len(site.heard) == before
            window.answer()
        assert [reply.status for reply in people.replies] == [200, 200, 200]
        assert "one two " in [reply.text for reply in people.replies]
        # What could not be deleted meanwhile is deleted now.
        until(lambda: not site.chats)
        assert site.calls_while_challenged == 0


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["json", "modal", "navigation"])
def test_a_check_that_nobody_answers_ends_in_a_pause_for_all(
    site: PracticeSite, shape: Shape
) -> None:
    """R35"""
    limits = msgspec.structs.replace(BRIEF, asking_s=8.0)
    with windowed(site, hurry=8.0, limits=limits) as (proxy, window):
        with crowd() as people:
            site.challenge(shape)
            for stream in (False, False, True, False):
                people.ask(proxy, stream=stream)
        codes = [
            reply.error["code"] if reply.status == 200 else reply.code for reply in people.replies
        ]
        before, began_s = len(site.heard), time.monotonic()
        later = [proxy.chat(stream=stream) for stream in (True, False) * 10]
        models = proxy.ask("GET", "/v1/models")

        assert codes == ["verification_needed"] * 4
        assert max(people.took_s) < 1.0 + 2
        assert {(reply.status, reply.code) for reply in later} == {(503, "cooling_down")}
        assert time.monotonic() - began_s < 1
        assert models.status == 200
        proxy.let_pass(4.0)
        assert len(site.heard) == before
        assert (state(proxy), proxy.control("status")["hold"]["kind"]) == (
            "holding",
            "verification",
        )
        assert window.status.state == "shown"


@pytest.mark.parametrize("shape", ["json", "modal"])
def test_a_late_answer_ends_the_pause(site: PracticeSite, shape: Shape) -> None:
    """R35"""
    with windowed(site, hurry=8.0, limits=BRIEF) as (proxy, window):
        site.challenge(shape)
        first = proxy.chat()
        assert state(proxy) == "holding"
        window.answer()
        until(lambda: state(proxy) == "running")

        assert first.code == "verification_needed"
        assert proxy.chat().status == 200


def test_a_check_that_comes_back_at_once_is_not_put_to_the_person_again(
    site: PracticeSite,
) -> None:
    """R35"""
    with windowed(site) as (proxy, window), crowd() as people:
        site.will(acts.CHALLENGE, acts.CHALLENGE)
        people.ask(proxy)
        asks(proxy)
        assert proxy.control("resume") is True
        [reply] = people.gather()

        assert (reply.status, reply.code) == (503, "verification_needed")
        assert state(proxy) == "holding"
        assert completions(site) == 2
        until(lambda: window.status.state == "shown")
        assert proxy.control("resume") is True
        assert proxy.chat().status == 200


def test_a_check_long_after_an_answer_is_put_to_the_person_again(site: PracticeSite) -> None:
    with windowed(site) as (proxy, _):
        for _ in range(2):
            with crowd() as people:
                site.will(acts.CHALLENGE)
                people.ask(proxy)
                asks(proxy)
                proxy.control("resume")
            assert people.replies[0].status == 200


def test_a_session_that_was_pasted_is_left_alone_at_once(site: PracticeSite) -> None:
    """R35"""
    window = PaperWindow(site)
    with running(site, window=window) as proxy:
        site.will(acts.CHALLENGE)
        codes = [proxy.chat().code for _ in range(2)]

        assert codes == ["verification_needed", "cooling_down"]
        assert (window.opened, window.shown) == (0, [])
        assert proxy.control("resume") is True
        assert proxy.control("resume") is False
        assert proxy.chat().status == 200
    window.stop()


def leaves_a_cookie(window: PaperWindow) -> None:
    window.browser.jar["x5sec"] = "of an answer"


@pytest.mark.slow
@pytest.mark.parametrize("act", [acts.HELD, acts.CHALLENGE], ids=["held", "json"])
def test_an_answer_that_cannot_be_seen_is_known_by_its_cookie(
    site: PracticeSite, act: acts.Act
) -> None:
    """R35"""
    with windowed(site, hurry=8.0) as (proxy, window), crowd() as people:
        site.will(act)
        people.ask(proxy)
        asks(proxy)
        until(lambda: window.tasted)
        leaves_a_cookie(window)
        [reply] = people.gather()

        assert reply.status == 200
        assert people.took_s[0] < 20


def test_a_look_after_the_answer_that_comes_to_nothing_is_made_again(site: PracticeSite) -> None:
    with windowed(site, hurry=8.0) as (proxy, window), crowd() as people:
        site.challenge("modal")
        people.ask(proxy)
        asks(proxy)
        until(lambda: window.asks)
        site.on("settings", acts.Drop())
        window.answer()
        people.gather()
        until(lambda: state(proxy) == "running")


@pytest.mark.slow
def test_where_the_site_still_asks_the_person_is_waited_for(site: PracticeSite) -> None:
    with windowed(site, hurry=8.0) as (proxy, window), crowd() as people:
        site.challenge("json")
        people.ask(proxy)
        asks(proxy)
        until(lambda: window.asks)
        # The page of the check is left, and nobody has answered.
        site.on("settings", acts.CHALLENGE)
        window.go("/")
        until(lambda: window.news.check)
        proxy.let_pass(2 * COOKIE_S)

        assert state(proxy) == "asking"
        window.answer()


@pytest.mark.slow
@pytest.mark.parametrize("late_s", [0.0, 0.4])
def test_a_page_that_gave_way_to_a_check_is_told_from_one_that_was_left(
    site: PracticeSite, late_s: float
) -> None:
    with windowed(site) as (proxy, window):
        window.tells_late_s = late_s
        with crowd() as people:
            site.challenge("navigation")
            people.ask(proxy)
            asks(proxy)
            window.answer()
        assert people.replies[0].status == 200
        with crowd() as people:
            site.will(acts.Silence())
            people.ask(proxy)
            site.wait_until(lambda: site.open_streams == 1)
            window.go("/")
        assert (people.replies[0].status, people.replies[0].code) == (502, "upstream_disconnected")
        assert state(proxy) == "running"


def test_a_page_that_shows_a_check_is_asked_nothing(site: PracticeSite) -> None:
    """R35"""
    with windowed(site) as (proxy, window), crowd() as people:
        site.challenge("json", "new")
        # Another program of the person met it, say.
        window.do(window.browser.text("POST", f"{site.origin}/api/v2/chats/new"))
        window.go("/")
        until(lambda: window.news.check)
        made = len(window.made)
        people.ask(proxy)
        asks(proxy)

        assert len(window.made) == made
        window.answer()
        assert people.gather()[0].status == 200


def test_signing_out_asks_nobody_any_more(site: PracticeSite) -> None:
    """S113"""
    with windowed(site) as (proxy, window), crowd() as people:
        site.challenge("json")
        people.ask(proxy)
        asks(proxy)
        proxy.control("session", what="clear")
        [reply] = people.gather()

        assert (reply.status, reply.code) == (401, "not_signed_in")
        assert proxy.control("status")["hold"] is None
        assert proxy.chat().code == "not_signed_in"
        assert (window.browser.jar, window.browser.storage) == ({}, {})


def test_who_met_a_check_waits_for_the_person_no_longer_than_its_key_says(
    site: PracticeSite,
) -> None:
    with windowed(site, hurry=8.0) as (proxy, _):
        proxy.control("key", what="set", name="default", field="patience_s", value="8")
        site.will(acts.CHALLENGE)

        assert (reply := proxy.chat()).code == "too_slow", reply.body
        assert state(proxy) == "asking"
