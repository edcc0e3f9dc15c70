"""The chat of whoever is next is made before its turn: one way to the site less to wait for."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.harness import QUICK, Reply, Running, running
from tests.proxy.test_leaving import connect
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits
from tray_app.store.settings import Settings

NEW = "/api/v2/chats/new"
COMPLETIONS = "/api/v2/chat/completions"
ONE_SLOT = Settings(parallel_answers=1, start_spacing_s=0.0)
HURRY = 20.0
TIDY = Limits(sweep_again_s=5.0)
LONG = acts.say(*["word "] * 400, pace_s=0.01)


@contextmanager
def answered(proxy: Running, text: str) -> Iterator[list[Reply]]:
    """A chat that goes on beside the test."""
    replies: list[Reply] = []
    thread = threading.Thread(target=lambda: replies.append(proxy.chat(text, stream=True)))
    thread.start()
    try:
        yield replies
    finally:
        thread.join()


@pytest.mark.slow
def test_who_is_next_has_its_chat_when_its_turn_comes(site: PracticeSite) -> None:
    with running(site, settings=ONE_SLOT, limits=TIDY, hurry=HURRY) as proxy:
        site.will(LONG)
        with answered(proxy, "first") as first:
            site.wait_until(lambda: site.open_streams == 1)
            with answered(proxy, "second") as second:
                site.wait_until(lambda: len(site.heard_on(NEW)) == 2)
                assert len(site.heard_on(COMPLETIONS)) == 1
                assert not first

        assert "second" in second[0].text
        assert len(site.heard_on(NEW)) == len(site.heard_on(COMPLETIONS)) == 2
        proxy.check_sound()


@pytest.mark.slow
def test_of_many_who_wait_only_the_next_has_a_chat(site: PracticeSite) -> None:
    with running(site, settings=ONE_SLOT, limits=TIDY, hurry=HURRY) as proxy:
        site.will(LONG)
        with answered(proxy, "first"):
            site.wait_until(lambda: site.open_streams == 1)
            with answered(proxy, "second"), answered(proxy, "third"), answered(proxy, "fourth"):
                site.wait_until(lambda: len(site.heard_on(NEW)) == 2)
                site.wait_until(lambda: site.open_streams == 0)
        assert len(site.heard_on(NEW)) == len(site.heard_on(COMPLETIONS)) == 4
        proxy.check_sound()


@pytest.mark.slow
def test_a_chat_that_is_not_needed_any_more_is_deleted(site: PracticeSite) -> None:
    """R2"""
    with running(site, settings=ONE_SLOT, limits=TIDY, hurry=HURRY) as proxy:
        site.will(LONG)
        with answered(proxy, "first"):
            site.wait_until(lambda: site.open_streams == 1)
            with connect(proxy, stream=True):
                site.wait_until(lambda: len(site.heard_on(NEW)) == 2)
            site.wait_until(lambda: len(site.deleted) == 1)
            assert site.open_streams == 1
        assert len(site.heard_on(COMPLETIONS)) == 1
        proxy.check_sound()


@pytest.mark.slow
def test_between_two_starts_the_chat_is_made_at_once(site: PracticeSite) -> None:
    spaced = QUICK.__class__(parallel_answers=2, start_spacing_s=1.5)
    with running(site, settings=spaced) as proxy:
        site.will(LONG)
        with answered(proxy, "first"):
            site.wait_until(lambda: site.open_streams == 1)
            with answered(proxy, "second") as second:
                site.wait_until(lambda: len(site.heard_on(NEW)) == 2)
                assert len(site.heard_on(COMPLETIONS)) == 1
        assert "second" in second[0].text
        proxy.check_sound()


@pytest.mark.slow
def test_after_a_hold_no_chat_is_made_before_the_turn(site: PracticeSite) -> None:
    with running(site, settings=ONE_SLOT, limits=TIDY, hurry=HURRY) as proxy:
        site.on("new", acts.CHALLENGE)
        assert proxy.chat().code == "verification_needed"
        proxy.control("resume")
        made = len(site.heard_on(NEW))
        site.will(LONG)
        with answered(proxy, "first"):
            site.wait_until(lambda: site.open_streams == 1)
            with answered(proxy, "second"):
                pass
        site.wait_until(lambda: not site.chats)
        methods = [heard.request.method for heard in site.heard_on("/api/v2/chats/")]
        # A chat is deleted when its answer is over.
        assert methods[made:] == ["POST", "DELETE", "POST", "DELETE"]
        proxy.check_sound()
