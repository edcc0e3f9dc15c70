"""A loop that is blocked while something is in flight, seen from a thread beside it."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import msgspec
import pytest

from tests.proxy.test_supervisor import WITHIN_S, ask, parts_on, port_of, supervised
from tests.waiting import until
from tray_app.core.redact import Redactor
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits
from tray_app.proxy.watchdog import LOOKS, Watchdog
from tray_app.store.logs import start_logging, stop_logging

LIMIT_S = 0.5
BRIEF_S = 0.1
"""For loops of which nothing has to be done in time."""


class Counting:
    """A clock that counts how often it is asked, which is twice for each look of a watchdog."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.times = 0
        self._clock = clock

    def __call__(self) -> float:
        self.times += 1
        return self._clock()


class Watched:
    """A loop in a thread of its own, with a watchdog that counts."""

    def __init__(self, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.stuck = 0
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.released = threading.Event()
        self._clock = Counting(clock)
        self.watchdog = self._made(limit_s, self._clock)

    def _made(self, limit_s: float, clock: Callable[[], float]) -> Watchdog:
        async def make() -> Watchdog:
            return Watchdog(self._count, limit_s, clock)

        return asyncio.run_coroutine_threadsafe(make(), self.loop).result(WITHIN_S)

    def _count(self) -> None:
        self.stuck += 1

    def busy(self, is_busy: bool) -> None:
        self.in_loop(lambda: self.watchdog.watch(is_busy=is_busy))

    def in_loop(self, deed: Callable[[], object]) -> None:
        """Have something done by the loop, and wait for it."""

        async def do() -> None:
            deed()

        asyncio.run_coroutine_threadsafe(do(), self.loop).result(WITHIN_S)

    def is_looked_at(self, times: int) -> None:
        """Wait until the watchdog has looked so many times more."""
        end = self._clock.times + 2 * times
        until(lambda: self._clock.times >= end)

    def hang(self) -> None:
        """Block the loop until it is released; returns once it is blocked."""
        began = threading.Event()
        self.released.clear()
        self.loop.call_soon_threadsafe(hang_here, "canary-in-a-frame", began, self.released)
        assert began.wait(WITHIN_S)

    def close(self) -> None:
        self.released.set()
        self.watchdog.close()
        self.end_loop()

    def end_loop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(WITHIN_S)
        self.loop.close()


def hang_here(canary: str, began: threading.Event, released: threading.Event) -> None:
    twice = canary * 2
    began.set()
    while twice and not released.is_set():
        time.sleep(0.05)


@contextmanager
def watched(
    limit_s: float = LIMIT_S, clock: Callable[[], float] = time.monotonic
) -> Iterator[Watched]:
    made = Watched(limit_s, clock)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    start_logging(tmp_path, "info", Redactor())
    yield tmp_path / "portico.log"
    stop_logging()


def watchdogs() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "portico-watchdog"]


@pytest.mark.slow
def test_a_blocked_loop_is_told_once_with_the_place_and_no_values(log: Path) -> None:
    """R62"""
    with watched(BRIEF_S) as loop:
        loop.busy(True)
        loop.hang()
        until(lambda: loop.stuck)
        loop.is_looked_at(2 * LOOKS)

    lines = log.read_text().splitlines()
    assert loop.stuck == 1
    assert "loop=blocked" in lines[0]
    assert "proxy/test_watchdog.py" in lines[1].partition(" < ")[0]
    assert "hang_here" in lines[1].partition(" < ")[0]
    assert "thread=MainThread" in lines[2]
    assert all(" CRITICAL tray_app.proxy.watchdog " in line for line in lines)
    assert "canary" not in log.read_text()


def test_frames_without_end_are_logged_in_part(log: Path) -> None:
    """R62"""

    def deep(left: int, loop: Watched) -> None:
        if left:
            deep(left - 1, loop)
        else:
            hang_here("x", threading.Event(), loop.released)

    with watched(BRIEF_S) as loop:
        loop.busy(True)
        loop.loop.call_soon_threadsafe(deep, 300, loop)
        until(lambda: loop.stuck)

    [line] = until(lambda: [one for one in log.read_text().split("\n")[:-1] if "hang_here" in one])
    assert 10 < line.count(" < ") < 50
    assert "…" not in line


@pytest.mark.slow
def test_a_loop_that_is_blocked_again_is_told_again() -> None:
    with watched() as loop:
        loop.busy(True)
        loop.hang()
        until(lambda: loop.stuck == 1)
        loop.released.set()
        loop.in_loop(lambda: None)
        # One look later it is known that the loop came back.
        loop.is_looked_at(2)
        loop.hang()
        until(lambda: loop.stuck == 2)


@pytest.mark.slow
@pytest.mark.parametrize("was_busy", [False, True])
def test_a_loop_with_nothing_in_flight_may_be_blocked(was_busy: bool) -> None:
    """R62"""
    with watched(BRIEF_S) as loop:
        loop.busy(was_busy)
        loop.busy(False)
        loop.hang()
        # Whoever looks at nothing cannot be waited for.
        time.sleep(3 * BRIEF_S)

        assert loop.stuck == 0


@pytest.mark.slow
def test_a_loop_that_is_busy_for_less_than_the_limit_is_left_alone() -> None:
    """R62"""
    with watched() as loop:
        loop.busy(True)
        for _ in range(4):
            loop.in_loop(lambda: loop.is_looked_at(LOOKS // 2 - 1))

        assert loop.stuck == 0


@pytest.mark.slow
def test_time_in_which_the_watchdog_was_held_up_itself_does_not_count() -> None:
    """R62"""
    starved = count(step=BRIEF_S)
    with watched(BRIEF_S, clock=lambda: float(next(starved))) as loop:
        loop.busy(True)
        loop.hang()
        loop.is_looked_at(3 * LOOKS)

        assert loop.stuck == 0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts what a thread does")
def test_it_sleeps_for_good_while_nothing_is_in_flight() -> None:
    """R62"""
    before = set(watchdogs())

    def wakings() -> int:
        [thread] = set(watchdogs()) - before
        told = Path(f"/proc/self/task/{thread.native_id}/status").read_text()
        counts = [line for line in told.splitlines() if "ctxt_switches" in line]
        return sum(int(line.split()[1]) for line in counts)

    with watched(BRIEF_S) as loop:
        time.sleep(2 * BRIEF_S)
        fresh = wakings()
        time.sleep(2 * BRIEF_S)
        still_fresh = wakings()
        loop.busy(True)
        until(lambda: wakings() > fresh + LOOKS)
        loop.busy(False)
        time.sleep(2 * BRIEF_S)
        resting = wakings()
        time.sleep(2 * BRIEF_S)

        assert still_fresh == fresh
        assert wakings() == resting


def test_it_ends_when_it_is_closed_or_its_loop_is() -> None:
    before, limit_s = set(watchdogs()), 20 * LIMIT_S
    with watched(limit_s) as closed:
        closed.busy(True)
        closed.watchdog.close()
        until(lambda: set(watchdogs()) <= before)
    left = Watched(limit_s)
    left.busy(True)
    left.end_loop()
    until(lambda: set(watchdogs()) <= before)

    assert (closed.stuck, left.stuck) == (0, 0)


@pytest.mark.slow
def test_a_proxy_that_hangs_in_mid_answer_is_told_but_not_one_that_is_to_stop(
    site: PracticeSite,
) -> None:
    """R62"""
    told = threading.Semaphore(0)
    parts = msgspec.structs.replace(
        parts_on(site), stuck=told.release, limits=Limits(blocked_s=LIMIT_S, drain_s=0.5)
    )
    key = parts.person.keys.new("client").secret
    site.will(acts.say(*["word "] * 100, pace_s=0.3))
    released, began = threading.Event(), threading.Event()

    async def hang() -> None:
        hang_here("x", began, released)

    with supervised(parts) as supervisor:
        supervisor.start()
        supervisor.settle(WITHIN_S)
        service = supervisor.service
        assert service is not None
        answers: list[tuple[int, bytes]] = []
        asking = threading.Thread(
            target=ask, args=(port_of(supervisor), key, answers), kwargs={"stream": True}
        )
        asking.start()
        site.wait_until(lambda: site.open_streams == 1)
        service.post(hang())
        was_told = told.acquire(timeout=WITHIN_S)
        released.set()
        until(lambda: service.post(asyncio.sleep(0)).result(WITHIN_S) is None)
        time.sleep(LIMIT_S)
        released.clear()
        began.clear()
        service.post(hang())
        assert began.wait(WITHIN_S)
        supervisor.stop()
        told_again = told.acquire(timeout=3 * LIMIT_S)
        released.set()
        asking.join(WITHIN_S)

    assert was_told
    assert not told_again
    assert [status for status, _ in answers] == [200]
