"""The network breaker by itself: R49, R50, R53."""

import pytest

from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.brakes import HoldStatus
from tray_app.proxy.breaker import FAILURES, OPEN_S, WITHIN_S, Breaker
from tray_app.proxy.foreign import NoConnectionError

GONE = ProxyError(Kind.UPSTREAM_UNREACHABLE, "nobody there")


class Both:
    """Two clocks that go when they are told to, and a breaker that looks at them."""

    def __init__(self) -> None:
        self.now_s, self.wall_s = 1000.0, 5_000_000.0
        self.changes = 0
        self.breaker = Breaker(lambda: self.wall_s, lambda: self.now_s, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def pass_by(self, seconds: float) -> None:
        self.now_s += seconds
        self.wall_s += seconds

    def ask(self, error: ProxyError | None = None, *heads: int) -> Kind | None:
        """One call to which these heads came, and this outcome; the kind of what was raised."""
        try:
            with self.breaker.trying() as attempt:
                attempt.asking()
                for status in heads:
                    attempt.heard(status)
                if error is not None:
                    raise error
        except ProxyError as raised:
            return raised.kind
        return None

    def fail(self, times: int = FAILURES) -> None:
        for _ in range(times):
            assert self.ask(GONE) is Kind.UPSTREAM_UNREACHABLE

    @property
    def left_s(self) -> int | None:
        status = self.breaker.status()
        return None if status is None else status.seconds_left


@pytest.fixture
def both() -> Both:
    return Both()


@pytest.mark.parametrize(
    ("error", "heads"),
    [
        (GONE, ()),
        (ProxyError(Kind.UPSTREAM_DISCONNECTED), ()),
        (NoConnectionError(), ()),
        (ProxyError(Kind.UPSTREAM_ERROR), (502,)),
        (ProxyError(Kind.UPSTREAM_ERROR), (503,)),
        (ProxyError(Kind.UPSTREAM_TIMEOUT), (504,)),
    ],
)
def test_five_failures_of_the_way_open_it(
    both: Both, error: ProxyError, heads: tuple[int, ...]
) -> None:
    """R53"""
    for _ in range(FAILURES):
        assert both.breaker.is_closed
        assert both.ask(error, *heads) is error.kind

    assert both.ask() is Kind.BREAKER_OPEN
    assert both.breaker.status() == HoldStatus("network", 30)
    assert both.changes == 1


@pytest.mark.parametrize(
    ("error", "heads"),
    [
        (ProxyError(Kind.VERIFICATION_NEEDED), (503,)),
        (ProxyError(Kind.RATE_LIMITED), (503,)),
        (ProxyError(Kind.SESSION_ENDED), (401,)),
        (ProxyError(Kind.INVALID_REQUEST), (400,)),
        (ProxyError(Kind.UPSTREAM_ERROR), (500,)),
        (ProxyError(Kind.UPSTREAM_DISCONNECTED), (200,)),
        (ProxyError(Kind.UPSTREAM_TIMEOUT), ()),
        (ProxyError(Kind.UPSTREAM_STALLED), (200,)),
        (ProxyError(Kind.WINDOW_CLOSED), ()),
    ],
)
def test_what_the_site_says_and_a_slow_answer_are_no_failures(
    both: Both, error: ProxyError, heads: tuple[int, ...]
) -> None:
    for _ in range(3 * FAILURES):
        assert both.ask(error, *heads) is error.kind

    assert both.breaker.is_closed


def test_failures_count_for_a_minute_whatever_came_between_them(both: Both) -> None:
    both.fail(FAILURES - 1)
    assert both.ask(None, 200) is None
    both.pass_by(WITHIN_S)
    both.fail(FAILURES - 1)
    assert both.breaker.is_closed

    assert both.ask(None, 200) is None
    both.fail(1)
    assert not both.breaker.is_closed


def test_exactly_one_tries_and_a_good_answer_closes_it(both: Both) -> None:
    """R53"""
    both.fail()
    both.pass_by(OPEN_S - 1)
    assert both.ask() is Kind.BREAKER_OPEN
    assert both.left_s == 1
    both.pass_by(1)
    assert both.left_s == 0

    with both.breaker.trying() as attempt:
        for _ in range(2):
            attempt.asking()
            attempt.heard(200)
            assert both.ask() is Kind.BREAKER_OPEN
        attempt.answered()
        assert both.ask() is None
    assert both.breaker.is_closed
    assert both.changes == 2


def test_a_try_that_fails_opens_it_anew_and_one_that_comes_to_nothing_leaves_the_next_free(
    both: Both,
) -> None:
    both.fail()
    both.pass_by(OPEN_S)
    both.fail(1)
    assert both.left_s == OPEN_S
    both.pass_by(OPEN_S)

    with pytest.raises(KeyboardInterrupt), both.breaker.trying():
        raise KeyboardInterrupt
    assert both.ask(ProxyError(Kind.UPSTREAM_TIMEOUT)) is Kind.UPSTREAM_TIMEOUT
    assert both.left_s == 0
    assert both.ask(ProxyError(Kind.VERIFICATION_NEEDED), 200) is Kind.VERIFICATION_NEEDED
    assert both.breaker.is_closed


def test_what_began_before_it_opened_makes_no_call_and_is_not_counted_after(both: Both) -> None:
    with both.breaker.trying() as attempt:
        attempt.asking()
        attempt.heard(200)
        both.fail()
        with pytest.raises(ProxyError) as refused:
            attempt.asking()
    assert refused.value.kind is Kind.BREAKER_OPEN


def test_a_failure_of_what_began_before_a_sleep_is_not_counted_after_it(both: Both) -> None:
    """R49"""
    both.fail(FAILURES - 1)
    with pytest.raises(ProxyError), both.breaker.trying() as attempt:
        attempt.asking()
        both.breaker.half_open()
        raise GONE
    both.fail(FAILURES - 1)
    assert both.breaker.is_closed


def test_only_one_of_those_who_began_earlier_tries(both: Both) -> None:
    with both.breaker.trying() as attempt:
        both.fail()
        both.pass_by(OPEN_S)
        attempt.asking()

        assert attempt.probes
        assert both.ask() is Kind.BREAKER_OPEN


def test_an_old_answer_that_goes_on_says_nothing_of_new_calls(both: Both) -> None:
    both.fail()
    both.pass_by(OPEN_S)
    with both.breaker.trying() as attempt:
        attempt.asking()
        attempt.heard(200)
        attempt.answered()
        both.fail()
        with pytest.raises(ProxyError):
            attempt.asking()
        both.pass_by(OPEN_S)

        # It has not ended yet, and another may try.
        assert both.ask(GONE) is GONE.kind
    assert both.ask() is Kind.BREAKER_OPEN


@pytest.mark.parametrize(("wall_s", "passed_s"), [(3600.0, 0.0), (3600.0, 3600.0)])
def test_a_sleep_lets_one_try_at_once(both: Both, wall_s: float, passed_s: float) -> None:
    """R49"""
    both.fail()
    both.wall_s += wall_s
    both.now_s += passed_s

    with both.breaker.trying() as attempt:
        assert attempt.probes
        assert both.ask() is Kind.BREAKER_OPEN
    assert both.ask() is None


def test_a_clock_that_was_set_by_little_lets_nobody_in_early(both: Both) -> None:
    """R50"""
    both.fail()
    both.wall_s += 20

    assert both.ask() is Kind.BREAKER_OPEN


def test_failures_of_before_a_sleep_are_forgotten(both: Both) -> None:
    both.fail(FAILURES - 1)
    both.breaker.half_open()
    both.fail(FAILURES - 1)

    assert both.breaker.is_closed
