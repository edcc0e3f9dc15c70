"""The gate under anything that requests, answers, clients and people may do, in any order."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.proxy.leaping import Leaping, in_turn, wish
from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.gate import Gate, Rules
from tray_app.proxy.place import Turn, Wish
from tray_app.proxy.usual import Usual

SETTLES = 4
"""So many rounds of the loop after which nothing goes on that needs no time."""


@dataclass(eq=False)
class Request:
    """A request as it really went."""

    wish: Wish
    number: int
    is_alone: bool
    """It came when a slot was free and nobody waited."""
    task: asyncio.Task[None] = field(init=False)
    turn: Turn | None = None
    error: ProxyError | None = None
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False

    @property
    def waits(self) -> bool:
        return not self.task.done() and self.turn is None

    @property
    def runs(self) -> bool:
        return not self.task.done() and self.turn is not None


class GateMachine(RuleBasedStateMachine):
    """Requests come, are answered, fail and leave; time goes by and the rules change."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = Leaping()
        self.held_to = Rules(2, 0.5, 4)
        self.gate = Gate(lambda: self.held_to, self.loop.time)
        self.requests: list[Request] = []
        self.starts: list[tuple[float, float]] = []
        """When somebody began, and how far from the one before that had to be."""
        self.given_back: set[Request] = set()
        self.told = Usual(self.loop.time, 0.75, 8.0)
        """What is known of how long it takes until a client is told something."""

    def teardown(self) -> None:
        for request in self.requests:
            request.task.cancel()
        self._settle()
        assert (self.gate.in_flight, self.gate.waiting) == (0, 0)
        self.gate.close()
        self.loop.close()

    def _settle(self, seconds: float = 0.0, first: Callable[[], None] = lambda: None) -> None:
        """Do something, and let happen what happens by itself within this time."""

        async def go() -> None:
            first()
            await asyncio.sleep(seconds)
            for _ in range(SETTLES):
                await asyncio.sleep(0)

        self.loop.run_until_complete(go())

    async def _go(self, request: Request) -> None:
        try:
            async with in_turn(self.gate, request.wish) as turn:
                request.turn = turn
                self._began(request)
                await request.may_end.wait()
                if request.fails:
                    raise ProxyError(Kind.UPSTREAM_UNREACHABLE)
                self._tell(request, turn)
        except ProxyError as error:
            request.error = error
        finally:
            held = request.turn
            if held is not None and not held.has_told:
                self.told.took_longer(request.wish.like, self.loop.time() - held.start_s)

    def _tell(self, request: Request, turn: Turn) -> None:
        if not turn.has_told:
            self.told.took(request.wish.like, self.loop.time() - turn.start_s)
            turn.told()

    def _began(self, request: Request) -> None:
        """All that must hold whenever anybody begins."""
        now_s = self.loop.time()
        assert now_s < request.wish.until_s
        if not request.is_alone:
            most_s = self.told.seconds(request.wish.like)
            assert now_s + most_s <= request.wish.until_s
        assert self.gate.in_flight <= self.held_to.slots
        self.starts.append((now_s, self.held_to.spacing_s))
        own = [one for one in self.requests if one.wish.key == request.wish.key]
        assert not [one for one in own if one.number < request.number and one.waits]

    def _pick(self, data: st.DataObject, which: list[Request]) -> Request:
        return which[data.draw(st.integers(0, len(which) - 1))]

    @property
    def waiting(self) -> list[Request]:
        return [one for one in self.requests if one.waits]

    @property
    def running(self) -> list[Request]:
        return [one for one in self.requests if one.runs]

    @property
    def holding(self) -> list[Request]:
        return [one for one in self.running if one not in self.given_back]

    @rule(
        key=st.sampled_from("abyz"),
        patience_s=st.sampled_from([1.0, 9.0, 30.0, 100.0, 600.0]),
        streams=st.booleans(),
    )
    def come(self, key: str, patience_s: float, streams: bool) -> None:
        """A request comes, and is in line, has a turn, or is refused at once."""
        is_full = self.gate.waiting >= self.held_to.waiting
        request = self._come(key, patience_s, streams=streams)
        self._settle()
        if is_full:
            assert request.error is not None
            assert request.error.kind is Kind.QUEUE_FULL
        elif request.is_alone or (streams and key in "ab"):
            assert request.error is None
        if request.error is not None:
            assert 1 <= (request.error.wait_s or 0) <= 59

    def _come(self, key: str, patience_s: float, *, streams: bool) -> Request:
        is_alone = self.gate.in_flight < self.held_to.slots and not self.gate.waiting

        async def make() -> Request:
            queue: Any = "background" if key in "yz" else "interactive"
            asked = wish(key, patience_s, queue, streams=streams)
            request = Request(asked, len(self.requests), is_alone)
            request.task = asyncio.get_running_loop().create_task(self._go(request))
            return request

        request = self.loop.run_until_complete(make())
        self.requests.append(request)
        return request

    @precondition(lambda self: self.running)
    @rule(data=st.data(), fails=st.booleans())
    def end(self, data: st.DataObject, fails: bool) -> None:
        """An answer is complete, or fails."""
        request = self._pick(data, self.running)
        request.fails = fails
        request.may_end.set()
        self._settle()
        assert request.task.done()

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def tell(self, data: st.DataObject) -> None:
        """The client is told the first of it."""
        request = self._pick(data, self.running)
        turn = request.turn
        assert turn is not None
        self._tell(request, turn)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        """What is left of an answer needs no slot; and it may be said twice."""
        request = self._pick(data, self.running)
        assert request.turn is not None
        self.given_back.add(request)
        self._settle(first=request.turn.end)

    @precondition(lambda self: self.waiting or self.running)
    @rule(data=st.data(), ends=st.booleans())
    def leave(self, data: st.DataObject, ends: bool) -> None:
        """A client leaves; perhaps at the moment at which a slot comes free."""
        request = self._pick(data, self.waiting or self.running)
        if ends and self.running:
            self._pick(data, self.running).may_end.set()
            # The slot is being handed on at this moment.
            self.loop.run_until_complete(asyncio.sleep(0))
        request.task.cancel()
        self._settle()
        assert request.task.done()

    @rule(seconds=st.sampled_from([0.1, 0.5, 1, 4, 8, 20, 95, 1000]))
    def pass_by(self, seconds: float) -> None:
        """Time goes by."""
        self._settle(seconds)
        now_s = self.loop.time()
        assert not [one for one in self.waiting if one.wish.until_s <= now_s]

    @rule(
        slots=st.integers(0, 3),
        spacing_s=st.sampled_from([0.0, 0.5, 4.0]),
        waiting=st.integers(1, 6),
    )
    def change(self, slots: int, spacing_s: float, waiting: int) -> None:
        """A person changes the settings, is asked for a check, or has answered it."""
        self.held_to = Rules(slots, spacing_s, waiting)
        self._settle(first=self.gate.look)

    @precondition(lambda self: self.waiting)
    @rule()
    def send_away(self) -> None:
        """Nobody answered the check."""
        sent = self.waiting
        error = ProxyError(Kind.VERIFICATION_NEEDED)
        self._settle(first=lambda: self.gate.send_away(error))
        assert {one.error and one.error.kind for one in sent} == {Kind.VERIFICATION_NEEDED}

    @invariant()
    def no_slot_is_lost_or_doubled(self) -> None:
        """What the gate counts is what there is."""
        assert self.gate.in_flight == len(self.holding)
        assert self.gate.waiting == len(self.waiting)
        assert sorted(self.gate.places().values()) == list(range(1, len(self.waiting) + 1))

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """While a slot is free and a start is due nobody is kept waiting."""
        last_s = self.starts[-1][0] if self.starts else 0.0
        is_due = self.loop.time() >= last_s + self.held_to.spacing_s
        if self.waiting and is_due:
            assert self.gate.in_flight >= self.held_to.slots

    @invariant()
    def starts_are_spaced(self) -> None:
        """Each start is far enough from the one before."""
        for (before_s, _), (start_s, spacing_s) in zip(self.starts, self.starts[1:], strict=False):
            assert start_s - before_s >= spacing_s - 1e-6


def test_no_slot_is_lost_or_doubled_and_each_key_keeps_its_order() -> None:
    """F19"""
    steps = settings(max_examples=80, stateful_step_count=30, deadline=None)
    run_state_machine_as_test(GateMachine, settings=steps)
