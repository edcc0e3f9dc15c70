"""The site's time against a clock that is wrong: R50."""

from email.utils import formatdate

import pytest

from tray_app.core.session import Session
from tray_app.proxy.sitetime import RENEW_BEFORE_S, SiteTime

NOW_S = 1_790_000_000.0
DAY_S = 86_400.0


def session(left_s: float, token: str = "token") -> Session:
    """One that ends so long after the true time."""
    return Session(token, {}, NOW_S + left_s)


@pytest.mark.parametrize(
    ("off_s", "note"),
    [
        (0.0, ""), (40.0, ""), (-200.0, ""),
        (-DAY_S * 2, "2 days behind"), (3 * 3600, "3 hours ahead of"), (600, "10 minutes ahead of"),
        (10 * 365 * DAY_S, "3650 days ahead of"),
    ],
)  # fmt: skip
def test_a_clock_that_is_off_is_told_and_does_not_end_a_session(off_s: float, note: str) -> None:
    """R50"""
    time = SiteTime(lambda: NOW_S + off_s)
    time.hear(formatdate(NOW_S, usegmt=True))

    left_s = time.left_s(session(900))
    assert left_s is not None
    assert abs(left_s - 900) <= 60
    assert note in time.note
    assert bool(time.note) == bool(note)


def test_what_is_no_date_changes_nothing() -> None:
    time = SiteTime(lambda: NOW_S)
    for date in ("", "yesterday", "Thu, 99 Nov 99999 99:99:99 GMT"):
        time.hear(date)

    assert time.left_s(session(900)) == 900
    assert time.note == ""


def test_a_fresh_token_that_seems_to_have_ended_shows_a_wrong_clock() -> None:
    """R50"""
    time = SiteTime(lambda: NOW_S + DAY_S)
    time.renewed(session(900, "fresh"))

    assert time.left_s(session(900, "fresh")) is None
    assert not time.is_due(session(900, "fresh"))
    assert "clock" in time.note
    time.forget()
    assert time.note == ""


def test_a_token_is_due_shortly_before_its_end() -> None:
    time = SiteTime(lambda: NOW_S)
    time.renewed(session(900))

    assert not time.is_due(session(RENEW_BEFORE_S + 1))
    assert time.is_due(session(RENEW_BEFORE_S - 1))
    assert not time.is_due(Session("token", {}, None))


def test_a_token_that_lives_briefly_is_used_before_it_is_renewed() -> None:
    time = SiteTime(lambda: NOW_S)
    time.renewed(session(100))

    assert not time.is_due(session(90))
    assert time.is_due(session(40))


def test_a_clock_that_is_set_ends_no_session_before_the_site_says_so() -> None:
    """R49, R50"""
    wall_s = [NOW_S]
    time = SiteTime(lambda: wall_s[0], lambda: 5.0)
    date = formatdate(NOW_S, usegmt=True)
    time.hear(date)
    sure = [time.is_sure]
    wall_s[0] += DAY_S
    sure.append(time.is_sure)
    time.hear(date)
    sure.append(time.is_sure)

    assert sure == [True, False, True]
    left_s = time.left_s(session(900))
    assert left_s is not None
    assert abs(left_s - 900) <= 60
