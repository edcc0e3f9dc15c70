"""The soak in its short form, and what it reckons with."""

import random
from itertools import pairwise

import pytest

from .__main__ import duration
from .cases import CASES
from .deck import Deck
from .faults import BY_NAME, FAULTS
from .gauges import Sample, lows, slope
from .report import table
from .run import run


@pytest.mark.soak
def test_two_minutes_in_which_everything_goes_wrong_lose_nothing() -> None:
    """R74"""
    result = run(120.0, seed=random.SystemRandom().randrange(10**6), tell=print)
    print(table(result))
    assert result.broken() == []
    assert result.asked >= 200
    assert len(result.met) == len(CASES)


def test_a_time_is_said_in_seconds_minutes_or_hours() -> None:
    assert [duration(text) for text in ("90s", "2m", "1h", "1.5m")] == [90, 120, 3600, 90]
    for odd in ("", "2", "m", "2 m", "-1s", "2d"):
        with pytest.raises(ValueError):
            duration(odd)


def test_what_grows_has_its_slope_and_what_wavers_is_not_taken_for_it() -> None:
    wavering = random.Random(1)
    rising = slope([(at * 60.0, 50 + at / 10) for at in range(20)])
    level = slope([(at * 60.0, 50 + wavering.gauss(0, 1)) for at in range(20)])

    assert rising is not None
    assert rising.mib_per_h == pytest.approx(6)
    assert rising.at_least == pytest.approx(6)
    assert level is not None
    assert level.at_least < 1
    assert slope([(0.0, 1.0), (1.0, 2.0)]) is None


def test_of_every_half_minute_the_least_counts() -> None:
    samples = [Sample(at_s, rss, None, 0) for at_s, rss in [(1, 60), (5, 50), (20, 70), (31, 52)]]

    assert lows(samples, "rss_mib") == [(5, 50), (31, 52)]
    assert lows(samples, "pss_mib") == []


def test_every_family_has_its_share_and_what_touches_others_keeps_its_distance() -> None:
    deck, met, breaks = Deck(random.Random(3)), [], []
    for at in range(4000):
        case = deck.next(at / 2)
        met.append(case)
        breaks += [at / 2] * case.failures
    shares = {
        name: sum(case.family == name for case in met) / len(met) for name in ("leaving", "breaks")
    }
    checks = [at / 2 for at, case in enumerate(met) if case.family == "checks"]

    assert set(met) == set(CASES)
    assert shares == pytest.approx(dict.fromkeys(shares, 0.1), abs=0.01)
    assert all(sum(at - 60 < one <= at for one in breaks) <= 4 for at in breaks)
    assert min(later - sooner for sooner, later in pairwise(checks)) >= 15


def test_every_fault_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(FAULTS)
    assert len({case.name for case in CASES}) == len(CASES)
