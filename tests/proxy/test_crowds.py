"""Many clients at once, and clients without patience, through a whole proxy."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from tests.harness import QUICK, Reply, Running, running
from tests.practice.test_looks import picture
from tests.proxy.test_preparing import GRANT, part
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits

COMPLETIONS = "/api/v2/chat/completions"
MANY = 100
ONE_SLOT = replace(QUICK, parallel_answers=1)


@dataclass
class Held:
    """An answer that is not begun before it may be; counts how many are asked for at once."""

    may: threading.Event = field(default_factory=threading.Event)
    at_once: int = 0
    most: int = 0

    async def play(self, scene: acts.Scene) -> None:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            while not self.may.is_set():  # noqa: ASYNC110  it is set from another thread
                await asyncio.sleep(0.01)
            [text] = re.findall(r"number \w+", scene.request.body.decode())[:1]
            await acts.say(f"the answer to {text}").play(scene)
        finally:
            self.at_once -= 1


@contextmanager
def asking(proxy: Running, act: Held, times: int = MANY) -> Iterator[ThreadPoolExecutor]:
    """So many threads that nobody waits for one; at the end every answer may come."""
    proxy.site.will(*[act] * times)
    assert proxy.ask("GET", "/v1/models").status == 200
    with ThreadPoolExecutor(MANY) as threads:
        try:
            yield threads
        finally:
            act.may.set()


def queue(proxy: Running) -> tuple[int, int]:
    """How many wait, and how many are being answered."""
    told = proxy.control("status")["queue"]
    return told["waiting"], told["in_flight"]


def asked(site: PracticeSite) -> list[str]:
    """What was asked of the site, in its order."""
    bodies = [heard.request.body.decode() for heard in site.heard_on(COMPLETIONS)]
    return [re.findall(r"number (\w+)", body)[0] for body in bodies]


def test_of_a_hundred_at_once_few_are_asked_some_wait_and_the_rest_is_told_so(
    calm: Running,
) -> None:
    """R51"""
    proxy, site, act = calm, calm.site, Held()
    keys = {"a": proxy.key, "b": proxy.control("key", what="new", name="other")["secret"]}
    with asking(proxy, act, 34) as threads:
        futures: dict[str, Future[Reply]] = {}
        for number in range(MANY):
            name = f"{'ab'[number % 2]}{number}"
            futures[name] = threads.submit(proxy.chat, f"number {name}", key=keys[name[0]])
        until(lambda: sum(future.done() for future in futures.values()) == MANY - 34)
        # They were told while nobody else was answered.
        told = [future.result() for future in futures.values() if future.done()]
        assert {(reply.status, reply.code) for reply in told} == {(429, "queue_full")}
        assert all(1 <= int(reply.headers["retry-after"]) <= 59 for reply in told)
        assert queue(proxy) == (32, 2)
        until(lambda: len(asked(site)) >= 2)
        assert len(asked(site)) == 2
        act.may.set()
        replies = {name: future.result() for name, future in futures.items()}

    served = {name: reply for name, reply in replies.items() if reply.status == 200}
    assert sorted(served) == sorted(asked(site))
    assert {reply.text == f"the answer to number {name}" for name, reply in served.items()} == {
        True
    }
    assert len(served) == 34
    assert act.most == 2
    # The keys take turns, as long as both have somebody who waits; two are on their way at once.
    turns = [name[0] for name in asked(site)][2:]
    both = 2 * min(turns.count("a"), turns.count("b"))
    leads = [turns[:at].count("a") - turns[:at].count("b") for at in range(both)]
    assert max(map(abs, leads), default=0) <= 3
    proxy.check_sound()


@pytest.mark.slow
@pytest.mark.parametrize("commit_s", [10.0, 0.2])
def test_who_waits_longer_than_its_key_is_told_so_and_the_site_is_not_asked(
    site: PracticeSite, commit_s: float
) -> None:
    """R52"""
    limits = Limits(commit_s=commit_s, tick_s=0.05)
    with (
        running(site, settings=ONE_SLOT, limits=limits) as proxy,
        asking(proxy, act := Held()) as t,
    ):
        hasty = proxy.control("key", what="new", name="hasty")["secret"]
        proxy.control("key", what="set", name="hasty", field="patience_s", value="2")
        first = t.submit(proxy.chat, "number one")
        site.wait_until(lambda: asked(site))
        began_s = time.monotonic()
        whole = t.submit(proxy.chat, "number two", key=hasty).result()
        stream = t.submit(proxy.chat, "number three", key=hasty, stream=True).result()

        assert (whole.status, whole.code) == (429, "too_slow")
        assert 1 <= int(whole.headers["retry-after"]) <= 59
        if commit_s > 2:
            assert (stream.status, stream.code) == (429, "too_slow")
            assert 1 <= int(stream.headers["retry-after"]) <= 59
        else:
            assert stream.status == 200
            assert stream.error["code"] == "too_slow"
            assert stream.frames[-1] == "[DONE]"
        # Somebody sat before the stream, and it was given all the time there was.
        assert time.monotonic() - began_s > 1.9
        act.may.set()
        assert first.result().text == "the answer to number one"
        assert asked(site) == ["one"]
        assert len(site.heard_on("/api/v2/chats/new")) == 1


def test_a_burst_of_a_translator_wastes_no_call(site: PracticeSite) -> None:
    # It stands: whose answer should be over soon is followed by one whose chat is made already.
    now_s = [1000.0]
    settings = replace(QUICK, first_event_timeout_s=300)
    with (
        running(site, settings=settings, clock=lambda: now_s[0]) as proxy,
        asking(proxy, act := Held()) as threads,
    ):
        key = proxy.control("key", what="new", name="translator")["secret"]
        for name, value in {"patience_s": "100", "queue": "background"}.items():
            proxy.control("key", what="set", name="translator", field=name, value=value)
        futures = [threads.submit(proxy.chat, f"number {number}", key=key) for number in range(40)]
        until(lambda: sum(future.done() for future in futures) == 6)
        until(lambda: len(asked(site)) == 2)
        # Whoever would begin now would have an answer after all its patience.
        now_s[0] += 95.0
        act.may.set()
        replies = [future.result() for future in futures]

        assert sorted(reply.status for reply in replies) == [200] * 2 + [429] * 38
        refused = [reply.code for reply in replies if reply.status == 429]
        assert sorted(refused) == ["queue_full"] * 6 + ["too_slow"] * 32
        assert len(asked(site)) == 2
        assert len(site.heard_on("/api/v2/chats/new")) == 2


def test_a_stream_that_tells_something_is_not_refused_for_what_comes_later(
    site: PracticeSite,
) -> None:
    ahead_s = [0.0]
    settings = replace(ONE_SLOT, first_event_timeout_s=300, idle_timeout_s=600)
    with (
        running(site, settings=settings, clock=lambda: time.monotonic() + ahead_s[0]) as proxy,
        asking(proxy, act := Held()) as threads,
    ):
        proxy.control("key", what="set", name="default", field="patience_s", value="100")
        body = {
            "model": "qwen3.7-plus",
            "stream": True,
            "prompt": ["number one", "number two"],
        }
        both = threads.submit(proxy.ask, "POST", "/v1/completions", body)
        site.wait_until(lambda: asked(site))
        ahead_s[0] = 150.0
        act.may.set()
        reply = both.result()

        assert reply.status == 200
        assert asked(site) == ["one", "two"]
        assert "the answer to number two" in reply.body.decode()


def test_for_a_whole_answer_nobody_waits_longer_than_it_may_take(site: PracticeSite) -> None:
    limits = Limits(whole_s=10.0)
    with (
        running(site, settings=ONE_SLOT, limits=limits) as proxy,
        asking(proxy, act := Held()) as t,
    ):
        first = t.submit(proxy.chat, "number one", stream=True)
        site.wait_until(lambda: asked(site))
        late = proxy.chat("number two")

        assert (late.status, late.code) == (429, "too_slow")
        assert asked(site) == ["one"]
        act.may.set()
        assert first.result().status == 200


def test_files_of_who_would_be_late_are_not_given_to_the_site(site: PracticeSite) -> None:
    with running(site, settings=ONE_SLOT) as proxy, asking(proxy, act := Held()) as t:
        first = t.submit(proxy.chat, "number one")
        site.wait_until(lambda: asked(site))
        proxy.control("key", what="set", name="default", field="patience_s", value="9")
        content = [{"type": "text", "text": "number two"}, part(picture("PNG"))]
        late = proxy.chat(messages=[{"role": "user", "content": content}])

        assert (late.status, late.code) == (429, "too_slow")
        assert site.heard_on(GRANT) == []
        act.may.set()
        assert first.result().status == 200


def test_where_answers_are_quick_somebody_with_little_patience_may_wait(
    site: PracticeSite,
) -> None:
    with running(site, settings=ONE_SLOT) as proxy, asking(proxy, act := Held()) as t:
        act.may.set()
        assert {proxy.chat(f"number {name}").status for name in "abcd"} == {200}
        act.may.clear()
        first = t.submit(proxy.chat, "number one")
        site.wait_until(lambda: len(asked(site)) == 5)
        proxy.control("key", what="set", name="default", field="patience_s", value="12")
        second = t.submit(proxy.chat, "number two")
        until(lambda: queue(proxy) == (1, 1))
        act.may.set()

        assert (first.result().status, second.result().status) == (200, 200)


@dataclass
class Later:
    """Another act, which is not begun before it may be."""

    act: acts.Act
    may: threading.Event = field(default_factory=threading.Event)

    async def play(self, scene: acts.Scene) -> None:
        while not self.may.is_set():  # noqa: ASYNC110  it is set from another thread
            await asyncio.sleep(0.01)
        await self.act.play(scene)


@pytest.mark.parametrize(
    ("before", "act", "code"),
    [
        (0, acts.CHALLENGE, "cooling_down"),
        (1, acts.EMPTY, "cooling_down"),
        (4, acts.value({}, 504), "breaker_open"),
    ],
)
def test_who_waits_when_nothing_may_be_asked_any_more_is_told_at_once(
    site: PracticeSite, before: int, act: acts.Act, code: str
) -> None:
    """R35, R53: nobody waits for a turn that could only be a refusal."""
    last = Later(act)
    with running(site, settings=ONE_SLOT) as proxy:
        site.will(*[act] * before)
        for _ in range(before):
            assert proxy.chat().status >= 500
        site.will(last)
        with ThreadPoolExecutor(21) as threads:
            first = threads.submit(proxy.chat, "first")
            until(lambda: queue(proxy) == (0, 1))
            # Were each told at its own turn, the last would be so after twenty seconds at least.
            proxy.control("settings", what="set", name="start_spacing_s", value="1")
            others = [threads.submit(proxy.chat, f"other {number}") for number in range(20)]
            until(lambda: queue(proxy) == (20, 1))
            start_s = time.monotonic()
            last.may.set()
            told = [other.result().code for other in others]
            took_s = time.monotonic() - start_s

        assert first.result().status >= 500
        assert told == [code] * 20
        assert took_s < 10


def test_a_request_that_is_tried_again_keeps_its_place_and_is_never_one_too_many(
    site: PracticeSite,
) -> None:
    """R14, R51: its key's line is full, and it goes on before all of them."""
    first = Later(acts.page("<html>", 503))
    with running(site, settings=replace(ONE_SLOT, queue_size=2), hurry=5) as proxy:
        site.will(first)
        with ThreadPoolExecutor(3) as threads:
            replies = [threads.submit(proxy.chat, "number 0")]
            until(lambda: queue(proxy) == (0, 1))
            for number in (1, 2):
                replies.append(threads.submit(proxy.chat, f"number {number}"))
                until(lambda: queue(proxy) == (len(replies) - 1, 1))
            first.may.set()

        assert [reply.result().status for reply in replies] == [200] * 3
        assert asked(site) == ["0", "0", "1", "2"]
        proxy.check_sound()


def test_a_whole_answer_has_less_time_than_its_key_and_is_told_so(site: PracticeSite) -> None:
    """R52: the number is of what ended the waiting."""
    act = Held()
    settings = replace(ONE_SLOT, first_event_timeout_s=600.0, idle_timeout_s=600.0)
    limits = Limits(whole_s=5.0, headers_s=600.0)
    with (
        running(site, settings=settings, limits=limits, hurry=20) as proxy,
        asking(proxy, act, 1) as threads,
    ):
        first = threads.submit(proxy.chat, "number 1", stream=True)
        until(lambda: queue(proxy) == (0, 1))
        reply = proxy.chat("number 2")
        act.may.set()
        first.result()

        assert (reply.status, reply.code) == (429, "too_slow")
        assert "for the 5 s that a whole answer may take" in reply.json()["error"]["message"]
