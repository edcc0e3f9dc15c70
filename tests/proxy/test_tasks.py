"""Work beside requests, and ending work from outside."""

import asyncio
import logging

import pytest

from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.tasks import Fuse, TaskRef, Tasks, this_task


async def test_what_goes_wrong_beside_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def break_down() -> None:
        raise ValueError("broken")

    async def refuse() -> None:
        raise ProxyError(Kind.UPSTREAM_ERROR)

    tasks = Tasks()
    with caplog.at_level(logging.INFO):
        tasks.spawn(break_down(), "first")
        tasks.spawn(refuse(), "second")
        await tasks.finish(1)

    assert "task=first failed" in caplog.text
    assert "task=second failed kind=upstream_error" in caplog.text


async def test_work_can_be_ended_by_whoever_began_it() -> None:
    tasks = Tasks()
    task = tasks.held(asyncio.sleep(60), "endless")
    task.cancel()
    await tasks.finish(15)

    assert task.cancelled()


async def test_finishing_waits_and_then_ends_the_rest() -> None:
    done: list[str] = []

    async def work(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        done.append(name)

    tasks = Tasks()
    tasks.spawn(work("quick", 0.01), "quick")
    tasks.spawn(work("endless", 60), "endless")
    await tasks.finish(0.1)

    assert done == ["quick"]


async def test_a_blown_fuse_ends_the_work_with_its_error() -> None:
    fuse = Fuse()
    asyncio.get_running_loop().call_later(0.01, fuse.blow, ProxyError(Kind.UPSTREAM_STALLED))

    with pytest.raises(ProxyError) as caught:
        async with fuse:
            await asyncio.sleep(5)

    assert caught.value.kind is Kind.UPSTREAM_STALLED


async def test_a_cancellation_from_elsewhere_stays_one() -> None:
    async def work(fuse: Fuse) -> None:
        async with fuse:
            await asyncio.sleep(5)

    fuse = Fuse()
    task = asyncio.get_running_loop().create_task(work(fuse))
    await asyncio.sleep(0)
    fuse.blow(ProxyError(Kind.UPSTREAM_STALLED))
    task.cancel()
    await asyncio.wait({task})

    assert task.cancelled()


async def test_a_fuse_that_is_out_does_nothing() -> None:
    fuse = Fuse()
    async with fuse:
        pass
    fuse.blow(ProxyError(Kind.UPSTREAM_STALLED))
    await asyncio.sleep(0)


async def test_a_task_that_is_gone_can_still_be_looked_for() -> None:
    found: list[TaskRef | None] = []

    async def work() -> None:
        found.append(this_task())

    async with asyncio.TaskGroup() as group:
        group.create_task(work())
    await asyncio.sleep(0)
    [gone] = found

    assert gone is not None
    assert gone() is None
    assert {this_task(): "here", gone: "gone"}[gone] == "gone"
    assert await asyncio.to_thread(this_task) is None
