"""The breaker and the brakes under any outcomes in any order, with clocks that go when told to."""

import itertools
from contextlib import AbstractContextManager
from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.answering import RETRY_PAUSE_S
from tray_app.proxy.brakes import CAREFUL_SPACING_S, HOLD_S, Brakes
from tray_app.proxy.breaker import FAILURES, OPEN_S, WITHIN_S, Attempt, Breaker

STEPS = settings(max_examples=100, stateful_step_count=40, deadline=None)
NO_WAY = [
    (Kind.UPSTREAM_UNREACHABLE, None),
    (Kind.UPSTREAM_DISCONNECTED, None),
    (Kind.UPSTREAM_ERROR, 502),
    (Kind.UPSTREAM_TIMEOUT, 504),
]
SAID = [
    (Kind.VERIFICATION_NEEDED, 200),
    (Kind.RATE_LIMITED, 429),
    (Kind.UPSTREAM_ERROR, 500),
    (Kind.UPSTREAM_TRUNCATED, 200),
]


def ended(asking: AbstractContextManager[object], error: Exception | None) -> None:
    """Leave a block, with this error or without."""
    if error is None:
        asking.__exit__(None, None, None)
    else:
        assert not asking.__exit__(type(error), error, None)


@dataclass(eq=False)
class Asking:
    """A flow on its way."""

    block: AbstractContextManager[Attempt]
    attempt: Attempt
    era: int
    """How often the breaker had changed when it began."""


class BreakerMachine(RuleBasedStateMachine):
    """Flows begin, call, succeed and fail side by side, while time goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s, self.wall_s = 1000.0, 5_000_000.0
        self.breaker = Breaker(lambda: self.wall_s, lambda: self.now_s, self._changed)
        self.changes = 0
        self.flows: list[Asking] = []
        self.probe: Asking | None = None
        self.failed_s: list[float] = []
        """When the way failed since the last change."""

    def _changed(self) -> None:
        self.changes += 1
        self.failed_s.clear()
        self.probe = None

    def _may(self) -> bool:
        status = self.breaker.status()
        return status is None or (not status.seconds_left and self.probe is None)

    @rule()
    def begin(self) -> None:
        """Somebody asks: where the breaker is open nobody calls, but for one after its time."""
        may, is_closed = self._may(), self.breaker.is_closed
        block = self.breaker.trying()
        try:
            attempt = block.__enter__()
        except ProxyError as error:
            assert not may
            self._refused(error)
            return
        assert may
        flow = Asking(block, attempt, self.changes)
        self.flows.append(flow)
        assert attempt.probes is not is_closed
        if attempt.probes:
            self.probe = flow

    def _refused(self, error: ProxyError) -> None:
        assert error.kind is Kind.BREAKER_OPEN
        assert 1 <= (error.wait_s or 0) <= OPEN_S

    @precondition(lambda self: self.flows)
    @rule(data=st.data())
    def call_again(self, data: st.DataObject) -> None:
        """A flow that is on its way makes its next call, if it may."""
        flow = self.flows[data.draw(st.integers(0, len(self.flows) - 1))]
        may, is_closed = flow is self.probe or self._may(), self.breaker.is_closed
        try:
            flow.attempt.asking()
        except ProxyError as error:
            assert not may
            self._refused(error)
            return
        assert may
        if not is_closed:
            self.probe, flow.era = flow, self.changes

    @precondition(lambda self: self.breaker.is_closed)
    @rule(seconds=st.sampled_from([0.0, 1.0, WITHIN_S / 4]))
    def fail_often(self, seconds: float) -> None:
        """As many fail in a row as open it, if that is soon enough."""
        for _ in range(FAILURES):
            if self.breaker.is_closed:
                self.begin()
                self._end(self.flows.pop(), NO_WAY[0])
                self.pass_by(seconds)

    @precondition(lambda self: self.flows)
    @rule(data=st.data(), outcome=st.sampled_from([None, *NO_WAY, *SAID]))
    def end(self, data: st.DataObject, outcome: tuple[Kind, int | None] | None) -> None:
        """A flow comes to an end."""
        self._end(self.flows.pop(data.draw(st.integers(0, len(self.flows) - 1))), outcome)

    def _end(self, flow: Asking, outcome: tuple[Kind, int | None] | None) -> None:
        """Only failures of the way count, and only what tries closes it."""
        was_closed, changes, tries = self.breaker.is_closed, self.changes, flow is self.probe
        is_new = flow.era == self.changes
        fails = outcome in NO_WAY
        if fails and is_new:
            self.failed_s.append(self.now_s)
        recent = sum(self.now_s - at_s < WITHIN_S for at_s in self.failed_s)
        if outcome is None:
            flow.attempt.heard(200)
            ended(flow.block, None)
        else:
            kind, status = outcome
            if status is None:
                flow.attempt.status = None
            else:
                flow.attempt.heard(status)
            ended(flow.block, ProxyError(kind))
        if self.probe is flow:
            self.probe = None
        if not was_closed and self.breaker.is_closed:
            assert tries
            assert not fails
        if was_closed and not self.breaker.is_closed:
            assert fails
            assert recent >= FAILURES
        if was_closed and fails and is_new:
            assert self.breaker.is_closed is (recent < FAILURES)
        assert self.changes - changes in {0, 1}

    @precondition(lambda self: self.flows)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """The answer itself begins, and may go on for long: what tries closes it already."""
        flow = self.flows[data.draw(st.integers(0, len(self.flows) - 1))]
        tries, was_closed = flow is self.probe, self.breaker.is_closed
        flow.attempt.heard(200)
        flow.attempt.answered()
        assert self.breaker.is_closed is (was_closed or tries)

    @rule(seconds=st.sampled_from([0.5, 5.0, OPEN_S, WITHIN_S]))
    def pass_by(self, seconds: float) -> None:
        """Time goes by, and an open breaker comes nearer to its next try."""
        before = self.breaker.status()
        self.now_s += seconds
        self.wall_s += seconds
        after = self.breaker.status()
        if before is not None:
            assert after is not None
            assert after.seconds_left <= before.seconds_left

    @rule()
    def wake(self) -> None:
        """The computer wakes, or its network changes."""
        was_closed = self.breaker.is_closed
        self.breaker.half_open()
        self.probe = None
        self.failed_s.clear()
        for flow in self.flows:
            flow.era = -1
        assert self.breaker.is_closed is was_closed

    @invariant()
    def it_is_never_open_for_longer_than_it_is_said(self) -> None:
        """Its time is between nothing and its whole."""
        status = self.breaker.status()
        assert (status is None) is self.breaker.is_closed
        assert status is None or 0 <= status.seconds_left <= OPEN_S


OUTCOMES = [
    None,
    Kind.VERIFICATION_NEEDED,
    Kind.UPSTREAM_EMPTY,
    Kind.RATE_LIMITED,
    Kind.DAILY_LIMIT,
    Kind.UPSTREAM_ERROR,
]


USUAL_S = {Kind.RATE_LIMITED: 10.0, Kind.DAILY_LIMIT: 1800.0, Kind.UPSTREAM_ERROR: 0.0}
"""For how long a model cools where the site does not say."""


class BrakesMachine(RuleBasedStateMachine):
    """Models are asked side by side, and the site says anything; people come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.brakes = Brakes(lambda: self.now_s)
        self.flows: list[tuple[AbstractContextManager[None], str]] = []
        self.careful: AbstractContextManager[None] | None = None
        self.cools_until_s: dict[str, float] = {}
        self.lengths_s: list[float] = []
        """Of the holds since the last good end."""

    @property
    def held_s(self) -> int | None:
        status = self.brakes.status()
        return None if status is None else status.seconds_left

    @rule(model=st.sampled_from(["m", "m drawing", "other"]))
    def begin(self, model: str) -> None:
        """Somebody asks: nobody on hold, one after its time, and nobody of a model that cools."""
        left_s = self.held_s
        is_held = left_s is not None and (left_s > 0 or self.careful is not None)
        cools = self.cools_until_s.get(model, 0) > self.now_s
        block = self.brakes.trying(model)
        try:
            block.__enter__()
        except ProxyError as error:
            assert is_held or cools
            self._refused(error, is_held=is_held)
            return
        assert not is_held
        assert not cools
        self.flows.append((block, model))
        if left_s is not None:
            self.careful = block

    def _refused(self, error: ProxyError, *, is_held: bool) -> None:
        assert (error.kind is Kind.COOLING_DOWN) is is_held
        assert error.kind is Kind.DAILY_LIMIT or 1 <= (error.wait_s or 0) <= 59

    @precondition(lambda self: self.flows)
    @rule(
        data=st.data(),
        kind=st.sampled_from(OUTCOMES),
        wait_s=st.one_of(st.none(), st.floats(0.5, 90_000)),
    )
    def end(self, data: st.DataObject, kind: Kind | None, wait_s: float | None) -> None:
        """The site answers, refuses or asks for a person."""
        block, model = self.flows.pop(data.draw(st.integers(0, len(self.flows) - 1)))
        before_s, is_careful = self.held_s, block is self.careful
        ended(block, None if kind is None else ProxyError(kind, retry_after_s=wait_s))
        if is_careful:
            self.careful = None
        if kind in USUAL_S and (wait_s or USUAL_S[kind]):
            self.cools_until_s[model] = self.now_s + (wait_s or USUAL_S[kind])
        self._note(before_s)
        if before_s is not None and self.held_s is None:
            assert is_careful
            assert kind is None
        if kind is Kind.VERIFICATION_NEEDED:
            assert self.held_s

    def _note(self, before_s: int | None) -> None:
        after_s = self.held_s
        if after_s is None:
            self.lengths_s.clear()
            self.careful = None
        elif after_s > (before_s or 0):
            self.lengths_s.append(after_s)
            self.careful = None

    @rule(seconds=st.sampled_from([1.0, 11.0, *HOLD_S]))
    def pass_by(self, seconds: float) -> None:
        """Time goes by, and a hold comes nearer to its end."""
        before_s = self.held_s
        self.now_s += seconds
        assert (self.held_s is None) is (before_s is None)
        assert (self.held_s or 0) <= (before_s or 0)

    @precondition(lambda self: self.held_s == 0 or self.held_s is None)
    @rule()
    def hold(self) -> None:
        """Nobody answered."""
        self.brakes.hold()
        self._note(None)

    @rule(is_answered=st.booleans())
    def person(self, is_answered: bool) -> None:
        """A person has answered, or says so."""
        if is_answered:
            self.brakes.answered()
        else:
            self.brakes.release()
        self._note(None)
        assert self.held_s is None

    @invariant()
    def holds_grow_and_stay_within_bounds(self) -> None:
        """Each in a row is as long as the list says, and no longer than its last."""
        wanted = [HOLD_S[min(at, len(HOLD_S) - 1)] for at in range(len(self.lengths_s))]
        assert self.lengths_s == wanted
        assert all(one <= two for one, two in itertools.pairwise(self.lengths_s))
        assert 0 <= (self.held_s or 0) <= HOLD_S[-1]

    @invariant()
    def a_start_is_never_kept_back_for_long(self) -> None:
        """The distance of starts is the usual one, or the careful one if that is longer."""
        for usual_s in (0.0, 0.5, 10.0):
            assert self.brakes.spacing_s(usual_s) in {usual_s, max(usual_s, CAREFUL_SPACING_S)}
        if self.held_s is not None:
            assert self.brakes.spacing_s(0.0) == CAREFUL_SPACING_S


def test_an_open_breaker_lets_nobody_through_but_one_after_its_time() -> None:
    """F21"""
    run_state_machine_as_test(BreakerMachine, settings=STEPS)


def test_a_hold_lets_nobody_through_but_one_after_its_time_and_grows_to_its_bound() -> None:
    """F21"""
    run_state_machine_as_test(BrakesMachine, settings=STEPS)


def test_a_pause_before_another_try_is_short_and_never_none() -> None:
    """F21"""
    shortest_s, longest_s = RETRY_PAUSE_S

    assert 0 < shortest_s < longest_s <= 1
