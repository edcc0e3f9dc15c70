"""Nothing is begun that its client would not wait for, and nobody is refused without need."""

import asyncio

import pytest

from tests.proxy.leaping import in_turn, leaping, wish
from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.gate import Gate, Rules
from tray_app.proxy.place import Wish

TRANSLATOR_S = 100.0
QUEUE = 32


def gate(slots: int = 2, spacing_s: float = 0.0) -> Gate:
    return Gate(lambda: Rules(slots, spacing_s, QUEUE), asyncio.get_running_loop().time)


class Page:
    """A page that is being translated: what became of each of its groups of paragraphs."""

    def __init__(self, at: Gate, takes_s: float, patience_s: float = TRANSLATOR_S) -> None:
        self.gate = at
        self.takes_s = takes_s
        self.patience_s = patience_s
        self.served = self.wasted = 0
        self.refused: list[tuple[Kind, float]] = []
        """Why, and how long after the request."""
        self.told_s: set[int] = set()
        """When to come again, as they were told."""

    async def ask(self, groups: int, per_s: float) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(groups):
                group.create_task(self._one())
                await asyncio.sleep(1 / per_s)

    async def _one(self) -> None:
        loop = asyncio.get_running_loop()
        asked = wish("translator", self.patience_s, "background")
        try:
            async with in_turn(self.gate, asked) as turn:
                await asyncio.sleep(self.takes_s)
                turn.told()
        except ProxyError as error:
            self.refused.append((error.kind, loop.time() - asked.since_s))
            self.told_s.add(error.wait_s or 0)
        else:
            is_late = loop.time() > asked.until_s
            self.wasted += is_late
            self.served += not is_late


async def hold(at: Gate, asked: Wish, seconds: float) -> float:
    """Have a turn for so long; how long it was waited for."""
    loop = asyncio.get_running_loop()
    async with in_turn(at, asked) as turn:
        waited_s = loop.time() - asked.since_s
        if asked.like.streams:
            turn.told()
        await asyncio.sleep(seconds)
        turn.told()
    return waited_s


async def refusal(at: Gate, asked: Wish) -> tuple[Kind, float]:
    """Why somebody is refused, and after how long."""
    loop = asyncio.get_running_loop()
    with pytest.raises(ProxyError) as caught:
        await hold(at, asked, 1)
    return caught.value.kind, loop.time() - asked.since_s


def first_come(groups: int, per_s: float, slots: int, takes_s: float) -> int:
    """How many are served in time where whoever finds a place in the queue is served in turn."""
    free_s, due_s = [0.0] * slots, 0.0
    starts_s: list[float] = []
    in_time = 0
    for number in range(groups):
        now_s = number / per_s
        if sum(start_s > now_s for start_s in starts_s) >= QUEUE:
            continue
        start_s = max(min(free_s), due_s, now_s)
        free_s[free_s.index(min(free_s))] = start_s + takes_s
        due_s = start_s + 0.5
        starts_s.append(start_s)
        in_time += start_s + takes_s - now_s <= TRANSLATOR_S
    return in_time


@pytest.mark.parametrize("per_s", [4, 1, 0.25])
@pytest.mark.parametrize(("slots", "takes_s"), [(1, 5), (1, 8), (2, 5), (2, 8), (2, 15), (3, 8)])
def test_a_page_wastes_no_call_and_loses_none_that_could_be_had(
    slots: int, takes_s: float, per_s: float
) -> None:
    async def main() -> None:
        page = Page(gate(slots, 0.5), takes_s)
        await page.ask(40, per_s)

        assert page.wasted == 0
        assert page.served >= first_come(40, per_s, slots, takes_s)
        assert page.served + len(page.refused) == 40
        assert all(after_s <= TRANSLATOR_S for _, after_s in page.refused)
        assert page.told_s <= set(range(1, 60))

    leaping(main())


@pytest.mark.parametrize("per_s", [1000, 4])
@pytest.mark.parametrize(("slots", "takes_s"), [(1, 5), (2, 8), (2, 15), (3, 8)])
def test_once_it_is_known_how_long_they_take_nobody_waits_in_vain(
    slots: int, takes_s: float, per_s: float
) -> None:
    async def main() -> None:
        at = gate(slots, 0.5)
        for _ in range(4):
            await hold(at, wish(), takes_s)
        page = Page(at, takes_s)
        await page.ask(40, per_s)

        assert page.wasted == 0
        assert page.served >= first_come(40, per_s, slots, takes_s)
        assert {after_s for _, after_s in page.refused} <= {0.0}

    leaping(main())


def test_forty_requests_of_a_translator_waste_nothing() -> None:
    async def main() -> None:
        page = Page(gate(2, 0.5), 8)
        await page.ask(40, 4)

        assert page.wasted == 0
        assert page.served >= 24

    leaping(main())


def test_who_finds_a_free_slot_and_nobody_waiting_always_begins() -> None:
    async def main() -> None:
        at = gate(1, 0.5)
        for _ in range(6):
            await hold(at, wish(), 300)
            # Starts are spaced, and even so nobody is before it.
            await hold(at, wish(patience_s=5), 0)

        assert await hold(at, wish(patience_s=5), 1) == 0.5

    leaping(main())


def test_one_outlier_refuses_nobody() -> None:
    async def main() -> None:
        at = gate(1)
        await hold(at, wish(patience_s=TRANSLATOR_S), 300)
        async with asyncio.TaskGroup() as group:
            waits = [group.create_task(hold(at, wish(patience_s=50), 8)) for _ in range(5)]

        assert [wait.result() for wait in waits] == [0, 8, 16, 24, 32]

    leaping(main())


def test_whoever_cannot_be_in_time_is_told_at_once() -> None:
    async def main() -> None:
        at = gate(1)
        for _ in range(4):
            await hold(at, wish(), 10)
        async with asyncio.TaskGroup() as group:
            served = [group.create_task(hold(at, wish(patience_s=31), 10)) for _ in range(3)]
            await asyncio.sleep(0)
            assert await refusal(at, wish(patience_s=31)) == (Kind.TOO_SLOW, 0.0)
            assert (at.in_flight, at.waiting) == (1, 2)

        assert [wait.result() for wait in served] == [0, 10, 20]

    leaping(main())


def test_a_place_in_the_queue_is_where_the_turn_would_come() -> None:
    async def main() -> None:
        at = gate(1)
        for _ in range(4):
            await hold(at, wish(), 10)
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(hold(at, wish("a"), 10))
            await asyncio.sleep(0)
            last = await refusal(at, wish("a", 60))
            # Another key has its turn after one of the first.
            other = group.create_task(hold(at, wish("b", 60), 10))
            await asyncio.sleep(0)
            behind = group.create_task(hold(at, wish("z", 100, "background"), 10))

        assert last == (Kind.TOO_SLOW, 0.0)
        assert other.result() == 20
        assert behind.result() == 50

    leaping(main())


def test_who_would_be_late_is_passed_over_before_anything_is_begun_for_it() -> None:
    async def main() -> None:
        at = gate(1)
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(at, wish("slow"), 40))
            await asyncio.sleep(0)
            late = group.create_task(refusal(at, wish("a", 45)))
            await asyncio.sleep(0)
            ready = group.create_task(hold(at, wish("b", 60), 5))

        # It was hoped that the slot would be free after 5 s, and 8 s more are needed.
        assert late.result() == (Kind.TOO_SLOW, 40)
        assert ready.result() == 40

    leaping(main())


def test_a_stream_is_never_refused_because_others_go_on_for_long() -> None:
    async def main() -> None:
        at = gate(2)
        for _ in range(5):
            async with asyncio.TaskGroup() as group:
                for key in ("roo", "codex"):
                    group.create_task(hold(at, wish(key, 600, streams=True), 599))
                await asyncio.sleep(1)
                group.create_task(hold(at, wish("roo", 620, streams=True), 599))
        waits_s = []
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(hold(at, wish("codex", 600, streams=True), 580))
            await asyncio.sleep(0)
            waits_s.append(await hold(at, wish("roo", 600, streams=True), 599))

        assert waits_s == [580]

    leaping(main())


def test_a_stream_that_nobody_sits_before_is_refused_like_a_whole_answer() -> None:
    async def main() -> None:
        at = gate(1)
        for _ in range(4):
            await hold(at, wish("z", 600, "background", streams=True), 300)
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(at, wish("z", 600, "background", streams=True), 300))
            await asyncio.sleep(0)
            first = await refusal(at, wish("z", 100, "background", streams=True))

        assert first == (Kind.TOO_SLOW, 0.0)

    leaping(main())


def test_a_stream_counts_by_its_first_event() -> None:
    async def main() -> None:
        at = gate(1)
        for _ in range(4):
            await hold(at, wish(streams=True), 300)
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(at, wish(streams=True), 50))
            await asyncio.sleep(0)
            waited_s = await hold(at, wish(patience_s=60, streams=True), 300)

        assert waited_s == 50

    leaping(main())


def test_clients_that_leave_before_the_end_teach_as_well() -> None:
    async def main() -> None:
        at = gate(1)
        for _ in range(4):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(TRANSLATOR_S):
                    await hold(at, wish(patience_s=TRANSLATOR_S), 150)
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(at, wish(), 1))
            await asyncio.sleep(0)

            assert await refusal(at, wish(patience_s=TRANSLATOR_S)) == (Kind.TOO_SLOW, 0.0)

    leaping(main())


def test_quick_failures_teach_nothing() -> None:
    async def main() -> None:
        at = gate(1)
        for _ in range(20):
            with pytest.raises(ProxyError):
                async with in_turn(at, wish()):
                    raise ProxyError(Kind.UPSTREAM_UNREACHABLE)
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(at, wish(), 1))
            await asyncio.sleep(0)

            assert await refusal(at, wish(patience_s=4)) == (Kind.TOO_SLOW, 0.0)

    leaping(main())


def test_a_slot_that_is_given_back_early_counts_for_as_long_as_it_was_held() -> None:
    async def main() -> None:
        at = gate(1)

        async def drawn(patience_s: float = 600) -> None:
            async with in_turn(at, wish(patience_s=patience_s)) as turn:
                await asyncio.sleep(2)
                turn.end()
                await asyncio.sleep(60)
                turn.told()

        for _ in range(4):
            await drawn()
        async with asyncio.TaskGroup() as group:
            for _ in range(5):
                group.create_task(drawn(75))
            await asyncio.sleep(0)

            assert await refusal(at, wish(patience_s=65)) == (Kind.TOO_SLOW, 0.0)

    leaping(main())


def test_while_a_person_is_asked_nobody_is_refused_before_it_is_too_late() -> None:
    async def main() -> None:
        loop, slots = asyncio.get_running_loop(), [0]
        at = Gate(lambda: Rules(slots[0], 0, QUEUE), loop.time)
        async with asyncio.TaskGroup() as group:
            ready = group.create_task(hold(at, wish(patience_s=100), 5))
            late = group.create_task(refusal(at, wish(patience_s=62)))
            gone = group.create_task(refusal(at, wish(patience_s=30)))
            await asyncio.sleep(60)
            slots[0] = 1
            at.look()

        assert ready.result() == 60
        assert late.result() == (Kind.TOO_SLOW, 60)
        assert gone.result() == (Kind.TOO_SLOW, 30)

    leaping(main())


def test_fewer_slots_are_reckoned_with() -> None:
    async def main() -> None:
        loop, slots = asyncio.get_running_loop(), [4]
        at = Gate(lambda: Rules(slots[0], 0, QUEUE), loop.time)
        for _ in range(4):
            await hold(at, wish(), 10)
        async with asyncio.TaskGroup() as group:
            for _ in range(4):
                group.create_task(hold(at, wish(), 10))
                await asyncio.sleep(1)
            slots[0] = 1
            # They end 6, 7, 8 and 9 s from now, and only the last leaves a slot.
            early = await refusal(at, wish(patience_s=18))
            waited_s = await hold(at, wish(patience_s=20), 1)

        assert early == (Kind.TOO_SLOW, 0.0)
        assert waited_s == 9

    leaping(main())


def test_when_all_patience_is_gone_nothing_begins_even_in_a_free_slot() -> None:
    async def main() -> None:
        at = gate()
        asked = wish(patience_s=5)
        await asyncio.sleep(5)

        assert await refusal(at, asked) == (Kind.TOO_SLOW, 5)

    leaping(main())


def test_where_nobody_may_wait_nothing_is_given_to_the_site_before() -> None:
    async def main() -> None:
        at = gate(1)
        async with asyncio.TaskGroup() as group:
            group.create_task(hold(at, wish(), 20))
            await asyncio.sleep(0)
            at.check(wish(patience_s=30))
            with pytest.raises(ProxyError) as caught:
                at.check(wish(patience_s=10))

        assert caught.value.kind is Kind.TOO_SLOW
        assert at.waiting == 0

    leaping(main())
