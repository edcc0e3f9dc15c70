"""What keeps us from asking: R35, R38, R50."""

import time

import pytest

from tests.harness import Running
from tray_app.core.errors import Kind, ProxyError
from tray_app.practice import acts
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


def test_a_challenge_stops_everything_until_a_person_says_it_is_answered(proxy: Running) -> None:
    """R35"""
    proxy.site.will(acts.CHALLENGE)
    first = proxy.chat()
    asked = len(proxy.site.heard)

    start_s = time.monotonic()
    held = [proxy.chat(stream=streams) for streams in (True, False)]

    assert first.code == "verification_needed"
    assert [reply.code for reply in held] == ["cooling_down"] * 2
    assert {reply.headers["retry-after"] for reply in held} == {"30"}
    assert time.monotonic() - start_s < 1
    assert len(proxy.site.heard) == asked
    assert proxy.control("status")["hold"]["kind"] == "verification"
    proxy.check_sound()


def test_empty_answers_in_a_row_are_taken_for_a_hold(proxy: Running) -> None:
    proxy.site.will(acts.EMPTY, acts.EMPTY)

    codes = [proxy.chat().code for _ in range(3)]

    assert codes == ["upstream_empty", "upstream_empty", "cooling_down"]
    proxy.check_sound()


@pytest.mark.parametrize(
    ("told", "said"),
    [("7", "7"), ("-1", "10"), ("abc", "10"), ("1000000000", "59"),
     ("Wed, 21 Oct 2015 07:28:00 GMT", "10"), ("Wed, 21 Oct 2065 07:28:00 GMT", "59")],
)  # fmt: skip
def test_a_model_that_was_asked_too_fast_cools_alone(proxy: Running, told: str, said: str) -> None:
    """R38"""
    proxy.site.will(acts.value({"detail": "slow"}, 429, Retry_After=told))
    first = proxy.chat()
    asked = len(proxy.site.heard_on("/api/v2/chat/completions"))
    again = proxy.chat()
    other = proxy.chat(model="qwen3.5-plus")

    assert (first.status, first.code) == (429, "rate_limited")
    assert first.headers["retry-after"] == said
    assert (again.status, again.code) == (429, "rate_limited")
    assert other.status == 200
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == asked + 1


def test_a_daily_limit_says_when_it_returns_and_is_not_asked_again(proxy: Running) -> None:
    """R38"""
    proxy.site.will(acts.refused("RateLimited", "daily usage limit", num=7))
    first, second = proxy.chat(), proxy.chat()

    assert [first.code, second.code] == ["daily_limit"] * 2
    assert "7 hours" in first.json()["error"]["message"]
    assert first.headers["x-should-retry"] == "false"
    assert "retry-after" not in first.headers
    assert len(proxy.site.heard_on("/api/v2/chat/completions")) == 1
