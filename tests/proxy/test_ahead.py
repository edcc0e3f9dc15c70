"""A chat is made before its turn, or beside its files: one way to the site less to wait for."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.harness import QUICK, Reply, Running, running
from tests.proxy.baseline import gives_all_back
from tests.proxy.test_leaving import connect
from tests.proxy.test_preparing import GRANT, asked, paper
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits
from tray_app.store.settings import Settings

NEW = "/api/v2/chats/new"
COMPLETIONS = "/api/v2/chat/completions"
PARSED = "/api/v2/files/parse/status"
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


@pytest.mark.parametrize("slots", [1, 2])
def test_while_files_are_read_as_many_chats_are_made_as_could_be_asked_in_now(
    site: PracticeSite, slots: int
) -> None:
    """R2"""
    site.uploads.looks = 1_000_000
    settings = Settings(parallel_answers=slots, start_spacing_s=0.0)
    with running(site, settings=settings) as proxy, gives_all_back(proxy):
        made, deleted, asked_in = (
            len(seen) for seen in (site.heard_on(NEW), site.deleted, site.heard_on(COMPLETIONS))
        )
        with ExitStack() as clients:
            for number in range(3):
                read = paper(f"Paper {number}", f"{number}.txt")
                clients.enter_context(connect(proxy, stream=True, text=[read]))
                # Each of them waits for its file before the next one comes.
                site.wait_until(lambda: len(read_of(site)) > number)  # noqa: B023
            site.wait_until(lambda: len(site.heard_on(NEW)) == made + slots)
        site.wait_until(lambda: len(site.deleted) == deleted + slots)
        assert len(site.heard_on(COMPLETIONS)) == asked_in


def test_a_prompt_is_asked_in_the_chat_that_was_made_while_its_file_was_given(
    site: PracticeSite,
) -> None:
    with running(site, settings=ONE_SLOT) as proxy:
        reply = asked(proxy, "Read this", paper("Its only line"))

        assert "Its only line" in reply.text
        assert len(site.heard_on(NEW)) == len(site.heard_on(COMPLETIONS)) == 1
        proxy.check_sound()


def test_what_the_site_says_to_a_chat_made_ahead_is_said_of_the_model_and_not_of_files(
    site: PracticeSite,
) -> None:
    with running(site, settings=ONE_SLOT) as proxy:
        site.on("new", acts.refused("RateLimited", "daily usage limit", num=7))
        refused = asked(proxy, "Read this", paper("One"))
        cooled = proxy.chat()
        other = asked(proxy, "Read this", paper("Two"), model="qwen3.5-plus")

        assert [refused.code, cooled.code, other.status] == ["daily_limit", "daily_limit", 200]
        assert len(site.heard_on(NEW)) == 2
        proxy.check_sound()


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (acts.CHALLENGE, "cooling_down"),
        (acts.refused("RateLimited", "daily usage limit", num=7), "daily_limit"),
    ],
    ids=["challenge", "limit"],
)
def test_what_the_site_says_to_a_chat_made_ahead_ends_what_goes_on_beside_it(
    site: PracticeSite, act: acts.Act, code: str
) -> None:
    """R35, R38"""
    site.uploads.looks = 1_000_000
    with running(site, settings=ONE_SLOT) as proxy:
        site.on("new", act)
        with connect(proxy, stream=True, text=[paper("Read this")]) as client:
            assert client.recv(1)
            looks = len(site.heard_on(PARSED))

            assert proxy.chat().code == code
            assert len(site.heard_on(NEW)) == 1
            assert len(site.heard_on(PARSED)) == looks


def test_a_chat_made_ahead_that_failed_is_made_again_and_the_file_is_given_once(
    site: PracticeSite,
) -> None:
    with running(site, settings=ONE_SLOT) as proxy:
        site.on("new", acts.refused("Unauthorized", status=401))
        reply = asked(proxy, "Read this", paper("Its only line"))

        assert "Its only line" in reply.text
        assert (len(site.heard_on(NEW)), len(site.heard_on(GRANT))) == (2, 1)
        proxy.check_sound()


def read_of(site: PracticeSite) -> set[str]:
    """The files of which the site was asked whether they are read."""
    return {str(heard.request.json()) for heard in site.heard_on(PARSED)}
