"""Facts in words."""

import time

import pytest

from tests.desktop.snapshots import NOW_S, session
from tray_app.core.deeds import Deed
from tray_app.desktop.phrases import clock, deed_line, left, session_line
from tray_app.desktop.words import Words

ENGLISH = Words("en")


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (1, "5 s"), (5, "5 s"), (6, "10 s"), (60, "60 s"), (61, "2 min"), (600, "10 min")],
)
def test_what_is_left_is_told_in_steps(seconds: int, told: str) -> None:
    assert left(seconds, ENGLISH) == told


def test_times_are_those_of_the_clock_on_the_wall() -> None:
    assert clock(NOW_S) == time.strftime("%H:%M", time.localtime(NOW_S))


@pytest.mark.parametrize(
    ("left_s", "renews", "account", "line"),
    [
        (900.0, True, "a@example.org", "Signed in as a@example.org · renews by {}"),
        (900.0, False, "a@example.org", "Signed in as a@example.org · ends at {}"),
        (900.0, False, "", "Signed in · ends at {}"),
        (-5.0, True, "a@example.org", "Signed in as a@example.org"),
        (None, True, "", "Signed in"),
    ],
)
def test_who_is_signed_in_and_until_when(
    left_s: float | None, renews: bool, account: str, line: str
) -> None:
    ends_s = None if left_s is None else NOW_S + left_s
    told = session_line(session(expires_at=ends_s, renews=renews, account=account), NOW_S, ENGLISH)

    assert told == line.format("" if ends_s is None else clock(ends_s))


def test_a_request_is_one_line_in_every_language() -> None:
    deed = Deed(NOW_S, "roo", "qwen3.7-plus", "upstream_timeout", 60.0)

    assert deed_line(deed, ENGLISH).endswith("roo · qwen3.7-plus · Qwen did not answer in time")
    assert deed_line(deed, Words("zh")).endswith("roo · qwen3.7-plus · Qwen 未及时回答")
