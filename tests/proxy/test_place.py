"""A place in the line: who is next knows it shortly before its turn."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from msgspec.structs import replace

from tests.proxy.leaping import leaping, wish
from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.gate import SOON_S, Gate, Rules
from tray_app.proxy.place import Place


class Line:
    """Requests in line at a gate with one slot, which the first of them holds."""

    def __init__(self, stack: AsyncExitStack, *, is_careful: bool = False) -> None:
        self.loop = asyncio.get_running_loop()
        rules = Rules(slots=1, spacing_s=0.0, waiting=32, is_careful=is_careful)
        self.gate = Gate(lambda: rules, self.loop.time)
        self._stack = stack

    async def stand(self, patience_s: float = 600.0) -> Place:
        """One more who waits."""
        asked = wish(patience_s=patience_s, streams=True)
        return await self._stack.enter_async_context(self.gate.line(asked))

    async def hold(self) -> None:
        """Take the slot."""
        await (await self.stand()).turn()


def test_who_finds_a_slot_free_is_next_at_once() -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            line = Line(stack)
            place = await line.stand()
            began_s = line.loop.time()
            await place.next()
            await place.turn()
            assert line.loop.time() == began_s

    leaping(main())


def test_the_next_one_is_told_so_soon_before_its_turn_and_the_others_are_not() -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            line = Line(stack)
            await line.hold()
            began_s = line.loop.time()
            second, third = await line.stand(), await line.stand()
            waiting = line.loop.create_task(third.next())
            await second.next()
            assert line.loop.time() - began_s == pytest.approx(5.0 - SOON_S)
            assert not waiting.done()
            waiting.cancel()

    leaping(main())


def test_while_care_is_taken_nobody_is_next_before_the_turn() -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            line = Line(stack, is_careful=True)
            await line.hold()
            second = await line.stand(patience_s=60.0)
            with pytest.raises(ProxyError) as caught:
                await second.next()
            assert caught.value.kind is Kind.TOO_SLOW

    leaping(main())


def test_who_would_be_too_late_is_never_next() -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            line = Line(stack)
            await line.hold()
            began_s = line.loop.time()
            hasty = await line.stand(patience_s=6.0)
            with pytest.raises(ProxyError) as caught:
                await hasty.next()
            assert caught.value.kind is Kind.TOO_SLOW
            assert line.loop.time() - began_s == pytest.approx(6.0)

    leaping(main())


def test_who_is_sent_away_is_told_wherever_it_waits() -> None:
    async def main() -> None:
        async with AsyncExitStack() as stack:
            line = Line(stack)
            await line.hold()
            near, far = await line.stand(), await line.stand()
            await near.next()
            line.gate.send_away(ProxyError(Kind.COOLING_DOWN))
            for waiting in (near.turn(), far.next()):
                with pytest.raises(ProxyError) as caught:
                    await waiting
                assert caught.value.kind is Kind.COOLING_DOWN
            assert line.gate.waiting == 0

    leaping(main())


def test_who_comes_to_wait_for_the_same_brings_time_of_its_own() -> None:
    """R52"""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            line = Line(stack)
            await line.hold()
            began_s = line.loop.time()
            joined = [began_s]
            asked = replace(wish(patience_s=10.0, streams=True), joined_s=lambda: joined[-1])
            place = await stack.enter_async_context(line.gate.line(asked))
            line.loop.call_later(6.0, lambda: joined.append(line.loop.time()))
            with pytest.raises(ProxyError) as caught:
                await place.turn()
            assert caught.value.kind is Kind.TOO_SLOW
            assert line.loop.time() - began_s == pytest.approx(16.0)

    leaping(main())


def test_who_waits_for_something_else_in_its_place_waits_no_longer_than_it_may() -> None:
    """R52"""

    async def main() -> None:
        async with AsyncExitStack() as stack:
            line = Line(stack)
            began_s = line.loop.time()
            joined = [began_s]
            asked = replace(wish(patience_s=10.0, streams=True), joined_s=lambda: joined[-1])
            place = await stack.enter_async_context(line.gate.line(asked))
            await place.meanwhile(lambda: asyncio.sleep(5.0))
            line.loop.call_later(1.0, lambda: joined.append(line.loop.time()))
            with pytest.raises(ProxyError) as caught:
                await place.meanwhile(lambda: asyncio.sleep(60.0))
            assert caught.value.kind is Kind.TOO_SLOW
            assert line.loop.time() - began_s == pytest.approx(16.0)

    leaping(main())
