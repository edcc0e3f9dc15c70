"""Answers that are cut off by the site, at any byte: R19, R20."""

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.harness import QUICK, Running, running
from tests.proxy.baseline import forgive
from tests.proxy.test_relay import broken
from tests.upstreams.qwen.frames import created, delta
from tests.waiting import WITHIN_S, until
from tray_app.practice import PracticeSite, acts, frames
from tray_app.practice.http import chunk, head

_CHUNKED = ("Transfer-Encoding", "chunked")


@dataclass(frozen=True)
class Reset:
    """Some text, and a reset once it was read: before that it would take the text along."""

    was_read: threading.Event

    async def play(self, scene: acts.Scene) -> None:
        wire = scene.wire
        wire.send(head(200, [("Content-Type", "text/event-stream"), _CHUNKED]))
        wire.send(chunk(created() + delta("what was read")))
        await wire.flush()
        await asyncio.to_thread(self.was_read.wait, WITHIN_S)
        wire.reset()


@pytest.mark.parametrize("stream", [True, False])
def test_what_was_read_before_a_reset_is_there(proxy: Running, stream: bool) -> None:
    """R19"""
    read = threading.Event()
    proxy.site.will(Reset(read))
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(proxy.chat, stream=stream)
        until(lambda: proxy.service.status.live[0].output_tokens)
        read.set()
        reply = coming.result()

    if stream:
        broken(reply, "upstream_disconnected")
        assert reply.text == "what was read"
    else:
        assert (reply.status, reply.code) == (502, "upstream_disconnected")
    paths = [heard.request.path for heard in proxy.site.heard]
    assert paths.count("/api/v2/chat/completions") == 1
    proxy.check_sound()


@pytest.mark.parametrize("is_told", [True, False])
def test_a_drawing_that_is_cut_off_is_not_drawn_again(proxy: Running, is_told: bool) -> None:
    """R20: what was drawn is the answer, as the stream told it or else as the chat has it."""
    site = proxy.site
    url = f"{site.origin}/output/u/t2i/r/a.png?key=k"

    def make(scene: acts.Scene) -> Iterator[bytes]:
        yield frames.created(scene.chat_id, scene.response_id)
        if is_told:
            yield frames.Answer(scene.response_id).picture(url, (8, 8))

    if not is_told:
        message = {"role": "assistant", "content_list": [{"phase": "image_gen", "content": url}]}
        site.on("chat", acts.value({"data": {"chat": {"messages": [message]}}}))
    site.will(acts.Events(make, then="cut"), acts.Events(lambda _: iter(()), then="cut"))
    drawn = proxy.ask("POST", "/v1/images/generations", {"prompt": "a red square"})
    nothing = proxy.ask("POST", "/v1/images/generations", {"prompt": "a red square"})

    assert drawn.json()["data"] == [{"url": url}]
    assert (nothing.status, nothing.code) == (502, "upstream_disconnected")
    assert len(site.heard_on("/api/v2/chat/completions")) == 2


def test_a_drawing_that_is_cut_off_behind_a_check_is_held_up_by_it(proxy: Running) -> None:
    """R20: to ask again would make it worse."""
    url = f"{proxy.site.origin}/_____tmd_____/punish"

    def make(scene: acts.Scene) -> Iterator[bytes]:
        yield frames.created(scene.chat_id, scene.response_id)
        yield frames.Answer(scene.response_id).picture(url, (8, 8))

    proxy.site.will(acts.Events(make, then="cut"))
    drawn = proxy.ask("POST", "/v1/images/generations", {"prompt": "a red square"})

    assert (drawn.status, drawn.code) == (503, "verification_needed")


def test_a_picture_before_a_silence_is_the_answer(site: PracticeSite) -> None:
    """R20"""
    url = f"{site.origin}/output/u/t2i/r/a.png?key=k"

    def make(scene: acts.Scene) -> Iterator[bytes]:
        yield frames.created(scene.chat_id, scene.response_id)
        yield frames.Answer(scene.response_id).picture(url, (8, 8))

    settings = QUICK.__class__(start_spacing_s=0.0, idle_timeout_s=20.0)
    site.will(acts.Events(make, then="hang"))
    with running(site, settings=settings, hurry=20.0) as proxy:
        drawn = proxy.ask("POST", "/v1/images/generations", {"prompt": "a red square"})

    assert drawn.json()["data"] == [{"url": url}]


SHORTEST = (
    'data:{"choices":[{"delta":{"content":"é1","phase":"answer"}}]}\n\n'
    'data:{"choices":[{"delta":{"content":"two","phase":"answer"}}]}\n\n'
    'data:{"choices":[{"delta":{"status":"finished","phase":"answer"}}]}\n\n'
).encode()
"""An answer in as few bytes as can be."""


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_a_cut_at_any_byte_gives_a_beginning_and_an_honest_end(
    proxy: Running, stream: bool
) -> None:
    """R20, F10"""
    seen: Counter[str] = Counter()
    for end in range(len(SHORTEST) + 1):
        proxy.site.will(acts.Raw(SHORTEST[:end], then="cut"))
        reply = proxy.chat(stream=stream)
        # A site that fails again and again would not be asked any more.
        proxy.site._scripts.clear()
        forgive(proxy)

        if reply.status != 200:
            assert (reply.status, reply.code) == (502, "upstream_disconnected")
            seen["no text"] += 1
        elif stream and "error" in reply.frames[-2]:
            broken(reply, "upstream_disconnected")
            assert "é1two".startswith(reply.text)
            seen[reply.text] += 1
        else:
            assert end > len(SHORTEST) - 3
            assert reply.text == "é1two"
            seen["all"] += 1

    assert seen["all"] >= 1
    assert set(seen) == ({"no text", "é1", "é1two", "all"} if stream else {"no text", "all"})
    proxy.check_sound()
