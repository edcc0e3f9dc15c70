"""`Set-Cookie` lines as sites write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.cookies import read_set_cookie
from tray_app.core.session import SetCookie

DATE = "Sat, 21 Nov 2026 08:00:00 GMT"


def read(line: str, host: str = "auth.qwen.ai") -> SetCookie | None:
    return read_set_cookie(line, host, DATE)


@pytest.mark.parametrize(
    ("line", "value", "everywhere"),
    [
        ("r=2; Path=/; Domain=.qwen.ai; HttpOnly; Secure; SameSite=None; Partitioned", "2", True),
        ("r=2; Priority=High; Domain=qwen.ai", "2", True),
        ("r=2; Domain=auth.qwen.ai", "2", False),
        ("r=2; domain=.AUTH.qwen.ai", "2", False),
        ("r=2", "2", False),
        ("r=a=b==; Path=/", "a=b==", False),
        ('r={"a":1}; Path=/', '{"a":1}', False),
        ("r=2; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "2", False),
        ("r=2; Expires=Mon, 21 Dec 2026 08:00:00 GMT", "2", False),
        ("r=2; Expires=never; Max-Age=x", "2", False),
    ],
)
def test_a_cookie_is_read_with_where_it_goes(line: str, value: str, everywhere: bool) -> None:
    assert read(line) == SetCookie("r", value, everywhere=everywhere)


@pytest.mark.parametrize(
    "line",
    [
        "r=; Path=/",
        "r=2; Max-Age=0",
        "r=2; Max-Age=-5",
        "r=2; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
        "r=2; expires=Sat, 21 Nov 2026 07:59:59 GMT",
    ],
)
def test_a_cookie_that_is_over_is_taken_away(line: str) -> None:
    assert read(line) == SetCookie("r", None, everywhere=False)


@pytest.mark.parametrize("line", ["", "r", "=2", "a b=2", 'r="caf\u00e9"', "r=\x01", "\udce9=2"])
def test_what_cannot_be_sent_back_is_left_out(line: str) -> None:
    assert read(line) is None


@given(st.text(max_size=60), st.text(max_size=20))
def test_no_line_is_a_crash(line: str, date: str) -> None:
    """S119"""
    found = read_set_cookie(line, "chat.qwen.ai", date)
    assert found is None or found.name
