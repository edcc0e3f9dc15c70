"""Clients that leave: R1, R2, R3, R7 as far as it is free, and stops of the proxy."""

import asyncio
import json
import socket
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.harness import QUICK, Reply, Running, running
from tests.proxy.test_activity import noted_by
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits


def connect(proxy: Running, *, stream: bool, text: object = "Hello") -> socket.socket:
    """A client that has sent a chat and reads nothing yet."""
    body = json.dumps(
        {
            "model": "qwen3.7-plus",
            "stream": stream,
            "messages": [{"role": "user", "content": text}],
        }
    ).encode()
    sock = socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    sock.sendall(
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
        + proxy.key.encode()
        + b"\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        + body
    )
    return sock


def test_leaving_in_mid_stream_stops_and_deletes_at_once(proxy: Running) -> None:
    """R1"""
    site = proxy.site
    site.will(acts.say("first ", *["more "] * 1500, pace_s=0.02))
    with connect(proxy, stream=True) as sock:
        while b"first" not in sock.recv(4096):
            pass
        left_s = time.monotonic()

    [completion] = site.heard_on("/api/v2/chat/completions")[:1]
    site.wait_until(lambda: site.deleted and completion.closed_s is not None, 15)
    assert completion.closed_s is not None
    # Without a stop it would go on for half a minute.
    assert completion.closed_s - left_s < 10
    assert site.stopped == site.deleted
    assert proxy.control("status")["hold"] is None
    proxy.check_sound()


@pytest.mark.parametrize("stream", [True, False])
def test_leaving_before_the_first_byte_closes_the_upstream(proxy: Running, stream: bool) -> None:
    """R2, R3"""
    site = proxy.site
    site.will(acts.Silence())
    with connect(proxy, stream=stream):
        site.wait_until(lambda: site.open_streams == 1)
        left_s = time.monotonic()

    site.wait_until(lambda: site.open_streams == 0, 15)
    completion = site.heard_on("/api/v2/chat/completions")[0]
    assert completion.closed_s is not None
    # Nobody waits for a first event: that would take longer.
    assert completion.closed_s - left_s < Limits().first_event_s / 10
    proxy.check_sound()


@dataclass(frozen=True)
class MadeLate:
    """A chat that is there at once, and told of when it may be."""

    site: PracticeSite
    may: threading.Event = field(default_factory=threading.Event)

    async def play(self, scene: acts.Scene) -> None:
        made = self.site._chats.new(scene.request, "a=b; Path=/")
        await asyncio.to_thread(self.may.wait, 30)
        await made.play(scene)


@pytest.mark.parametrize("stream", [True, False])
def test_a_chat_that_was_being_made_for_who_has_left_is_deleted(
    proxy: Running, stream: bool
) -> None:
    """R2, R3"""
    site = proxy.site
    late = MadeLate(site)
    site.on("new", late)
    with connect(proxy, stream=stream):
        site.wait_until(lambda: site.chats)
        [chat] = site.chats
    noted_by(proxy, 1)
    late.may.set()

    site.wait_until(lambda: site.deleted, 15)
    assert site.deleted == [chat]
    assert not site.heard_on("/api/v2/chat/completions")
    assert not site.chats
    proxy.check_sound()


@pytest.mark.slow
def test_leaving_the_queue_gives_the_place_back_and_asks_nothing(site: PracticeSite) -> None:
    """R2"""
    with running(site, settings=QUICK.__class__(parallel_answers=1, start_spacing_s=0.0)) as proxy:
        site.will(acts.say("a ", "b ", "c", pace_s=0.3))
        first = connect(proxy, stream=True)
        site.wait_until(lambda: site.open_streams == 1)
        with connect(proxy, stream=True, text="never asked"):
            until(lambda: proxy.control("status")["queue"]["waiting"] == 1)
        until(lambda: proxy.control("status")["queue"]["waiting"] == 0)
        site.wait_until(lambda: site.open_streams == 0)
        first.close()

        assert not any(b"never asked" in heard.request.body for heard in site.heard)
        proxy.check_sound()


@pytest.mark.slow
def test_a_client_that_never_reads_slows_the_upstream_and_is_dropped(site: PracticeSite) -> None:
    """R7, R8"""
    with running(site, limits=Limits(write_stall_s=1.0, tick_s=0.1)) as proxy:
        site.will(acts.say(*["x" * 100_000] * 500))
        with connect(proxy, stream=True):
            site.wait_until(lambda: site.open_streams == 1)
            site.wait_until(lambda: site.open_streams == 0, 10)

        proxy.check_sound()


@pytest.mark.slow
def test_stopping_lets_answers_end_and_refuses_the_rest(site: PracticeSite) -> None:
    with running(site) as proxy:
        site.will(acts.say("slow ", "but ", "whole", pace_s=0.2))
        replies: list[Reply] = []
        thread = threading.Thread(target=lambda: replies.append(proxy.chat(stream=True)))
        thread.start()
        site.wait_until(lambda: site.open_streams == 1)
        proxy.service.stop()
        thread.join()

        assert replies[0].text == "slow but whole"
        assert site.deleted
        with pytest.raises(ConnectionError):
            proxy.chat()


def test_stopping_ends_what_does_not_end_and_says_so(site: PracticeSite) -> None:
    settings = QUICK.__class__(parallel_answers=1, start_spacing_s=0.0)
    # Whoever is ended has the time to say so, and to tidy up.
    limits = Limits(drain_s=0.3, last_words_s=10.0, tidy_s=10.0)
    with running(site, settings=settings, limits=limits) as proxy:
        site.will(acts.say("endless ", *["x "] * 5000, pace_s=0.01))
        replies: dict[str, Reply] = {}

        def ask(name: str) -> None:
            replies[name] = proxy.chat(name, stream=True)

        threads = [threading.Thread(target=ask, args=(name,)) for name in ("runs", "waits")]
        threads[0].start()
        until(lambda: [one.step for one in proxy.service.status.live] == ["answering"])
        threads[1].start()
        until(lambda: proxy.control("status")["queue"]["waiting"] == 1)
        start_s = time.monotonic()
        proxy.service.stop()
        for thread in threads:
            thread.join()

        assert time.monotonic() - start_s < 20
        assert replies["runs"].text.startswith("endless")
        assert replies["runs"].error["code"] == "server_stopping"
        assert (replies["waits"].status, replies["waits"].code) == (503, "server_stopping")
        assert site.stopped == site.deleted != []
