"""The client's side of an answer: R8, R77."""

import asyncio
from contextlib import suppress

import msgspec
import pytest
from aiohttp import web

from tests.harness import QUICK, running
from tests.proxy.equals import Clock, stands
from tests.proxy.test_leaving import connect
from tests.proxy.test_relay import broken
from tests.waiting import WITHIN_S, comes
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.exchange import Streamed
from tray_app.proxy.limits import Limits

MUCH = acts.say(*["x" * 100_000] * 200)
IMPATIENT = msgspec.structs.replace(QUICK, idle_timeout_s=1.0)
"""With the site, not with clients."""


@pytest.mark.slow
def test_the_head_waits_for_the_answer_and_then_the_client_is_kept_waiting(
    site: PracticeSite,
) -> None:
    """R77"""
    with running(site, limits=Limits(commit_s=0.5, heartbeat_s=0.3, tick_s=0.05)) as proxy:
        site.will(acts.Slow(acts.say("late"), 1.5), acts.say("soon"))
        late = proxy.chat(stream=True)
        soon = proxy.chat(stream=True)

        assert late.text == "late"
        assert late.body.startswith(b": keep-alive\n\n: keep-alive\n\n")
        assert late.body.count(b": keep-alive") <= 5
        assert b": keep-alive" not in soon.body


@pytest.mark.slow
def test_an_error_has_a_status_before_the_head_and_a_frame_after_it(site: PracticeSite) -> None:
    """R77"""
    with running(site, limits=Limits(commit_s=0.4, tick_s=0.05)) as proxy:
        site.will(acts.Slow(acts.CHALLENGE, 0.1))
        early = proxy.chat(stream=True)
        proxy.control("resume")
        site.will(acts.Slow(acts.CHALLENGE, 0.9))
        late = proxy.chat(stream=True)

        assert (early.status, early.code) == (503, "verification_needed")
        broken(late, "verification_needed")


@pytest.mark.slow
def test_a_client_that_takes_nothing_is_dropped_and_the_site_is_not_blamed(
    site: PracticeSite,
) -> None:
    """R8"""
    limits = Limits(write_stall_s=3.0, tick_s=0.1)
    with running(site, limits=limits, settings=IMPATIENT) as proxy:
        site.will(MUCH)
        with connect(proxy, stream=True) as sock:
            site.wait_until(lambda: site.open_streams == 1, 15)
            site.wait_until(lambda: site.open_streams == 0, 15)
            got = bytearray()
            with suppress(ConnectionError):
                while piece := sock.recv(1 << 20):
                    got += piece

        assert b"upstream_stalled" not in got
        assert b"[DONE]" not in got
        proxy.check_sound()


@pytest.mark.slow
def test_a_client_that_pauses_for_longer_than_the_site_may_gets_everything(
    site: PracticeSite,
) -> None:
    """R8"""
    limits, clock = Limits(write_stall_s=30.0, tick_s=0.1), Clock()
    settings = msgspec.structs.replace(IMPATIENT, idle_timeout_s=20.0)
    with running(site, limits=limits, settings=settings, clock=clock) as proxy:
        site.will(MUCH)
        with connect(proxy, stream=True) as sock:
            site.wait_until(lambda: site.open_streams == 1, 15)
            stands(proxy)
            clock.ahead_s = 60.0  # This is the pause.
            proxy.let_pass(3 * limits.tick_s)
            got = bytearray()
            while b"[DONE]" not in got[-100:]:
                piece = sock.recv(1 << 20)
                assert piece
                got += piece

        assert got.count(b"x") >= 200 * 100_000
        assert b'"error"' not in got
        proxy.check_sound()


async def test_a_comment_never_waits_for_a_client_that_takes_nothing() -> None:
    """R8, R77: who looks after all streams would wait there for a single one."""
    looked = asyncio.Event()
    now_s = asyncio.get_running_loop().time
    limits = Limits(heartbeat_s=0.0)

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        exchange = Streamed(request, {}, now_s)
        # The last bytes that fit before whoever writes more has to wait.
        await exchange.write(b"x" * 65_000)
        assert request.transport is not None
        request.transport.write(b"y" * (32 << 20))
        async with asyncio.timeout(WITHIN_S):
            for _ in range(100):
                await exchange.look(now_s(), limits)
        looked.set()
        request.transport.abort()
        return web.Response()

    runner = web.ServerRunner(web.Server(answer), shutdown_timeout=1.0)
    await runner.setup()
    try:
        place = web.TCPSite(runner, "127.0.0.1", 0)
        await place.start()
        _, writer = await asyncio.open_connection(*runner.addresses[0][:2], limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await comes(looked.is_set, 2 * WITHIN_S)
        writer.close()
    finally:
        await runner.cleanup()
