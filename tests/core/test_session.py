"""Sessions and what their tokens say: S114."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.session import Session, expiry_of


def token(claims: object) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{payload}.c2ln"


def test_the_end_of_a_token_is_read() -> None:
    assert expiry_of(token({"exp": 1_790_000_000, "id": "x"})) == 1_790_000_000


@pytest.mark.parametrize(
    "odd",
    [
        "", "garbage", "one", "a.b.c", "eyJ.!!.x", "é.é.é", "x" * 1_000_000,
        token({"exp": "soon"}), token({"exp": -1}), token({"exp": 1e30}), token({"exp": None}),
        token({}), token([]), token("text"), token({"exp": {"a": 1}}),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_unknown(odd: str) -> None:
    """S114"""
    assert expiry_of(odd) is None


@given(st.text())
def test_no_text_is_an_error(text: str) -> None:
    """S114"""
    expiry_of(text)


def test_a_session_does_not_show_its_secrets() -> None:
    shown = repr(Session(token="secret-token", cookies={"sid": "secret-cookie"}))
    assert "secret" not in shown
