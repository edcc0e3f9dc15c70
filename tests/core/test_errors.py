"""The table of errors: F6."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.errors import MESSAGE_CHARS, TABLE, Kind, ProxyError


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_says_what_it_is_and_what_to_do(kind: Kind) -> None:
    row = kind.row

    assert row.title
    assert not row.title.endswith(".")
    assert row.advice.endswith(".")
    assert 400 <= row.status < 600
    assert row.status != 409
    assert row.retry_after_s is None or 1 <= row.retry_after_s <= 59
    assert not (row.hopeless and row.retry_after_s)


def test_the_table_has_every_kind() -> None:
    assert set(TABLE) == set(Kind)


@given(kind=st.sampled_from(Kind), message=st.text(max_size=2000))
def test_a_text_is_one_short_line_whatever_was_said(kind: Kind, message: str) -> None:
    """F6"""
    text = ProxyError(kind, message, param="n").text

    assert len(text) <= MESSAGE_CHARS
    assert text.isprintable()
    assert text.endswith(kind.row.advice)


@pytest.mark.parametrize(
    ("told", "said"), [(None, 10), (7.0, 7), (-1.0, 1), (0.2, 1), (1e9, 59), (59.9, 59)]
)
def test_clients_are_told_one_to_fifty_nine_seconds(told: float | None, said: int) -> None:
    """R38"""
    assert ProxyError(Kind.RATE_LIMITED, retry_after_s=told).wait_s == said


def test_an_error_of_no_usual_wait_tells_the_one_that_it_came_with() -> None:
    assert ProxyError(Kind.UPSTREAM_ERROR).wait_s is None
    assert ProxyError(Kind.UPSTREAM_ERROR, retry_after_s=120).wait_s == 59


def test_an_error_that_waiting_does_not_help_has_no_wait() -> None:
    assert ProxyError(Kind.DAILY_LIMIT, retry_after_s=7200).wait_s is None


def test_no_field_is_spoken_of_where_none_is_named() -> None:
    error = ProxyError(Kind.INVALID_REQUEST, "It is none")

    assert error.text == "It is none. Correct the request."
    own = ProxyError(Kind.INVALID_REQUEST, "It is none", advice="Make one.")
    assert (own.text, own.copy().text) == ("It is none. Make one.",) * 2
