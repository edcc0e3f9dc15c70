"""What the requests of a day come to."""

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.deeds import LEFT, DaySum, Deed, Tally, median_s, step_of, tallied

DEEDS = st.builds(
    Deed,
    at_s=st.just(0.0),
    key=st.just("roo"),
    outcome=st.sampled_from(["ok", LEFT, "rate_limited"]),
    took_s=st.floats(0, 600),
    input_tokens=st.integers(0, 10**6),
    output_tokens=st.integers(0, 10**6),
    estimated=st.booleans(),
    first_s=st.none() | st.floats(0, 600),
    calls=st.integers(0, 5),
)


def tally(*deeds: Deed) -> Tally:
    counted = Tally()
    for deed in deeds:
        counted.add(deed)
    return counted


def test_a_day_without_requests_comes_to_nothing() -> None:
    assert Tally().sum_of("2026-11-21") == DaySum("2026-11-21")


def test_failures_are_told_apart_from_clients_that_went_away() -> None:
    day = tally(
        Deed(0.0, "roo", input_tokens=10, output_tokens=5, first_s=1.0, took_s=4.0, calls=2),
        Deed(0.0, "roo", outcome="rate_limited", took_s=90.0, calls=1),
        Deed(0.0, "roo", outcome=LEFT, first_s=1.0, took_s=90.0, calls=2, estimated=True),
    ).sum_of("2026-11-21")

    assert (day.requests, day.failed, day.left, day.calls) == (3, 1, 1, 5)
    assert (day.input_tokens, day.output_tokens, day.estimated) == (10, 5, True)
    assert day.first_s == pytest.approx(1.0, rel=0.1)
    assert day.took_s == pytest.approx(4.0, rel=0.1)


@given(st.lists(st.floats(0.001, 3600), min_size=1))
def test_a_median_is_told_within_a_tenth(times_s: list[float]) -> None:
    steps = tally(*(Deed(0.0, "roo", first_s=time_s) for time_s in times_s)).first
    middle_s = sorted(times_s)[(len(times_s) - 1) // 2]

    assert median_s(steps) == pytest.approx(middle_s, rel=0.1, abs=0.001)
    assert len(times_s) % 2 == 0 or middle_s == median(times_s)


def test_what_takes_no_time_falls_into_the_first_step() -> None:
    assert (step_of(0.0), step_of(-1.0), step_of(0.001)) == (0, 0, 0)


@given(st.lists(DEEDS), st.lists(DEEDS))
def test_two_parts_of_a_day_come_to_the_whole(one: list[Deed], other: list[Deed]) -> None:
    parts = tally(*one)
    parts.merge(tally(*other))

    assert parts.sum_of("x") == tally(*one, *other).sum_of("x")


def test_requests_are_tallied_by_any_name() -> None:
    told = tallied([("a", Deed(0.0, "x")), ("b", Deed(0.0, "y")), ("a", Deed(0.0, "z"))])

    assert {name: one.outcomes.total() for name, one in told.items()} == {"a": 2, "b": 1}
