"""What keeps us from asking: R35, R38, R50."""

import pytest

from tray_app.core.errors import Kind, ProxyError
from tray_app.proxy.brakes import CAREFUL_S, HOLD_S, Brakes

CHALLENGE = ProxyError(Kind.VERIFICATION_NEEDED)


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def ask(brakes: Brakes, error: ProxyError | None = None, model: str = "m") -> Kind | None:
    """Ask once, with this outcome; the kind of what was raised."""
    try:
        with brakes.trying(model):
            if error is not None:
                raise error
    except ProxyError as raised:
        return raised.kind
    return None


def test_a_hold_lasts_longer_each_time_and_no_longer_than_half_an_hour() -> None:
    """R35"""
    clock = Clock()
    brakes = Brakes(clock)
    for length_s in (*HOLD_S, HOLD_S[-1]):
        assert ask(brakes, CHALLENGE) is Kind.VERIFICATION_NEEDED
        clock.now_s += length_s - 1
        assert ask(brakes) is Kind.COOLING_DOWN
        clock.now_s += 1

    assert ask(brakes) is None
    assert brakes.status() is None
    ask(brakes, CHALLENGE)
    clock.now_s += HOLD_S[0]
    assert ask(brakes) is None


def test_after_a_hold_only_one_tries() -> None:
    clock = Clock()
    brakes = Brakes(clock)
    ask(brakes, CHALLENGE)
    clock.now_s += HOLD_S[0]

    with brakes.trying("m"):
        assert ask(brakes) is Kind.COOLING_DOWN
    assert ask(brakes) is None


def test_a_try_that_comes_to_nothing_leaves_the_next_one_free() -> None:
    clock = Clock()
    brakes = Brakes(clock)
    ask(brakes, CHALLENGE)
    clock.now_s += HOLD_S[0]

    with pytest.raises(KeyboardInterrupt), brakes.trying("m"):
        raise KeyboardInterrupt
    assert ask(brakes, ProxyError(Kind.UPSTREAM_ERROR)) is Kind.UPSTREAM_ERROR
    assert ask(brakes) is None


def test_a_person_ends_a_hold_at_any_time() -> None:
    brakes = Brakes(Clock())
    ask(brakes, CHALLENGE)
    status = brakes.status()
    brakes.release()

    assert status is not None
    assert status.seconds_left == HOLD_S[0]
    assert ask(brakes) is None


def test_starts_keep_a_distance_for_a_while_after_a_hold() -> None:
    clock = Clock()
    brakes = Brakes(clock)
    assert brakes.spacing_s(0.5) == 0.5
    ask(brakes, CHALLENGE)
    brakes.release()
    assert brakes.spacing_s(0.5) == 4.0
    clock.now_s += CAREFUL_S
    assert brakes.spacing_s(0.5) == 0.5


def test_two_empty_answers_in_a_row_are_a_hold_and_two_apart_are_none() -> None:
    empty = ProxyError(Kind.UPSTREAM_EMPTY)
    brakes = Brakes(Clock())
    ask(brakes, empty)
    assert ask(brakes) is None
    ask(brakes, empty)
    assert ask(brakes) is None
    ask(brakes, empty)
    ask(brakes, empty)
    assert ask(brakes) is Kind.COOLING_DOWN


def test_a_model_cools_alone_and_for_as_long_as_it_was_told() -> None:
    """R38"""
    clock = Clock()
    brakes = Brakes(clock)
    limited = ProxyError(Kind.RATE_LIMITED, "slow down", retry_after_s=100)
    ask(brakes, limited, "hot")
    clock.now_s += 99

    assert ask(brakes, model="hot") is Kind.RATE_LIMITED
    assert ask(brakes, model="cool") is None
    clock.now_s += 1
    assert ask(brakes, model="hot") is None
