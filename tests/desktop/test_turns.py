"""Turns of what is done in a window."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.waiting import comes
from tray_app.desktop.turns import Turns


class Deeds:
    """Deeds that take until they are let go, and what is done of them."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.going = asyncio.Event()

    def slow(self, name: str) -> Callable[[], Awaitable[None]]:
        async def deed() -> None:
            self.began.append(name)
            await self.going.wait()

        return deed


async def test_one_is_done_after_the_other() -> None:
    turns, deeds = Turns(), Deeds()
    async with asyncio.TaskGroup() as group:
        for name in "abc":
            group.create_task(turns.take(name, deeds.slow(name)))
        await comes(lambda: deeds.began)
        await asyncio.sleep(0.1)
        at_first = list(deeds.began)
        deeds.going.set()

    assert at_first == ["a"]
    assert deeds.began == ["a", "b", "c"]


async def test_what_is_under_way_is_not_begun_once_more_but_later_it_is() -> None:
    turns, deeds = Turns(), Deeds()
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(turns.take("a", deeds.slow("a")))
        await comes(lambda: deeds.began)
        deeds.going.set()
    at_once = list(deeds.began)

    await turns.take("a", deeds.slow("a"))

    assert at_once == ["a"]
    assert deeds.began == ["a", "a"]


@pytest.mark.slow
async def test_what_takes_long_keeps_nobody_from_going_on() -> None:
    turns, deeds = Turns(), Deeds()
    async with asyncio.TaskGroup() as group:
        group.create_task(turns.take("a", deeds.slow("a")))
        group.create_task(turns.take("b", deeds.slow("b")))
        await comes(lambda: deeds.began == ["a", "b"])
        deeds.going.set()


async def test_what_fails_gives_up_its_turn() -> None:
    async def fail() -> None:
        raise ValueError("failed")

    turns, deeds = Turns(), Deeds()
    deeds.going.set()
    with pytest.raises(ValueError, match="failed"):
        await turns.take("a", fail)
    await turns.take("a", deeds.slow("a"))

    assert deeds.began == ["a"]
