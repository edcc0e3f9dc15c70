"""Equal requests of one key: one work for all of them, if the key's profile says so."""

import asyncio
import gc
import json
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from tests.harness import Running, running
from tests.proxy.equals import CHATS, COMPLETIONS, Held, answer_of, asks, joined, steps
from tests.proxy.test_activity import noted_by
from tests.proxy.test_relay import prompts
from tests.waiting import comes, until
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import Profile
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.activity import Activity
from tray_app.proxy.budget import Budget, Share
from tray_app.proxy.exchange import Exchange
from tray_app.proxy.joining import AHEAD_BYTES, Joining, Together, digest_of, mark_of
from tray_app.proxy.keys import LocalKey
from tray_app.proxy.limits import Limits
from tray_app.proxy.session import Lane


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as made:
        yield made


@pytest.mark.parametrize("stream", [False, True])
def test_a_pair_is_one_chat_and_both_get_its_answer(
    site: PracticeSite, pool: ThreadPoolExecutor, stream: bool
) -> None:
    """R55"""
    with joined(site) as proxy:
        act = Held(acts.say("one ", "answer"))
        site.will(act)
        first = pool.submit(proxy.chat, stream=stream, headers={"Idempotency-Key": "a"})
        until(lambda: steps(proxy) == ["asked"])
        again = {"Idempotency-Key": "a", "x-stainless-retry-count": "1"}
        second = pool.submit(proxy.chat, stream=stream, headers=again)
        until(lambda: steps(proxy) == ["asked", "asked"])
        act.may.set()
        one, other = first.result(), second.result()

        assert one.text == other.text == "one answer"
        assert answer_of(one) == answer_of(other)
        assert one.headers["x-request-id"] != other.headers["x-request-id"]
        assert len(site.heard_on(CHATS)) == len(site.heard_on(COMPLETIONS)) == 1
        deeds = noted_by(proxy, 2)
        assert sorted(deed.calls for deed in deeds) == [0, 2]
        assert [(deed.outcome, deed.model) for deed in deeds] == [("ok", "qwen3.7-plus")] * 2
        assert deeds[0].output_tokens == deeds[1].output_tokens > 0
        assert all(deed.first_s is not None and deed.first_s <= deed.took_s for deed in deeds)
        assert proxy.control("status")["today"]["requests"] == 2
        assert proxy.control("status")["today"]["calls"] == 2
        proxy.check_sound()


@pytest.mark.parametrize("stream", [False, True])
def test_without_the_field_equal_requests_are_two_chats(
    site: PracticeSite, pool: ThreadPoolExecutor, stream: bool
) -> None:
    """R55"""
    with running(site) as proxy:
        held = [Held(acts.say("first")), Held(acts.say("second"))]
        site.will(*held)
        asked = asks(proxy, pool, 2, stream=stream)
        site.wait_until(lambda: site.open_streams == 2)
        for act in held:
            act.may.set()

        assert sorted(one.result().text for one in asked) == ["first", "second"]
        assert len(site.heard_on(CHATS)) == 2


def test_two_keys_never_get_one_answer(site: PracticeSite, pool: ThreadPoolExecutor) -> None:
    """S121"""
    with joined(site) as proxy:
        other = proxy.control("key", what="new", name="other")["secret"]
        proxy.control("key", what="set", name="other", field="join", value="yes")
        held = [Held(acts.say("mine")), Held(acts.say("theirs"))]
        site.will(*held)
        mine = pool.submit(proxy.chat)
        site.wait_until(lambda: site.open_streams == 1)
        theirs = pool.submit(proxy.chat, key=other)
        site.wait_until(lambda: site.open_streams == 2)
        for act in held:
            act.may.set()

        assert (mine.result().text, theirs.result().text) == ("mine", "theirs")
        assert len(site.heard_on(CHATS)) == 2


def test_two_accounts_never_get_one_answer(site: PracticeSite, pool: ThreadPoolExecutor) -> None:
    """S121"""
    with joined(site) as proxy:
        held = [Held(acts.say("of the first")), Held(acts.say("of the second"))]
        site.will(*held)
        first = pool.submit(proxy.chat)
        site.wait_until(lambda: site.open_streams == 1)
        proxy.control("session", what="import", text=json.dumps(site.sign_in()))
        second = pool.submit(proxy.chat)
        site.wait_until(lambda: site.open_streams == 2)
        for act in held:
            act.may.set()

        assert first.result().text == "of the first"
        assert second.result().text == "of the second"


@pytest.mark.parametrize(
    "more", [{"text": "Hello "}, {"temperature": 0.5}, {"stream": True}], ids=str
)
def test_a_request_that_differs_in_a_byte_is_another(
    site: PracticeSite, pool: ThreadPoolExecutor, more: dict[str, Any]
) -> None:
    with joined(site) as proxy:
        held = [Held(acts.say("a")), Held(acts.say("b"))]
        site.will(*held)
        asked = [*asks(proxy, pool, 1), *asks(proxy, pool, 1, **more)]
        site.wait_until(lambda: site.open_streams == 2)
        for act in held:
            act.may.set()

        assert sorted(one.result().text for one in asked) == ["a", "b"]


def test_who_asks_after_the_end_gets_an_answer_of_its_own(site: PracticeSite) -> None:
    with joined(site) as proxy:
        site.will(acts.say("first"), acts.say("second"))

        assert [proxy.chat().text for _ in range(2)] == ["first", "second"]


def test_who_joins_a_stream_late_gets_everything_from_its_beginning(
    site: PracticeSite, pool: ThreadPoolExecutor
) -> None:
    with joined(site) as proxy:
        act = Held(acts.say("early ", "and ", "late"), first=2)
        site.will(act)
        asked = asks(proxy, pool, 1, stream=True)
        until(lambda: steps(proxy) == ["answering"])
        asked += asks(proxy, pool, 2, stream=True)
        act.may.set()
        replies = [one.result() for one in asked]

        assert [one.text for one in replies] == ["early and late"] * 3
        assert answer_of(replies[0]) == answer_of(replies[1]) == answer_of(replies[2])
        assert all(one.frames.count("[DONE]") == 1 for one in replies)
        assert len(site.heard_on(COMPLETIONS)) == 1


def test_everybody_is_told_what_is_ignored(site: PracticeSite, pool: ThreadPoolExecutor) -> None:
    with joined(site) as proxy:
        act = Held(acts.say("a"))
        site.will(act)
        asked = asks(proxy, pool, 2, seed=7)
        until(lambda: steps(proxy) == ["asked", "asked"])
        act.may.set()

        assert ["seed" in one.result().headers["x-portico-ignored"] for one in asked] == [True] * 2


def test_what_several_ask_is_held_once(site: PracticeSite, pool: ThreadPoolExecutor) -> None:
    """R68"""
    with joined(site, limits=Limits(bodies_bytes=10 << 20)) as proxy:
        act = Held(acts.say("a"))
        site.will(act)
        asked = []
        for number in range(1, 4):
            asked += asks(proxy, pool, 1, metadata={"label": "x" * (4 << 20)})
            until(partial(all_asked, proxy, number))
        act.may.set()

        assert [one.result().status for one in asked] == [200] * 3
        assert len(site.heard_on(CHATS)) == 1


def all_asked(proxy: Running, many: int) -> bool:
    return steps(proxy) == ["asked"] * many


def test_what_was_asked_is_gone_when_the_answers_are_over(
    site: PracticeSite, pool: ThreadPoolExecutor
) -> None:
    """R68"""
    with joined(site) as proxy:
        gc.collect()
        gc.disable()
        try:
            before = prompts()
            act = Held(acts.say("a"))
            site.will(act)
            asked = asks(proxy, pool, 2)
            act.may.set()
            for one in asked:
                one.result()

            assert until(lambda: prompts() == before)
        finally:
            gc.enable()


KEY = LocalKey("translator", secret="sk-portico-1", created_s=0.0, profile=Profile(join=True))


async def test_a_mark_tells_apart_what_must_not_be_joined() -> None:
    """S121"""
    lane, digest = Lane(), await digest_of(b"{}")
    mark = mark_of(digest, "/chat/completions", KEY, lane)
    impatient = LocalKey("translator", KEY.secret, 0.0, Profile(patience_s=1.0, join=True))
    used = LocalKey("translator", KEY.secret, 0.0, KEY.profile, last_used_s=5.0)

    assert mark == mark_of(digest, "/chat/completions", used, lane)
    others = [
        mark_of(await digest_of(b"{ }"), "/chat/completions", KEY, lane),
        mark_of(digest, "/completions", KEY, lane),
        mark_of(digest, "/chat/completions", impatient, lane),
        mark_of(digest, "/chat/completions", LocalKey("b", KEY.secret, 0.0, KEY.profile), lane),
        mark_of(digest, "/chat/completions", LocalKey("translator", "s", 0.0, KEY.profile), lane),
        mark_of(digest, "/chat/completions", KEY, Lane()),
    ]
    assert len({mark, *others}) == 7
    assert KEY.secret not in repr(mark)
    assert len(await digest_of(b"x" * (1 << 20))) == len(digest)


@contextmanager
def working(work: Coroutine[Any, Any, None]) -> Iterator[tuple[Together, Share]]:
    """Some work that holds all there is, begun for the request that is answered here."""
    budget = Budget(lambda: Limits(bodies_bytes=1 << 20))
    with Activity(time.monotonic, time.time).noting("translator"), budget.sharing() as share:
        share.reach(1 << 20)
        together = Together(time.monotonic, streams=False)
        mark = mark_of(b"", "/chat/completions", KEY, Lane())
        Joining().begin(mark, together, work, share.hand_over())
        yield together, share


async def test_the_work_waits_for_the_fastest_who_is_there() -> None:
    """R7"""
    with Activity(time.monotonic, time.time).noting("translator") as deed:
        together = Together(time.monotonic, streams=True)
        reader = together.bring(Exchange(time.monotonic), deed, 60.0)
        reader.send(None)
        with pytest.raises(StopIteration):
            together.write(b"x" * AHEAD_BYTES).send(None)
        more = together.write(b"x")
        more.send(None)
        # Neither goes on, so what the work would write next is not taken from the upstream.
        more.close()
        reader.close()


async def test_while_the_work_waits_for_who_is_there_the_site_is_not_blamed() -> None:
    """R8"""
    with Activity(time.monotonic, time.time).noting("translator") as deed:
        together = Together(time.monotonic, streams=True)
        reader = together.bring(Exchange(time.monotonic), deed, 60.0)
        reader.send(None)

        async def work() -> None:
            async with together.fuse:
                await together.write(b"x" * (AHEAD_BYTES + 1))

        together.listen(90.0, Kind.UPSTREAM_STALLED, "Qwen stopped in mid-answer")
        working = asyncio.get_running_loop().create_task(work())
        await asyncio.sleep(0)
        await together.look(time.monotonic() + 100.0, Limits())
        await asyncio.sleep(0)
        assert not working.done()
        working.cancel()
        reader.close()


@pytest.mark.parametrize("is_over", [True, False])
async def test_nobody_joins_what_is_over_or_left(is_over: bool) -> None:
    with Activity(time.monotonic, time.time).noting("translator") as deed:
        joining, mark = Joining(), mark_of(b"", "/chat/completions", KEY, Lane())
        together = Together(time.monotonic, streams=True)
        joining.begin(mark, together, asyncio.sleep(60), Share(Budget(Limits)))
        reader = together.bring(Exchange(time.monotonic), deed, 60.0)
        reader.send(None)
        before = joining.under_way(mark)
        if is_over:
            await together.finish(b"end")
        else:
            reader.close()

        assert before is together
        assert joining.under_way(mark) is None
        reader.close()


def has_room(share: Share) -> bool:
    try:
        share.reach(1 << 20)
    except ProxyError:
        return False
    return True


async def test_a_bug_in_the_work_is_told_to_everybody_and_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def break_down() -> None:
        raise ValueError("broken")

    with working(break_down()) as (together, share):
        exchanges = [Exchange(time.monotonic) for _ in range(2)]
        told = await asyncio.gather(
            *(together.bring(one, together.common.deed, 60.0) for one in exchanges),
            return_exceptions=True,
        )
        assert has_room(share)

    assert [one.kind for one in told if isinstance(one, ProxyError)] == [Kind.INTERNAL_ERROR] * 2
    assert told[0] is not told[1]
    assert "task=joined failed" in caplog.text


async def test_what_the_work_held_is_given_back_when_all_have_left() -> None:
    with working(asyncio.sleep(60)) as (together, share):
        assert not has_room(share)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await together.bring(Exchange(time.monotonic), together.common.deed, 60.0)

        await comes(lambda: has_room(share))


async def test_everybody_who_is_there_for_a_picture_knows_that_it_is_one() -> None:
    with working(asyncio.sleep(60)) as (together, _):
        early, late = Exchange(time.monotonic), Exchange(time.monotonic)
        readers = [together.bring(early, together.common.deed, 60.0)]
        readers[0].send(None)
        together.draws()
        readers.append(together.bring(late, together.common.deed, 60.0))
        readers[1].send(None)

        assert early.is_drawn
        assert late.is_drawn
        for reader in readers:
            reader.close()


@pytest.mark.parametrize("stream", [False, True])
def test_joined_work_may_take_as_long_as_what_it_is_for(stream: bool) -> None:
    limits = Limits()
    with Activity(time.monotonic, time.time).noting("translator"):
        together = Together(time.monotonic, streams=stream)

    assert together.streams is stream
    assert together.limit_s(limits) == (limits.stream_s if stream else limits.whole_s)
