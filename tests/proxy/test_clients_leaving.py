"""Clients that leave at every stage, by halves or all at once, and those that read slowly."""

import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.busy import Busy
from tests.harness import QUICK, Running, running
from tests.proxy.baseline import gives_all_back, house_of
from tests.proxy.equals import Clock, stands
from tests.proxy.test_failing import wall
from tests.proxy.test_leaving import connect
from tests.waiting import until
from tray_app.compose import practice_site
from tray_app.core.deeds import LEFT
from tray_app.practice import PracticeSite, acts, frames
from tray_app.proxy.limits import Limits

__all__ = ["wall"]
COMPLETIONS = "/api/v2/chat/completions"
NEW = "/api/v2/chats/new"
MIB = 1 << 20


def outcomes(proxy: Running) -> list[str]:
    """How the latest requests ended, the newest first."""
    return [deed.outcome for deed in proxy.service.status.recent]


def is_free(proxy: Running) -> bool:
    """Whether nobody has a turn or waits for one."""
    return bool(proxy.control("status")["queue"] == {"waiting": 0, "in_flight": 0})


@dataclass(frozen=True)
class Endless:
    """An answer that goes on as long as it is taken, and how much of it was taken."""

    sent: list[int]
    piece: str = "x" * 50_000

    async def play(self, scene: acts.Scene) -> None:
        """As much as goes."""
        answer = frames.Answer(scene.response_id)
        data = answer.text(self.piece)

        def make(_: acts.Scene) -> Iterator[bytes]:
            yield frames.created(scene.chat_id, scene.response_id)
            while True:
                self.sent.append(len(data))
                yield data

        await acts.Events(make).play(scene)


def resident_bytes() -> int:
    """How much memory this process has; only Linux tells it so."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_may_leave_while_the_site_has_not_answered_yet(
    site: PracticeSite, stream: bool
) -> None:
    """R2, R3"""
    with running(site) as proxy, gives_all_back(proxy):
        heard = len(site.heard_on(COMPLETIONS))
        site.will(acts.Silence())
        with connect(proxy, stream=stream):
            site.wait_until(lambda: len(site.heard_on(COMPLETIONS)) > heard)
            asked = site.heard_on(COMPLETIONS)[-1]
            left_s = time.monotonic()
        site.wait_until(lambda: asked.closed_s is not None)

        assert asked.closed_s is not None
        assert asked.closed_s - left_s < 5
        until(lambda: is_free(proxy))
        until(lambda: outcomes(proxy)[0] == LEFT)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_may_leave_while_its_chat_is_being_made(site: PracticeSite, stream: bool) -> None:
    """R2, R3: the chat is made to its end, so that it can be deleted, and holds up nobody."""
    with running(site) as proxy, gives_all_back(proxy):
        heard = len(site.heard_on(NEW))
        site.on("new", acts.Slow(acts.refused("internal_error", "Internal error"), 1.5))
        with connect(proxy, stream=stream):
            site.wait_until(lambda: len(site.heard_on(NEW)) > heard)
        until(lambda: is_free(proxy), 1.0)
        until(lambda: outcomes(proxy)[0] == LEFT)


@pytest.mark.slow
def test_a_client_may_leave_while_a_connection_comes_about(site: PracticeSite, wall: int) -> None:
    """R2"""
    place = practice_site(f"http://127.0.0.1:{wall}", site.auth_origin)
    with running(site, place=place) as proxy:
        with connect(proxy, stream=True):
            until(lambda: proxy.control("status")["queue"]["in_flight"] == 1)
        until(lambda: is_free(proxy), 1.5)

        until(lambda: outcomes(proxy) == [LEFT])


def test_a_client_may_leave_while_comments_keep_it_waiting(site: PracticeSite) -> None:
    """R1, R2"""
    with (
        running(site, limits=Limits(commit_s=0.1, tick_s=0.05)) as proxy,
        gives_all_back(proxy),
    ):
        site.will(acts.Silence())
        with connect(proxy, stream=True) as sock:
            while b": keep-alive" not in sock.recv(4096):
                pass
            asked = site.heard_on(COMPLETIONS)[-1]
            left_s = time.monotonic()
        site.wait_until(lambda: asked.closed_s is not None)

        assert asked.closed_s is not None
        assert asked.closed_s - left_s < 5
        until(lambda: outcomes(proxy)[0] == LEFT)


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("begun", [True, False])
def test_a_client_that_closes_its_half_has_left(
    site: PracticeSite, stream: bool, begun: bool
) -> None:
    """R6"""
    slow = acts.say("first ", *["more "] * 5000, pace_s=0.02)
    with running(site) as proxy, gives_all_back(proxy):
        site.will(slow if begun else acts.Silence())
        with connect(proxy, stream=stream) as sock:
            site.wait_until(lambda: site.open_streams == 1)
            if begun and stream:
                while b"first" not in sock.recv(4096):
                    pass
            asked = site.heard_on(COMPLETIONS)[-1]
            sock.shutdown(socket.SHUT_WR)
            left_s = time.monotonic()
            site.wait_until(lambda: asked.closed_s is not None)
            rest = b""
            while piece := sock.recv(65536):
                rest += piece

        assert asked.closed_s is not None
        assert asked.closed_s - left_s < 5
        assert b"[DONE]" not in rest
        until(lambda: outcomes(proxy)[0] == LEFT)


def test_a_client_that_closes_its_half_in_the_queue_gives_its_place_back(
    site: PracticeSite,
) -> None:
    """R2, R6"""
    one = QUICK.__class__(parallel_answers=1, start_spacing_s=0.0)
    with running(site, settings=one) as proxy, gives_all_back(proxy):
        site.will(acts.Silence())
        with connect(proxy, stream=True):
            site.wait_until(lambda: site.open_streams == 1)
            with connect(proxy, stream=True, text="never asked") as sock:
                until(lambda: proxy.control("status")["queue"]["waiting"] == 1)
                sock.shutdown(socket.SHUT_WR)
                until(lambda: proxy.control("status")["queue"]["waiting"] == 0)
        assert not any(b"never asked" in heard.request.body for heard in site.heard)


def test_thirty_clients_that_leave_at_once_hold_up_nobody(site: PracticeSite) -> None:
    """R5"""
    many = QUICK.__class__(parallel_answers=30, start_spacing_s=0.0)
    busy = Busy()
    with (
        running(site, settings=many, new_loop=busy.new_loop) as proxy,
        gives_all_back(proxy),
        ExitStack() as clients,
    ):
        site.will(*[acts.say("begun ", *["x" * 52_429] * 100)] * 30)
        socks = [clients.enter_context(connect(proxy, stream=True)) for _ in range(30)]
        for sock in socks:
            while b"begun" not in sock.recv(4096):
                pass
        took: list[float] = []
        over = threading.Event()

        def ask() -> None:
            while not over.is_set():
                spent_s = busy.spent_s
                assert proxy.ask("GET", "/health", key=None, timeout_s=5).status == 200
                took.append(busy.spent_s - spent_s)

        busy.forget()
        with ThreadPoolExecutor(1) as beside:
            asking = beside.submit(ask)
            try:
                for sock in socks:
                    sock.close()
                site.wait_until(lambda: site.open_streams == 0, 15)
                until(lambda: is_free(proxy))
            finally:
                over.set()
            asking.result()

        # What the proxy did before it came to the answer, in the round of the answer and before.
        assert took
        assert max(took) + busy.longest_round_s < 0.4
        assert busy.longest_round_s < 0.2


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is looked at as Linux tells it")
def test_an_endless_answer_that_nobody_reads_fills_no_memory(site: PracticeSite) -> None:
    """R7: two hundred MiB and more would be sent, and the upstream is made to wait."""
    sent: list[int] = []
    with running(site) as proxy, gives_all_back(proxy):
        site.will(acts.say("x" * 50_000))
        assert proxy.chat(stream=True).status == 200
        before = resident_bytes()
        site.will(Endless(sent))
        with connect(proxy, stream=True):
            site.wait_until(lambda: site.open_streams == 1)
            standing, seen = 0, -1
            while standing < 10:
                time.sleep(0.05)
                standing, seen = (standing + 1, seen) if len(sent) == seen else (0, len(sent))
                assert sum(sent) < 100 * MIB

            assert sum(sent) > 0
            assert resident_bytes() - before < 20 * MIB


@dataclass(frozen=True)
class Large:
    """A whole answer that fits into no socket, before a client that reads nothing."""

    text: str = "y" * (2 * MIB)

    def act(self) -> acts.Act:
        """Six pieces of it, together twelve MiB."""
        return acts.say(*[self.text] * 6)


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_takes_nothing_is_dropped_and_that_is_logged_once(
    site: PracticeSite, stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """R8"""
    with (
        running(site, limits=Limits(write_stall_s=1.0, tick_s=0.1)) as proxy,
        gives_all_back(proxy),
        caplog.at_level(logging.INFO, "tray_app"),
    ):
        site.will(Large().act())
        with connect(proxy, stream=stream) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            site.wait_until(lambda: site.open_streams == 1)
            site.wait_until(lambda: site.open_streams == 0, 15)
            until(lambda: not house_of(proxy).server.connections)

            # However good its answer was, nobody has it.
            until(lambda: not proxy.service.parts.person.activity._going)

        lines = [line for line in caplog.messages if "reason=takes-nothing" in line]
        assert len(lines) == 1
        [line] = [line for line in caplog.messages if "model=qwen3.7-plus" in line]
        assert f" outcome={LEFT} " in line
        today = proxy.service.parts.person.activity.today()
        assert (today.left, today.failed) == (1, 0)


@pytest.mark.slow
def test_a_client_that_takes_nothing_holds_up_no_other(site: PracticeSite) -> None:
    """R8, R77: comments go to those who wait, whoever else takes nothing."""
    limits = Limits(commit_s=0.1, heartbeat_s=0.1, tick_s=0.05)
    with running(site, limits=limits) as proxy, gives_all_back(proxy), ExitStack() as clients:
        # It stops in the middle, when our side has more than the sockets take.
        site.will(acts.say(*["z" * 100_000] * 200, finished=False, then="hang"))
        clients.enter_context(connect(proxy, stream=True))
        site.wait_until(lambda: site.open_streams == 1)
        stands(proxy)
        site.will(acts.Slow(acts.say("late"), 1.0))
        other = proxy.chat(stream=True)

        assert other.text == "late"
        assert other.body.count(b": keep-alive") >= 3


def test_a_slow_client_gets_all_of_it(site: PracticeSite) -> None:
    """R9"""
    pieces = [f"{at:05} " * 40 for at in range(400)]
    limits = Limits(write_stall_s=10.0, tick_s=0.1)
    with running(site, limits=limits) as proxy, gives_all_back(proxy):
        site.will(acts.say(*pieces), acts.say(*pieces))
        quick = proxy.chat(stream=True)
        with connect(proxy, stream=True) as sock:
            got = b""
            while b"data: [DONE]\n\n" not in got:
                got += sock.recv(2048)
                time.sleep(0.002)
        data = [line[6:] for line in got.split(b"\n") if line.startswith(b"data: {")]
        slow = [json.loads(line)["choices"] for line in data]

        assert quick.text == "".join(pieces)
        assert "".join(one[0]["delta"].get("content") or "" for one in slow if one) == quick.text


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_pauses_is_not_told_that_the_site_did(
    site: PracticeSite, stream: bool
) -> None:
    """R7, R9, R18: for longer than the site may be silent it takes nothing, and then all of it."""
    piece = "w" * 262_144
    patient = QUICK.__class__(start_spacing_s=0.0, idle_timeout_s=20.0)
    clock = Clock()
    with (
        running(site, settings=patient, limits=Limits(tick_s=0.1), clock=clock) as proxy,
        gives_all_back(proxy),
    ):
        site.will(acts.say(*[piece] * 80))
        got = bytearray()
        with connect(proxy, stream=stream) as sock:
            site.wait_until(lambda: site.open_streams == 1)
            stands(proxy)
            clock.ahead_s = 60.0
            proxy.let_pass(0.3)
            end = b"0\r\n\r\n" if stream else b"}"
            while not got.endswith(end):
                got += sock.recv(1 << 20)

        assert got.count(b"w" * 1000) > 0
        assert got.count(b"w") >= 80 * len(piece)
        assert b'"error"' not in got
        assert stream is got.endswith(b"data: [DONE]\n\n\r\n0\r\n\r\n")
