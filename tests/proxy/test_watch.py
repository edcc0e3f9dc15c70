"""One watcher for all streams: limits of their time."""

import asyncio

import pytest

from tests.harness import running
from tests.proxy.test_relay import FAST, SHORT
from tests.upstreams.qwen.frames import created
from tests.waiting import comes
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import PracticeSite, acts
from tray_app.proxy.exchange import Exchange
from tray_app.proxy.limits import Limits
from tray_app.proxy.tasks import Tasks
from tray_app.proxy.watch import Watcher


@pytest.mark.slow
def test_silence_before_the_answer_ends_in_time(site: PracticeSite) -> None:
    """R16"""
    with running(site, limits=FAST, settings=SHORT) as proxy:
        site.will(acts.Silence(), acts.Raw(created(), then="hang"))
        first = proxy.chat()
        second = proxy.chat()

        assert (first.status, first.code) == (504, "upstream_timeout")
        assert (second.status, second.code) == (504, "upstream_timeout")
        proxy.check_sound()


async def test_what_goes_on_can_be_ended_and_waited_for() -> None:
    loop, tasks = asyncio.get_running_loop(), Tasks()
    watcher = Watcher(lambda: Limits(tick_s=60.0), loop.time, tasks)
    await watcher.idle(0.0)
    begun: list[Exchange] = []

    async def going_on() -> Kind | None:
        exchange = Exchange(loop.time)
        with watcher.watching(exchange):
            try:
                async with exchange.fuse:
                    begun.append(exchange)
                    await asyncio.sleep(60)
            except ProxyError as error:
                return error.kind
        return None

    async with asyncio.TaskGroup() as group:
        works = [group.create_task(going_on()) for _ in range(3)]
        await comes(lambda: len(begun) == 3)
        watcher.stop(ProxyError(Kind.SERVER_STOPPING))
        await watcher.idle(60.0)
        assert all(work.done() for work in works)
    await tasks.finish(1)

    assert [work.result() for work in works] == [Kind.SERVER_STOPPING] * 3


async def test_a_watcher_sleeps_while_there_is_nothing_to_watch() -> None:
    loop, tasks = asyncio.get_running_loop(), Tasks()
    watcher = Watcher(lambda: Limits(tick_s=0.01, stream_s=0.05), loop.time, tasks)
    before = len(asyncio.all_tasks())
    errors: list[Kind] = []
    for _ in range(2):
        exchange = Exchange(loop.time)
        with watcher.watching(exchange):
            try:
                async with exchange.fuse:
                    await asyncio.sleep(5)
            except ProxyError as error:
                errors.append(error.kind)
        await tasks.finish(1)

    assert errors == [Kind.UPSTREAM_TIMEOUT] * 2
    assert len(asyncio.all_tasks()) == before
