"""Turns: few at a time, spaced, fair, and never later than anybody waits."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from weakref import ref

import pytest
from msgspec.structs import replace

from tests.proxy.leaping import FOREVER_S, in_turn, leaping, wish
from tests.waiting import WITHIN_S
from tray_app.core.errors import Kind, ProxyError
from tray_app.core.ports import QueueClass
from tray_app.proxy.gate import Gate, Rules
from tray_app.proxy.place import Wish


def gate(slots: int = 1, spacing_s: float = 0.0, waiting: int = 32) -> Gate:
    loop = asyncio.get_running_loop()
    return Gate(lambda: Rules(slots, spacing_s, waiting), loop.time)


class Crowd:
    """Requests that note when they have their turn and hold it until they are let go."""

    def __init__(self, at: Gate) -> None:
        self.gate = at
        self.began: list[str] = []
        self.go = asyncio.Event()

    async def come(self, name: str, patience_s: float = FOREVER_S) -> None:
        queue: QueueClass = "background" if name[0] == "z" else "interactive"
        async with in_turn(self.gate, wish(name[0], patience_s, queue, streams=True)):
            self.began.append(name)
            await self.go.wait()


async def settle(holds: Callable[[], bool] = lambda: True) -> None:
    async with asyncio.timeout(WITHIN_S):
        for _ in range(5):
            await asyncio.sleep(0)
        while not holds():  # noqa: ASYNC110  the gate tells nobody
            await asyncio.sleep(0.001)


async def test_no_more_than_the_slots_begin() -> None:
    crowd = Crowd(gate(slots=2))
    async with asyncio.TaskGroup() as group:
        for number in range(5):
            group.create_task(crowd.come(f"a{number}"))
        await settle()
        assert (len(crowd.began), crowd.gate.in_flight, crowd.gate.waiting) == (2, 2, 3)
        crowd.go.set()

    assert crowd.began == [f"a{number}" for number in range(5)]
    assert (crowd.gate.in_flight, crowd.gate.waiting) == (0, 0)


async def test_keys_take_turns_and_within_a_key_the_first_is_first() -> None:
    crowd = Crowd(gate())
    async with asyncio.TaskGroup() as group:
        for name in ("a1", "a2", "a3", "b1", "b2", "c1"):
            group.create_task(crowd.come(name))
            await asyncio.sleep(0)
        crowd.go.set()

    assert crowd.began == ["a1", "a2", "b1", "c1", "a3", "b2"]


def test_starts_are_spaced() -> None:
    starts: list[float] = []

    async def start(at: Gate) -> None:
        async with in_turn(at, wish()):
            starts.append(asyncio.get_running_loop().time())

    async def come() -> None:
        at = gate(slots=9, spacing_s=0.1)
        async with asyncio.TaskGroup() as group:
            for _ in range(3):
                group.create_task(start(at))

    leaping(come())

    assert len(starts) == 3
    assert all(later - earlier > 0.09 for earlier, later in pairwise(starts))


async def test_a_full_queue_says_so_and_when_to_come_back() -> None:
    crowd = Crowd(gate(waiting=1))
    async with asyncio.TaskGroup() as group:
        for name in ("a1", "a2"):
            group.create_task(crowd.come(name))
        await settle(lambda: crowd.gate.waiting == 1)
        with pytest.raises(ProxyError) as caught:
            await crowd.come("a3")
        crowd.go.set()

    assert caught.value.kind is Kind.QUEUE_FULL
    assert 1 <= (caught.value.wait_s or 0) <= 59


async def test_nobody_waits_longer_than_the_patience() -> None:
    crowd = Crowd(gate())
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.come("a1"))
        await settle()
        with pytest.raises(ProxyError) as caught:
            await crowd.come("a2", patience_s=0.05)
        crowd.go.set()

    assert caught.value.kind is Kind.TOO_SLOW
    assert crowd.began == ["a1"]
    assert (crowd.gate.in_flight, crowd.gate.waiting) == (0, 0)


async def test_who_leaves_frees_the_place_or_the_turn() -> None:
    crowd = Crowd(gate())
    holder = asyncio.get_running_loop().create_task(crowd.come("a1"))
    waiter = asyncio.get_running_loop().create_task(crowd.come("a2"))
    await settle(lambda: crowd.gate.waiting == 1)

    waiter.cancel()
    holder.cancel()
    await asyncio.wait({waiter, holder})

    assert (crowd.gate.in_flight, crowd.gate.waiting) == (0, 0)
    async with in_turn(crowd.gate, wish()):
        assert crowd.gate.in_flight == 1


async def test_a_turn_granted_to_one_who_leaves_at_that_moment_is_not_lost() -> None:
    at = gate()
    held = in_turn(at, wish())
    await held.__aenter__()
    leaver = asyncio.get_running_loop().create_task(in_turn(at, wish()).__aenter__())
    await settle(lambda: at.waiting == 1)
    await held.__aexit__(None, None, None)
    leaver.cancel()
    await asyncio.wait({leaver})

    assert (at.in_flight, at.waiting) == (0, 0)


async def test_a_turn_that_is_not_taken_goes_to_the_next() -> None:
    at = gate()
    held = in_turn(at, wish())
    await held.__aenter__()
    loop = asyncio.get_running_loop()
    leaver = loop.create_task(in_turn(at, wish()).__aenter__())
    await settle(lambda: at.waiting == 1)
    next_one = in_turn(at, wish())
    taker = loop.create_task(next_one.__aenter__())
    await settle(lambda: at.waiting == 2)
    await held.__aexit__(None, None, None)
    leaver.cancel()
    await asyncio.wait({leaver})
    async with asyncio.timeout(WITHIN_S):
        await taker

    assert (at.in_flight, at.waiting) == (1, 0)
    await next_one.__aexit__(None, None, None)


async def test_a_closed_gate_sends_everybody_away() -> None:
    crowd = Crowd(gate())
    holder = asyncio.get_running_loop().create_task(crowd.come("a1"))
    waiter = asyncio.get_running_loop().create_task(crowd.come("a2"))
    await settle(lambda: crowd.gate.waiting == 1)

    crowd.gate.close()
    with pytest.raises(ProxyError) as caught:
        await waiter
    with pytest.raises(ProxyError):
        await crowd.come("a3")
    crowd.go.set()
    await holder

    assert caught.value.kind is Kind.SERVER_STOPPING


async def test_work_of_the_background_comes_after_the_others_but_comes() -> None:
    crowd = Crowd(gate())
    async with asyncio.TaskGroup() as group:
        for name in ("a0", "z1", "z2", *(f"a{number}" for number in range(1, 10))):
            group.create_task(crowd.come(name))
            await asyncio.sleep(0)
        crowd.go.set()

    assert crowd.began == [
        "a0", "a1", "a2", "a3", "a4", "z1", "a5", "a6", "a7", "a8", "z2", "a9",
    ]  # fmt: skip


async def test_the_background_waits_for_nobody_when_nobody_else_is_there() -> None:
    crowd = Crowd(gate(slots=2))
    async with asyncio.TaskGroup() as group:
        for name in ("z1", "z2", "z3"):
            group.create_task(crowd.come(name))
        await settle()
        assert crowd.began == ["z1", "z2"]
        crowd.go.set()


async def test_rules_that_change_are_looked_at_when_it_is_said() -> None:
    slots = [0]
    loop = asyncio.get_running_loop()
    crowd = Crowd(Gate(lambda: Rules(slots[0], 0.0, 32), loop.time))
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(crowd.come(f"a{number}"))
        await settle()
        assert (crowd.began, crowd.gate.waiting) == ([], 3)
        slots[0] = 2
        await settle()
        assert crowd.began == []
        crowd.gate.look()
        await settle(lambda: len(crowd.began) == 2)
        crowd.go.set()

    assert crowd.began == ["a0", "a1", "a2"]


async def test_a_shorter_spacing_holds_for_the_next_start_already() -> None:
    spacing_s = [60.0]
    loop = asyncio.get_running_loop()
    crowd = Crowd(Gate(lambda: Rules(9, spacing_s[0], 32), loop.time))
    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(crowd.come(f"a{number}"))
        await settle(lambda: crowd.began == ["a0"])
        spacing_s[0] = 0.01
        crowd.gate.look()
        await settle(lambda: len(crowd.began) == 3)
        crowd.go.set()


async def test_a_longer_spacing_holds_for_the_next_start_already() -> None:
    now_s, spacing_s = [100.0], [1.0]
    crowd = Crowd(Gate(lambda: Rules(9, spacing_s[0], 32), lambda: now_s[0]))
    async with asyncio.TaskGroup() as group:
        group.create_task(crowd.come("a1"))
        await settle(lambda: crowd.began == ["a1"])
        spacing_s[0], now_s[0] = 4.0, 103.0
        group.create_task(crowd.come("a2"))
        await settle()
        held = list(crowd.began)
        now_s[0] = 104.0
        crowd.gate.look()
        await settle(lambda: crowd.began == ["a1", "a2"])
        crowd.go.set()

    assert held == ["a1"]


async def test_who_waits_is_sent_away_and_who_has_a_turn_keeps_it() -> None:
    crowd = Crowd(gate())
    error = ProxyError(Kind.VERIFICATION_NEEDED)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(crowd.come("a1"))
        await settle(lambda: crowd.began == ["a1"])
        waiting = [
            asyncio.get_running_loop().create_task(crowd.come(name)) for name in ("a2", "b1")
        ]
        await settle(lambda: crowd.gate.waiting == 2)
        crowd.gate.send_away(error)
        sent = await asyncio.gather(*waiting, return_exceptions=True)
        assert not first.done()
        later = group.create_task(crowd.come("a3"))
        crowd.go.set()

    assert [isinstance(one, ProxyError) and one.kind for one in sent] == [error.kind] * 2
    # Each has an error of its own: one that many raise grows with each.
    assert len({id(one) for one in (*sent, error)}) == 3
    assert later.done()
    assert (crowd.gate.in_flight, crowd.gate.waiting) == (0, 0)


async def test_who_waits_is_told_the_place_at_which_the_turn_comes() -> None:
    crowd = Crowd(gate())
    async with asyncio.TaskGroup() as group:
        tasks = {}
        for name in ("a1", "a2", "a3", "z1", "b1"):
            tasks[name] = group.create_task(crowd.come(name))
            await asyncio.sleep(0)
        await settle()
        places = crowd.gate.places()
        told = {name: places.get(ref(task)) for name, task in tasks.items()}
        crowd.go.set()

    assert told == {"a1": None, "a2": 1, "b1": 2, "a3": 3, "z1": 4}
    assert crowd.began == ["a1", "a2", "b1", "a3", "z1"]
    assert crowd.gate.places() == {}


async def test_who_had_a_place_takes_it_again_before_later_ones_and_in_a_full_line() -> None:
    """R51"""
    at = gate(waiting=2)
    began: list[str] = []

    async def come(name: str, asked: Wish) -> None:
        async with in_turn(at, asked):
            began.append(name)

    early = wish("a")
    await asyncio.sleep(0.01)
    later = wish("a")
    async with asyncio.TaskGroup() as group, in_turn(at, wish("b")):
        for name in ("a1", "a2"):
            group.create_task(come(name, wish("a")))
        await settle()
        group.create_task(come("later", replace(later, again=True)))
        group.create_task(come("early", replace(early, again=True)))
        await settle()
        assert at.waiting == 4

    assert began == ["early", "later", "a1", "a2"]
