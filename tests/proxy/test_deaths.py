"""A proxy that dies, once and again and again: R61."""

import asyncio
import http.client
import threading
import time
from collections.abc import Callable
from contextlib import closing

import msgspec
import pytest

from tests.busy import Busy
from tests.proxy.test_supervisor import WITHIN_S, ask, die, parts_on, supervised
from tests.waiting import until
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.limits import Limits
from tray_app.proxy.supervisor import Supervisor


def stop_loop(supervisor: Supervisor) -> None:
    """End the proxy's loop as a library might, in the middle of everything."""

    async def stop() -> None:
        asyncio.get_running_loop().stop()

    service = supervisor.service
    assert service is not None
    service.post(stop())


@pytest.mark.parametrize("end", [die, stop_loop])
def test_a_proxy_that_dies_is_started_anew(
    site: PracticeSite, end: Callable[[Supervisor], None]
) -> None:
    """R61"""
    busy = Busy()
    # What it waits for is its own pause and nothing else, or it would not be there in time.
    limits = Limits(gone_s=600.0, cut_s=600.0)
    parts = msgspec.structs.replace(parts_on(site), limits=limits, new_loop=busy.new_loop)
    key = parts.person.keys.new("client").secret
    site.will(acts.say(*["word "] * 100, pace_s=0.3))
    answers: list[tuple[int, bytes]] = []
    broken: list[str] = []

    def read() -> None:
        try:
            ask(parts.settings.port, key, answers, stream=True)
        except (OSError, http.client.HTTPException) as error:
            broken.append(type(error).__name__)

    told: list[tuple[str, float]] = []

    def note() -> None:
        told.append((supervisor.run.said, time.thread_time()))

    with closing(Supervisor(parts, note)) as supervisor:
        supervisor.start()
        supervisor.settle(WITHIN_S)
        died = supervisor.service
        asking = threading.Thread(target=read)
        asking.start()
        site.wait_until(lambda: site.open_streams == 1)
        busy.forget()
        (_, began_s) = told[-1]
        end(supervisor)
        until(lambda: any("started again" in said for said, _ in told))
        anew = supervisor.settle(WITHIN_S)
        until(lambda: told[-1][0] == anew.said)
        took_s = told[-1][1] - began_s + busy.spent_s
        asking.join(WITHIN_S)
        ask(parts.settings.port, key, answers, stream=True)

        assert anew.kind == "running"
        # The pause, and what the supervisor and the loops did in their own processor time.
        assert limits.anew_s + took_s < 2
        assert supervisor.service is not died
    assert len(broken) == 1
    assert [status for status, _ in answers] == [200]
    assert b'"error"' not in answers[0][1]


@pytest.mark.parametrize("apart_s", [0.0, 59.0])
def test_a_proxy_that_keeps_dying_stays_stopped_until_somebody_starts_it(
    site: PracticeSite, apart_s: float
) -> None:
    """R61: the sixth death within five minutes is one too many."""
    now_s = 0.0
    parts = msgspec.structs.replace(parts_on(site), limits=Limits(anew_s=0.01))
    with supervised(parts, lambda: now_s) as supervisor:
        supervisor.start()
        for _ in range(6):
            assert supervisor.settle(WITHIN_S).kind == "running"
            now_s += apart_s
            died = supervisor.service
            die(supervisor)
            assert died is not None
            died.join(WITHIN_S)
        failed = supervisor.settle(WITHIN_S)
        supervisor.start()

        assert (failed.kind, failed.code) == ("failed", "died")
        assert "Look at the log" in failed.said
        assert supervisor.settle(WITHIN_S).kind == "running"


def test_deaths_that_are_far_apart_never_stop_it(site: PracticeSite) -> None:
    """R61: there are never six of them within five minutes."""
    now_s = 0.0
    parts = msgspec.structs.replace(parts_on(site), limits=Limits(anew_s=0.01))
    with supervised(parts, lambda: now_s) as supervisor:
        supervisor.start()
        for _ in range(15):
            assert supervisor.settle(WITHIN_S).kind == "running"
            now_s += 61.0
            died = supervisor.service
            die(supervisor)
            assert died is not None
            died.join(WITHIN_S)

        assert supervisor.settle(WITHIN_S).kind == "running"
