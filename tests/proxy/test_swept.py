"""What an answer took goes at once when it is over, and needs no collection of rubbish for it.

What was made for good is set apart, so that collections are rare: a piece of an answer of 8 MiB
stayed for ten minutes until one came.
"""

import gc
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection

import pytest
from aiohttp import web

from tests.bench.frames import plain
from tests.harness import QUICK, running
from tests.proxy.equals import Held
from tests.proxy.test_ahead import PARSED
from tests.proxy.test_leaving import connect
from tests.proxy.test_preparing import asked, paper
from tests.waiting import until
from tray_app.core.sse import SseDecoder
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.answering import Answering
from tray_app.proxy.limits import Limits

ENDS = {
    "well": acts.say("fine"),
    "too large a piece": acts.Raw(b"".join(plain(3)[:2]) + b"data: " + b"x" * (9 << 20)),
    "cut": acts.say("one", finished=False, then="cut"),
    "reset": acts.say("one", finished=False, then="reset"),
    "stalled": acts.say("one", finished=False, then="hang"),
    "dropped": acts.Drop(),
    "asked for a person": acts.CHALLENGE,
    "empty": acts.EMPTY,
    "garbage": acts.Raw(b"data: {nope\n\n" * 10),
}


_before: list[SseDecoder] = []
"""What other tests left, which is held so that it can be told from what comes."""


@pytest.fixture
def _nothing_is_collected() -> Iterator[None]:
    gc.collect()
    gc.disable()
    _before[:] = there()
    yield
    _before.clear()
    gc.enable()


def there() -> list[SseDecoder]:
    return [one for one in gc.get_objects() if isinstance(one, SseDecoder)]


def decoders() -> int:
    return len(there()) - len(_before)


@pytest.mark.usefixtures("_nothing_is_collected")
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("act", ENDS.values(), ids=ENDS.keys())
def test_an_answer_is_gone_when_it_is_over(site: PracticeSite, act: acts.Act, stream: bool) -> None:
    """R74"""
    brief = QUICK.__class__(start_spacing_s=0.0, idle_timeout_s=20.0)
    with running(site, hurry=20.0, settings=brief) as proxy:
        site.will(act)
        proxy.chat(stream=stream)

        until(lambda: decoders() == 0)


@pytest.mark.usefixtures("_nothing_is_collected")
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("joins", [True, False], ids=["joined", "alone"])
@pytest.mark.parametrize(
    "act", [acts.Silence(), acts.say("one ", *["more "] * 5000, pace_s=0.02)], ids=["early", "late"]
)
def test_an_answer_is_gone_when_its_client_has_left(
    site: PracticeSite, act: acts.Act, joins: bool, stream: bool
) -> None:
    """R74"""
    with running(site) as proxy:
        proxy.control(
            "key", what="set", name="default", field="join", value="on" if joins else "off"
        )
        site.will(act)
        with connect(proxy, stream=stream):
            site.wait_until(lambda: site.open_streams == 1)
            until(decoders)

        until(lambda: decoders() == 0)


@pytest.mark.usefixtures("_nothing_is_collected")
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("then", ["end", "cut", "hang"])
def test_an_answer_for_several_is_gone_when_it_is_over(
    site: PracticeSite, then: acts.Then, stream: bool
) -> None:
    """R74"""
    brief = QUICK.__class__(start_spacing_s=0.0, idle_timeout_s=20.0)
    act = Held(acts.say("one", " and more", finished=then == "end", then=then))
    with running(site, hurry=20.0, settings=brief) as proxy, ThreadPoolExecutor(3) as pool:
        proxy.control("key", what="set", name="default", field="join", value="on")
        site.will(act)
        told = [pool.submit(proxy.chat, stream=stream) for _ in range(3)]
        until(lambda: len(proxy.service.status.live) == 3)
        act.may.set()

        assert len({one.result().status for one in told}) == 1
        until(lambda: decoders() == 0)


def prompts() -> int:
    return sum(isinstance(one, Answering) for one in gc.get_objects())


@pytest.mark.usefixtures("_nothing_is_collected")
@pytest.mark.parametrize(
    ("act", "leaves"),
    [
        (None, True),
        (acts.Silence(), True),
        (None, False),
        (acts.Silence(), False),
        (acts.Drop(), False),
        (acts.refused("RateLimited"), False),
        (acts.refused("Unauthorized", status=401), False),
        (acts.CHALLENGE, False),
    ],
    ids=[
        "left once made",
        "left in silence",
        "made",
        "silent",
        "dropped",
        "limited",
        "made again",
        "asked for a person",
    ],
)
def test_what_was_attached_is_gone_whatever_came_of_the_chat_made_ahead(
    site: PracticeSite, act: acts.Act | None, leaves: bool
) -> None:
    """R74"""
    site.uploads.looks = 1_000_000 if leaves else 2
    with running(site, hurry=20.0, limits=Limits(first_event_s=30.0)) as proxy:
        if act is not None:
            site.on("new", act)
        if leaves:
            with connect(proxy, stream=True, text=[paper("Read this")]):
                site.wait_until(lambda: site.heard_on(PARSED))
                until(prompts)
        else:
            asked(proxy, paper("Read this"))

        until(lambda: prompts() == 0)


def large_answers() -> int:
    answers = (one for one in gc.get_objects() if isinstance(one, web.Response))
    return sum(isinstance(one.body, bytes) and len(one.body) > 1 << 20 for one in answers)


def test_a_connection_that_is_kept_keeps_nothing_of_its_last_answer(site: PracticeSite) -> None:
    """R74"""
    body = json.dumps({"model": "qwen3.7-plus", "messages": [{"role": "user", "content": "Hello"}]})
    with running(site) as proxy, closing(HTTPConnection("127.0.0.1", proxy.port)) as line:
        site.will(acts.say("x" * (2 << 20)))
        told = {"Authorization": f"Bearer {proxy.key}", "Content-Type": "application/json"}
        line.request("POST", "/v1/chat/completions", body, told)

        assert len(line.getresponse().read()) > 2 << 20
        until(lambda: large_answers() == 0)
        line.request("GET", "/health")
        assert line.getresponse().status == 200
