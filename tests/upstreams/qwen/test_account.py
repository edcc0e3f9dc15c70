"""Whose session it is, and guests."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.session import Account
from tray_app.upstreams.qwen.account import account_of, is_guest


def token(claims: object) -> str:
    return (
        "eyJh." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".s"
    )


@pytest.mark.parametrize(
    ("claims", "guest"),
    [
        ({"email": "a1b2@guest.com"}, True),
        ({"email": "A1B2@GUEST.COM"}, True),
        ({"is_guest": True}, True),
        ({"role": "guest"}, True),
        ({"id": "1", "exp": 5}, False),
        ({"email": "guest.com@example.org"}, False),
        ({"email": 5, "is_guest": "false"}, False),
        (["is_guest"], False),
    ],
)
def test_a_guests_token_is_told_from_a_persons(claims: object, guest: bool) -> None:
    assert is_guest(token(claims)) is guest


@pytest.mark.parametrize(
    ("told", "account"),
    [
        ({"data": {"email": "me@example.org", "is_guest": False}}, Account("me@example.org")),
        ({"data": {"user": {"name": "Me\n", "role": "user"}}}, Account("Me")),
        ({"data": {"id": "x", "is_guest": True}}, Account("", guest=True, who="x")),
        ({"data": {"id": 7, "email": "me@example.org"}}, Account("me@example.org")),
        ({"data": {"memory": {}, "ui": {}}}, Account()),
        ({"data": None}, Account()),
        ([], Account()),
    ],
)
def test_an_answer_tells_the_account_or_nothing(told: object, account: Account) -> None:
    assert account_of(json.dumps(told).encode()) == account


@given(st.binary(max_size=60), st.text(max_size=60))
def test_nothing_that_is_told_is_a_crash(body: bytes, text: str) -> None:
    assert isinstance(account_of(body), Account)
    assert is_guest(text) in {True, False}
