"""The present moment as a value."""

import re

from tray_app.proxy.moment import Clocks, stamp


def test_a_stamp_says_the_time_as_browsers_do() -> None:
    now = stamp()

    assert re.fullmatch(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d{4} \d\d:\d\d:\d\d", now.local)
    assert re.fullmatch(r"GMT[+-]\d{4}", now.timezone)
    assert now.new_id() != now.new_id()


def test_clocks_part_when_one_of_them_jumps() -> None:
    """R49"""
    wall_s, mono_s = [1000.0], [5.0]
    clocks = Clocks(lambda: wall_s[0], lambda: mono_s[0])
    clocks.note()
    parted = []
    for wall_by_s, mono_by_s in ((3600.0, 3590.0), (31.0, 0.0)):
        wall_s[0] += wall_by_s
        mono_s[0] += mono_by_s
        parted.append(clocks.have_parted)
    clocks.note()
    parted.append(clocks.have_parted)
    wall_s[0] -= 31
    parted.append(clocks.have_parted)

    assert parted == [False, True, False, True]
