"""Answers of joined requests that do not go well: who leaves, who is slow, what breaks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.proxy.equals import (
    CHATS,
    COMPLETIONS,
    Clock,
    Held,
    HeldBack,
    asks,
    connect,
    joined,
    steps,
)
from tests.proxy.test_activity import noted_by
from tests.proxy.test_relay import broken
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


@pytest.mark.parametrize("stream", [False, True])
def test_the_work_goes_on_for_who_stays(
    site: PracticeSite, pool: ThreadPoolExecutor, stream: bool
) -> None:
    with joined(site) as proxy:
        act = Held(acts.say("for ", "who ", "stays"), first=2 if stream else 0)
        site.will(act)
        with connect(proxy, stream=stream):
            until(lambda: steps(proxy) == ["answering" if stream else "asked"])
            [asked] = asks(proxy, pool, 1, stream=stream)
        until(lambda: len(steps(proxy)) == 1)
        act.may.set()

        assert asked.result().text == "for who stays"
        assert not site.stopped
        assert len(site.heard_on(CHATS)) == 1
        deeds = noted_by(proxy, 2)
        assert [deed.outcome for deed in deeds] == ["ok", "client_left"]
        assert sum(deed.calls for deed in deeds) == 2
        proxy.check_sound()


@pytest.mark.parametrize("stream", [False, True])
def test_the_work_ends_with_the_last_who_leaves(site: PracticeSite, stream: bool) -> None:
    """R1, R3"""
    with joined(site) as proxy:
        site.will(Held(acts.say("for ", "nobody"), first=2 if stream else 0))
        with connect(proxy, stream=stream):
            until(lambda: steps(proxy) == ["answering" if stream else "asked"])
            with connect(proxy, stream=stream):
                until(lambda: len(steps(proxy)) == 2)
            until(lambda: len(steps(proxy)) == 1)
            assert site.open_streams == 1
        site.wait_until(lambda: site.open_streams == 0)
        site.wait_until(lambda: site.deleted)

        assert {deed.outcome for deed in noted_by(proxy, 2)} == {"client_left"}
        assert sum(deed.calls for deed in noted_by(proxy, 2)) == 2
        assert len(site.heard_on(CHATS)) == 1
        proxy.check_sound()


def test_a_pair_has_one_place_in_the_queue_and_leaves_it_unasked(
    site: PracticeSite, pool: ThreadPoolExecutor
) -> None:
    """R2"""
    with joined(site, slots=1) as proxy:
        act = Held(acts.say("other"))
        site.will(act)
        other = pool.submit(proxy.chat, "something else")
        site.wait_until(lambda: site.open_streams == 1)
        with connect(proxy, stream=True), connect(proxy, stream=True):
            until(lambda: steps(proxy).count("waiting") == 2)
            assert [one.position for one in proxy.service.status.live] == [0, 1, 1]
            assert proxy.control("status")["queue"]["waiting"] == 1
        until(lambda: proxy.control("status")["queue"]["waiting"] == 0)
        act.may.set()

        assert other.result().text == "other"
        assert len(site.heard_on(COMPLETIONS)) == 1
        proxy.check_sound()


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_reaches_everybody_with_one_status(
    site: PracticeSite, pool: ThreadPoolExecutor, stream: bool
) -> None:
    with joined(site) as proxy:
        act = HeldBack(acts.refused("RateLimited", num=7))
        site.will(act)
        asked = asks(proxy, pool, 2, stream=stream)
        until(lambda: steps(proxy) == ["asked", "asked"])
        act.may.set()
        replies = [one.result() for one in asked]

        assert [(one.status, one.code) for one in replies] == [(429, "daily_limit")] * 2
        assert [deed.outcome for deed in noted_by(proxy, 2)] == ["daily_limit"] * 2
        assert len(site.heard_on(CHATS)) == 1


def test_who_came_too_late_for_a_frame_gets_the_status(
    site: PracticeSite, pool: ThreadPoolExecutor
) -> None:
    clock = Clock()
    with joined(site, limits=Limits(tick_s=0.05), clock=clock) as proxy:
        act = HeldBack(acts.refused("RateLimited", num=7))
        site.will(act)
        with connect(proxy, stream=True) as early:
            until(lambda: steps(proxy) == ["asked"])
            clock.ahead_s = 11.0
            assert early.recv(15) == b"HTTP/1.1 200 OK"
            [late] = asks(proxy, pool, 1, stream=True)
            act.may.set()
            rest = b""
            while b"[DONE]" not in rest:
                rest += early.recv(4096)

        assert b"daily_limit" in rest
        assert (late.result().status, late.result().code) == (429, "daily_limit")


def test_a_stream_that_breaks_ends_for_everybody_with_an_error(
    site: PracticeSite, pool: ThreadPoolExecutor
) -> None:
    with joined(site) as proxy:
        act = Held(acts.say("half ", "an ", finished=False, then="cut"), first=2)
        site.will(act)
        asked = asks(proxy, pool, 1, stream=True)
        until(lambda: steps(proxy) == ["answering"])
        asked += asks(proxy, pool, 1, stream=True)
        act.may.set()

        for one in asked:
            assert one.result().text.startswith("half ")
            broken(one.result(), "upstream_disconnected")
        proxy.check_sound()


def test_who_reads_nothing_holds_up_nobody_else(
    site: PracticeSite, pool: ThreadPoolExecutor
) -> None:
    """R7"""
    with joined(site) as proxy:
        act = Held(acts.say(*["x" * 50_000] * 400), first=1)
        site.will(act)
        with connect(proxy, stream=True) as slow:
            until(lambda: steps(proxy) == ["asked"])
            [asked] = asks(proxy, pool, 1, stream=True)
            act.may.set()
            whole = asked.result()
            until(lambda: not steps(proxy))
            got = 0
            with pytest.raises(ConnectionError):
                while piece := slow.recv(1 << 20):
                    got += len(piece)
                    assert got < len(whole.body)
                raise ConnectionError

        assert len(whole.text) == 400 * 50_000
        assert whole.frames[-1] == "[DONE]"
        assert {deed.outcome for deed in noted_by(proxy, 2)} == {"ok", "client_left"}
        proxy.check_sound()


@pytest.mark.slow
def test_where_nobody_reads_the_upstream_waits_and_all_are_dropped(site: PracticeSite) -> None:
    """R7"""
    with joined(site, limits=Limits(write_stall_s=1.0, tick_s=0.1)) as proxy:
        site.will(acts.say(*["x" * 100_000] * 500))
        with connect(proxy, stream=True), connect(proxy, stream=True):
            site.wait_until(lambda: site.open_streams == 1)
            site.wait_until(lambda: site.open_streams == 0, 20)
        site.wait_until(lambda: site.stopped)

        proxy.check_sound()


def test_stopping_ends_the_work_and_tells_everybody(
    site: PracticeSite, pool: ThreadPoolExecutor
) -> None:
    with joined(site, limits=Limits(drain_s=0.1, last_words_s=10.0)) as proxy:
        site.will(Held(acts.say("half", "whole"), first=2))
        asked = asks(proxy, pool, 1, stream=True)
        until(lambda: steps(proxy) == ["answering"])
        asked += asks(proxy, pool, 1, stream=True)
        proxy.service.stop()

        for one in asked:
            broken(one.result(), "server_stopping")


def test_a_long_answer_is_joined_only_as_long_as_all_of_it_is_kept(
    site: PracticeSite, pool: ThreadPoolExecutor
) -> None:
    with joined(site) as proxy:
        long = Held(acts.say(*["x" * 100_000] * 15, "end"), first=16)
        own = Held(acts.say("its own"))
        site.will(long, own)
        with connect(proxy, stream=True) as first:
            got = 0
            while got <= 15 * 100_000:
                got += len(first.recv(1 << 20))
            [late] = asks(proxy, pool, 1, stream=True)
            site.wait_until(lambda: site.open_streams == 2)
        own.may.set()

        assert late.result().text == "its own"


@pytest.mark.parametrize("stream", [False, True])
def test_who_joins_late_has_all_of_its_own_time_and_who_came_before_no_more(
    site: PracticeSite, pool: ThreadPoolExecutor, stream: bool
) -> None:
    """R52"""
    clock = Clock()
    with joined(site, slots=1, clock=clock, limits=Limits(tick_s=0.05)) as proxy:
        proxy.control("key", what="set", name="default", field="patience_s", value="30")
        act = HeldBack(acts.say("other"))
        site.will(act)
        other = pool.submit(proxy.chat, "something else")
        site.wait_until(lambda: site.open_streams == 1)
        [first] = asks(proxy, pool, 1, stream=stream)
        until(lambda: steps(proxy).count("waiting") == 1)
        clock.ahead_s += 20
        [second] = asks(proxy, pool, 1, stream=stream)
        until(lambda: steps(proxy).count("waiting") == 2)
        clock.ahead_s += 11
        early = first.result()
        act.may.set()

        if stream:
            broken(early, "too_slow")
        else:
            assert (early.status, early.code) == (429, "too_slow")
        assert (other.result().text, second.result().status) == ("other", 200)
        assert len(site.heard_on(COMPLETIONS)) == 2
        assert sorted(deed.outcome for deed in noted_by(proxy, 3)) == ["ok", "ok", "too_slow"]


def test_who_asked_first_waits_no_longer_for_a_whole_answer_than_it_may_take(
    site: PracticeSite, pool: ThreadPoolExecutor
) -> None:
    clock = Clock()
    with joined(site, clock=clock, limits=Limits(tick_s=0.05, first_event_s=999.0)) as proxy:
        act = HeldBack(acts.say("late"))
        site.will(act)
        [first] = asks(proxy, pool, 1)
        until(lambda: steps(proxy) == ["asked"])
        clock.ahead_s += 200
        [second] = asks(proxy, pool, 1)
        until(lambda: steps(proxy) == ["asked"] * 2)
        clock.ahead_s += 100
        early = first.result()
        act.may.set()

        assert (early.status, early.code) == (504, "upstream_timeout")
        assert second.result().text == "late"
        assert len(site.heard_on(COMPLETIONS)) == 1


@pytest.mark.parametrize("ends", ["time", "stop"])
def test_who_waits_no_longer_gets_the_pictures_that_are_there(
    site: PracticeSite, pool: ThreadPoolExecutor, ends: str
) -> None:
    """R55, R71"""
    clock = Clock()
    limits = Limits(tick_s=0.05, drain_s=0.1, last_words_s=10.0, first_event_s=999.0)
    with joined(site, clock=clock, limits=limits) as proxy:
        drawing = partial(proxy.ask, "POST", "/v1/images/generations", {"prompt": "one", "n": 2})
        second = HeldBack(acts.say("never"))
        proxy.control("settings", what="set", name="start_spacing_s", value="60")
        alone = pool.submit(drawing)
        site.wait_until(lambda: len(site.heard_on(COMPLETIONS)) == 1)
        site.will(second)
        proxy.control("settings", what="set", name="start_spacing_s", value="0")
        site.wait_until(lambda: len(site.heard_on(COMPLETIONS)) == 2)
        if ends == "time":
            clock.ahead_s += 200
            late = pool.submit(drawing)
            # Whoever has only come is not yet as far as the other.
            until(lambda: len(steps(proxy)) == 2 and len(set(steps(proxy))) == 1)
            clock.ahead_s += 150
            found = [alone.result()]
            until(lambda: len(steps(proxy)) == 1)
            clock.ahead_s += 150
            found += [late.result()]
        else:
            proxy.service.stop()
            found = [alone.result()]
        second.may.set()

        for reply in found:
            assert reply.status == 200
            assert len(reply.json()["data"]) == 1
            assert reply.headers["x-portico-ignored"] == "n"
        assert len(site.heard_on(COMPLETIONS)) == 2
        assert {deed.outcome for deed in noted_by(proxy, len(found))} == {
            "upstream_timeout" if ends == "time" else "server_stopping"
        }
