"""A context that is chosen when it is entered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from tray_app.proxy.deferred import Deferred


class Room:
    """Notes who came and how they left."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[str]:
        self.seen.append("in")
        try:
            yield "here"
        except ValueError as error:
            self.seen.append(str(error))
            raise
        finally:
            self.seen.append("out")

    async def choose(self) -> AbstractAsyncContextManager[str]:
        self.seen.append("chosen")
        return self.entered()


def test_it_is_chosen_on_entering_and_left_with_what_went_wrong() -> None:
    room = Room()

    async def use() -> None:
        deferred = Deferred(room.choose)
        assert room.seen == []
        async with deferred as told:
            assert told == "here"
            raise ValueError("wrong")

    with pytest.raises(ValueError, match="wrong"):
        asyncio.run(use())
    assert room.seen == ["chosen", "in", "wrong", "out"]


def test_what_cannot_be_chosen_is_not_entered() -> None:
    async def choose() -> AbstractAsyncContextManager[str]:
        raise LookupError

    async def use() -> None:
        async with Deferred(choose):
            raise AssertionError

    with pytest.raises(LookupError):
        asyncio.run(use())
