"""Numbers, times and moments as windows show them."""

from datetime import datetime

from tray_app.desktop.numbers import count, moment, seconds
from tray_app.desktop.words import Words


def test_a_long_count_is_read_in_groups() -> None:
    assert count(1_820_400) == "1 820 400"
    assert count(999) == "999"
    assert count(12, about=True) == "≈ 12"


def test_a_time_is_told_in_the_persons_language() -> None:
    assert seconds(1.26, Words("en")) == "1.3 s"
    assert seconds(1.26, Words("zh")) == "1.3 秒"
    assert seconds(0.3, Words("ru")) == "0,3 с"
    assert seconds(0.3, Words("pt-BR")) == "0,3 s"
    assert seconds(None, Words("en")) == ""


def test_a_moment_of_another_day_has_its_date() -> None:
    at = datetime(2026, 11, 21, 9, 5, 7).astimezone()

    assert moment(at.timestamp(), at.timestamp() + 60) == "09:05:07"
    assert moment(at.timestamp(), at.timestamp() + 86_400) == "2026-11-21 09:05"
