"""The present moment as a value."""

import re

from tray_app.proxy.moment import stamp


def test_a_stamp_says_the_time_as_browsers_do() -> None:
    now = stamp()

    assert re.fullmatch(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d", now.local)
    assert re.fullmatch(r"GMT[+-]\d{4}", now.timezone)
    assert now.new_id() != now.new_id()
